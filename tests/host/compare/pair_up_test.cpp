// Which files of two folders are compared with each other.
#include <gtest/gtest.h>

#include <fstream>

#include "host/compare/file_comparison.h"

namespace lathe::test {
namespace {

namespace fs = std::filesystem;

class PairUp : public ::testing::Test {
 protected:
  PairUp() {
    std::string name = (fs::temp_directory_path() / "lathe-pairs-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::create_directories(root_ / "a");
    fs::create_directories(root_ / "b");
  }
  ~PairUp() override { fs::remove_all(root_); }
  void touch(const std::string& path) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << "x";
  }
  // "a/x.wav b/x.flac"
  std::vector<std::string> pairs() const {
    std::vector<std::string> names;
    for (const FilePair& pair : pair_up(root_ / "a", root_ / "b").pairs)
      names.push_back(pair.a.lexically_relative(root_).string() + " " + pair.b.lexically_relative(root_).string());
    return names;
  }
  fs::path root_;
};

using Names = std::vector<std::string>;

TEST_F(PairUp, NamesWithoutExtensionDecide) {
  for (const char* path : {"a/1.wav", "a/disc/2.flac", "b/1.aiff", "b/disc/2.flac", "b/1.txt", "b/.hidden/1.wav"})
    touch(path);
  EXPECT_EQ(pairs(), (Names{"a/1.wav b/1.aiff", "a/disc/2.flac b/disc/2.flac"}));
}

TEST_F(PairUp, OfSeveralTheSameExtensionThenTheOrder) {
  for (const char* path : {"a/1.flac", "a/1.wav", "b/1.aiff", "b/1.wav"}) touch(path);
  EXPECT_EQ(pairs(), (Names{"a/1.wav b/1.wav", "a/1.flac b/1.aiff"}));
}

TEST_F(PairUp, WhatHasNoPartnerIsListed) {
  for (const char* path : {"a/1.wav", "a/2.wav", "b/2.wav", "b/2.flac", "b/3.wav"}) touch(path);
  const FolderPairs found = pair_up(root_ / "a", root_ / "b");
  EXPECT_EQ(found.pairs.size(), 1U);
  EXPECT_EQ(found.only_a, (std::vector{root_ / "a/1.wav"}));
  EXPECT_EQ(found.only_b, (std::vector{root_ / "b/2.flac", root_ / "b/3.wav"}));
}

TEST_F(PairUp, LinksInACircleArePairedAndLinksToFoldersAreNotFollowed) {
  for (const char* path : {"a/1.wav", "b/1.wav", "b/loop.wav"}) touch(path);
  fs::create_symlink("loop.wav", root_ / "a/loop.wav");
  fs::create_directory_symlink(root_ / "b", root_ / "a/other");
  EXPECT_EQ(pairs(), (Names{"a/1.wav b/1.wav", "a/loop.wav b/loop.wav"}));
}

TEST_F(PairUp, AFolderThatCannotBeListedIsNamedAndNothingIsThrown) {
  touch("a/1.wav");
  const FolderPairs found = pair_up(root_ / "a", root_ / "gone");
  ASSERT_EQ(found.unlisted.size(), 1U);
  EXPECT_EQ(found.unlisted[0].path, root_ / "gone");
  EXPECT_NE(found.unlisted[0].reason, "");
  EXPECT_EQ(found.only_a.size(), 1U);
}

}  // namespace
}  // namespace lathe::test
