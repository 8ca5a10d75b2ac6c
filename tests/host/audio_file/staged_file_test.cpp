// A final name is whole or not there, and nothing staged stays behind.
#include "host/audio_file/staged_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/audio_file/verify_written.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

namespace fs = std::filesystem;

void put(const StagedFile& file, std::string_view text) {
  ASSERT_EQ(::write(file.fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

int files_under(const fs::path& folder) {
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) count += entry.is_regular_file() ? 1 : 0;
  return count;
}

TEST(StagedFile, IsInvisibleUntilPublishedAndLeavesNothingElse) {
  const ScratchFolder folder;
  const fs::path out = folder / "masters";
  const fs::path final_path = out / "Artist" / "Album" / "01.wav";
  StagedFile file(out, final_path);
  put(file, "whole");
  EXPECT_TRUE(fs::exists(file.path()));
  EXPECT_EQ(file.path().parent_path(), out / ".lathe");
  EXPECT_FALSE(fs::exists(out / "Artist"));
  file.publish(Replace::refuse);
  EXPECT_EQ(slurp(final_path), "whole");
  EXPECT_EQ(file.path(), final_path);
  EXPECT_TRUE(file.is_published());
  EXPECT_EQ(files_under(out), 1);
  EXPECT_FALSE(fs::exists(out / ".lathe"));
}

TEST(StagedFile, IsRemovedWhenNotPublished) {
  const ScratchFolder folder;
  {
    StagedFile file(folder.path(), folder / "x.wav");
    put(file, "half");
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(StagedFile, RefusesToOverwriteAndThenLeavesBothAlone) {
  const ScratchFolder folder;
  spill(folder / "x.wav", "old");
  std::string message;
  {
    StagedFile file(folder.path(), folder / "x.wav");
    put(file, "new");
    EXPECT_EQ(fault_of([&] { file.publish(Replace::refuse); }, &message), AudioFileError::Fault::write_failed);
  }
  EXPECT_THAT(message, ::testing::HasSubstr("exists already"));
  EXPECT_EQ(slurp(folder / "x.wav"), "old");
  EXPECT_EQ(files_under(folder.path()), 1);
}

TEST(StagedFile, ReplacesInOneStepWhenAllowed) {
  const ScratchFolder folder;
  spill(folder / "x.wav", "old");
  StagedFile file(folder.path(), folder / "x.wav");
  put(file, "new");
  file.publish(Replace::allow);
  EXPECT_EQ(slurp(folder / "x.wav"), "new");
  EXPECT_EQ(files_under(folder.path()), 1);
}

TEST(StagedFile, MovesHandOverTheFileAndTheDutyToRemoveIt) {
  const ScratchFolder folder;
  {
    StagedFile first(folder.path(), folder / "a.wav");
    StagedFile second(folder.path(), folder / "b.wav");
    EXPECT_NE(first.path(), second.path());
    StagedFile moved(std::move(first));
    second = std::move(moved);
    EXPECT_EQ(files_under(folder.path()), 1);
    second.publish(Replace::refuse);
  }
  EXPECT_TRUE(fs::exists(folder / "a.wav"));
  EXPECT_EQ(files_under(folder.path()), 1);
}

TEST(StagedFile, RefusesAFinalPathOutsideTheOutputFolder) {
  const ScratchFolder folder;
  EXPECT_THROW(StagedFile(folder / "out", folder / "out/../elsewhere.wav"), std::invalid_argument);
  EXPECT_THROW(StagedFile(folder / "out", "/etc/elsewhere.wav"), std::invalid_argument);
  EXPECT_THROW(StagedFile(folder / "out", folder / "out"), std::invalid_argument);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(StagedFile, AnOutputFolderThatIsAFileIsAClearError) {
  const ScratchFolder folder;
  spill(folder / "out", "");
  EXPECT_EQ(fault_of([&] { StagedFile(folder / "out", folder / "out/x.wav"); }), AudioFileError::Fault::write_failed);
}

TEST(StagedFile, WhatAKilledProcessLeftIsRemovedAndALivingOnesIsNot) {
  const ScratchFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    StagedFile file(folder.path(), folder / "x.wav");
    ::_exit(0);  // as if killed: no destructor runs
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const StagedFile living(folder.path(), folder / "y.wav");
  EXPECT_EQ(files_under(folder.path()), 2);
  EXPECT_EQ(remove_abandoned(folder.path()), 1);
  EXPECT_TRUE(fs::exists(living.path()));
  EXPECT_EQ(remove_abandoned(folder / "nowhere"), 0);
}

TEST(StagedFile, AMasterGoesFromWriterThroughVerifyingToItsName) {
  const ScratchFolder folder;
  const AudioFormat format{Container::flac, Encoding::pcm24, 44100, 2, 10000, 0, 0};
  const Bytes pcm = music(format);
  StagedFile file(folder.path(), folder / "album/01.flac");
  AudioWriter writer(file.fd(), file.final_path(), format, {});
  writer.write(pcm.data(), format.frames);
  const WrittenAudio written = writer.finish();
  EXPECT_EQ(verify_written(file.path(), format, written).size(), 64U);
  file.publish(Replace::refuse);
  AudioReader reader(folder / "album/01.flac");
  EXPECT_EQ(read_audio(reader), pcm);
}

}  // namespace
}  // namespace lathe::testing
