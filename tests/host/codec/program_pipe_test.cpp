// Children: what they are given, and how they end.
#include "host/codec/program_pipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

class Pipes : public ::testing::Test {
 protected:
  Pipes() : block_(100'000) {
    for (std::size_t i = 0; i < block_.size(); ++i) block_[i] = static_cast<std::byte>(i * 131 >> 3);
  }

  // `blocks` of the same bytes.
  ProgramPipe pipe_of(std::vector<std::string> first, std::vector<std::string> second, int blocks) {
    left_ = blocks;
    ProgramPipe pipe;
    pipe.first = std::move(first);
    pipe.second = std::move(second);
    pipe.source = [this]() -> std::span<const std::byte> {
      if (left_ == 0) return {};
      --left_;
      return block_;
    };
    pipe.sink = [this](std::span<const std::byte> bytes) { got_.insert(got_.end(), bytes.begin(), bytes.end()); };
    pipe.check = [] {};
    return pipe;
  }

  static std::string failure_of(const ProgramPipe& pipe) {
    try {
      pipe.run();
    } catch (const ProgramFailed& failed) {
      return failed.what();
    }
    return "it went well";
  }

  std::vector<std::byte> block_, got_;
  int left_ = 0;
};

TEST_F(Pipes, GiveBackMoreThanAnyPipeHolds) {
  pipe_of({"cat"}, {"cat"}, 50).run();
  ASSERT_EQ(got_.size(), 50 * block_.size());
  for (std::size_t i = 0; i < 50; ++i)
    ASSERT_EQ(std::memcmp(got_.data() + i * block_.size(), block_.data(), block_.size()), 0) << "block " << i;
}

TEST_F(Pipes, ThatAreGivenNothingEnd) {
  pipe_of({"cat"}, {"cat"}, 0).run();
  EXPECT_TRUE(got_.empty());
}

TEST_F(Pipes, AMissingProgramIsNamed) {
  EXPECT_THAT(failure_of(pipe_of({"no-such-encoder"}, {"cat"}, 3)),
              HasSubstr("no-such-encoder cannot be run: No such file"));
  EXPECT_THAT(failure_of(pipe_of({"cat"}, {"no-such-decoder"}, 3)), HasSubstr("no-such-decoder cannot be run"));
}

TEST_F(Pipes, WhatAProgramComplainsOfIsTold) {
  EXPECT_THAT(failure_of(pipe_of({"cat", "/no/such/file"}, {"cat"}, 3)),
              HasSubstr("cat ended with code 1: cat: /no/such/file: No such file or directory"));
  EXPECT_THAT(failure_of(pipe_of({"cat"}, {"false"}, 100)), HasSubstr("false ended with code 1"));
}

TEST_F(Pipes, AProgramThatTakesNoMoreDoesNotBlockThem) {
  EXPECT_THAT(failure_of(pipe_of({"head", "-c", "1000"}, {"cat"}, 100)), ::testing::Eq("it went well"));
  EXPECT_EQ(got_.size(), 1000u);
}

TEST_F(Pipes, EndWithWhoeverStopsWaitingForThem) {
  ProgramPipe pipe = pipe_of({"sleep", "1000"}, {"cat"}, 1);
  int looks = 0;
  pipe.check = [&looks] {
    if (++looks == 3) throw std::runtime_error("cancelled");
  };
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THROW(pipe.run(), std::runtime_error);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST_F(Pipes, AProgramThatSpinsIsEnded) {
  ProgramPipe pipe = pipe_of({"cat", "/dev/zero"}, {"wc", "-c"}, 1);
  pipe.limits.cpu_s = 1;
  EXPECT_THAT(failure_of(pipe), HasSubstr("was ended by signal"));
}

TEST(ChildProcess, FindsNoDescriptorsOfOursButItsThree) {
  const FileDescriptor ours = memory_file("kept");
  const FileDescriptor leaking(::dup(ours.get()));  // without close-on-exec
  const auto said = said_by({"ls", "/proc/self/fd"});
  ASSERT_TRUE(said);
  // The fourth is that of the folder which it lists.
  EXPECT_EQ(*said, "0\n1\n2\n3\n");
}

TEST(ChildProcess, WritesNoFileBeyondItsLimit) {
  const FileDescriptor out = memory_file("out");
  Pipe in;
  ChildLimits limits;
  limits.file_bytes = 5000;
  ChildProcess child({"cat"}, {in.read.get(), out.get(), -1}, limits);
  const std::vector<std::byte> bytes(50'000);
  ASSERT_EQ(::write(in.write.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  in.write.reset();
  EXPECT_EQ(child.wait(std::chrono::seconds(20)), -SIGXFSZ);
  EXPECT_LE(contents_of(out.get(), 1 << 20).size(), 5000u);
}

TEST(ChildProcess, ThatDoesNotEndInTimeIsKilled) {
  ChildProcess child({"sleep", "1000"}, {});
  EXPECT_EQ(child.wait(std::chrono::milliseconds(50)), -SIGKILL);
}

}  // namespace
}  // namespace lathe::test
