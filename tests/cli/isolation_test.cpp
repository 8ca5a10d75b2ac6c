// Decoders that misbehave (LATHE_DECODER_FAULT): they are stopped, it is said why, and nobody else's track is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <csignal>
#include <set>

#include "tests/cli/music.h"
#include "tests/cli/program.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

struct Misdeed {
  std::string fault, code, words;
};

void PrintTo(const Misdeed& misdeed, std::ostream* out) { *out << misdeed.fault; }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsLimited = false;  // the sanitizer needs all addresses there are
#else
constexpr bool kMemoryIsLimited = true;
#endif

class Isolation : public ::testing::TestWithParam<Misdeed> {
 protected:
  Isolation() {
    Random random = seeded(77);
    for (const char* name : {"bad.wav", "good.wav", "bad.flac", "good.flac"}) {
      const Stored stored = std::string(name).ends_with("wav") ? Stored{SF_FORMAT_WAV, SF_FORMAT_PCM_16}
                                                               : Stored{SF_FORMAT_FLAC, SF_FORMAT_PCM_16};
      write_sound(work_.in() / name, wandering(random, 44100, 2, 2, 0.4), stored);
    }
  }

  void SetUp() override {
    if (GetParam().fault == "memory" && !kMemoryIsLimited) GTEST_SKIP() << "built with a sanitizer";
  }

  static std::map<std::string, std::string> misbehaving(const std::string& fault) {
    return {{"LATHE_DECODER_FAULT", fault}, {"LATHE_DECODER_CPU_S", "1"}};
  }

  ProgramCall audit_call(const std::map<std::string, std::string>& environment) const {
    ProgramCall call;
    call.arguments = {"audit", work_.in().string(), "--format", "json", "--no-cache"};
    call.environment = environment;
    return call;
  }

  Workspace work_;
};

TEST_P(Isolation, InMasterIsOneFailedTrackEach) {
  ProgramCall call = work_.master_call({"--json", "--jobs", "2"});
  call.environment.merge(misbehaving(GetParam().fault + ":/bad."));
  const ProgramResult result = run_program(call);
  EXPECT_EQ(result.exit_code, kSomeFailed) << result.err;
  const nlohmann::json report = result.json();
  for (const char* name : {"bad.wav", "bad.flac"}) {
    const nlohmann::json track = track_named(report, name);
    EXPECT_EQ(track.at("reason_code"), GetParam().code) << track;
    EXPECT_THAT(track.at("reason").get<std::string>(), ::testing::HasSubstr(GetParam().words));
  }
  for (const char* name : {"good.wav", "good.flac"}) EXPECT_EQ(track_named(report, name).at("state"), "DONE");
  EXPECT_EQ(count_masters(work_.out()), 2);
  expect_nothing_staged(work_.out());
}

TEST_P(Isolation, InAuditIsOneUnreadableFileEach) {
  const ProgramResult result = run_program(audit_call(misbehaving(GetParam().fault + ":/bad.")));
  EXPECT_EQ(result.exit_code, kUnmeasurable) << result.err;
  int measured = 0, unreadable = 0;
  const nlohmann::json report = result.json();
  for (const nlohmann::json& file : report.at("files")) {
    if (fs::path(file.at("path").get<std::string>()).filename().string().starts_with("good")) {
      measured += file.at("state") == "MEASURED";
      continue;
    }
    unreadable += file.at("state") == "UNREADABLE";
    EXPECT_EQ(file.at("reason_code"), GetParam().code) << file;
    EXPECT_THAT(file.at("reason").get<std::string>(), ::testing::HasSubstr(GetParam().words));
  }
  EXPECT_EQ(measured, 2);
  EXPECT_EQ(unreadable, 2);
}

class IsolationOfAll : public Isolation {};

TEST_P(IsolationOfAll, NothingWasRead) {
  EXPECT_EQ(run_program(audit_call(misbehaving(GetParam().fault))).exit_code, kNothingRead);
  ProgramCall call = work_.master_call({"--json", "--jobs", "2"});
  call.environment.merge(misbehaving(GetParam().fault));
  EXPECT_EQ(run_program(call).exit_code, kNothingRead);
}

INSTANTIATE_TEST_SUITE_P(Misdeeds, Isolation,
                         ::testing::Values(Misdeed{"crash", "DECODER_CRASHED", "its decoder"},
                                           Misdeed{"spin", "DECODER_TIMEOUT", "processor time"},
                                           Misdeed{"fork", "DECODER_FORBIDDEN", "must not do: clone"},
                                           Misdeed{"socket", "DECODER_FORBIDDEN", "must not do: socket"},
                                           Misdeed{"open", "DECODER_FORBIDDEN", "must not do: openat"},
                                           Misdeed{"memory", "LIMITS", "memory"}),
                         [](const auto& test) { return test.param.fault; });
INSTANTIATE_TEST_SUITE_P(Misdeeds, IsolationOfAll,
                         ::testing::Values(Misdeed{"crash", "", ""}, Misdeed{"open", "", ""},
                                           Misdeed{"memory", "", ""}),
                         [](const auto& test) { return test.param.fault; });

class IsolationKilled : public ::testing::TestWithParam<std::string> {};

TEST_P(IsolationKilled, WithLatheGoItsDecoders) {
  const Workspace work;
  Random random = seeded(78);
  write_sound(work.in() / "x.flac", wandering(random, 44100, 2, 1, 0.4), {SF_FORMAT_FLAC, SF_FORMAT_PCM_16});
  ProgramCall call = work.master_call({"-q"});
  // The nursery, the decoder that spins, a spare one; mastering has them in a process of its own, beside Lathe's
  // nursery.
  std::size_t members = 5;
  if (GetParam() == "audit") {
    call.arguments = {"audit", work.in().string(), "--no-cache"};
    members = 3;
  }
  call.environment.merge(
      std::map<std::string, std::string>{{"LATHE_DECODER_FAULT", "spin"}, {"LATHE_DECODER_CPU_S", "100"}});
  RunningProgram program(call);
  std::set<pid_t> family;
  while (family.size() < members && !program.ends_within(5)) family = descendants_of(program.pid());
  ASSERT_GE(family.size(), members);
  program.send(SIGKILL);
  program.wait();
  const auto runs = [](pid_t pid) { return parent_of(pid) != 0; };
  for (int wait = 0; wait < 1000 && std::ranges::any_of(family, runs); ++wait) ::usleep(10'000);
  EXPECT_FALSE(std::ranges::any_of(family, runs));
}

INSTANTIATE_TEST_SUITE_P(Verbs, IsolationKilled, ::testing::Values("audit", "master"),
                         [](const auto& test) { return test.param; });

TEST(IsolationKilledAlone, ANurseryThatIsKilledCostsNoTrack) {
  const Workspace work;
  Random random = seeded(80);
  constexpr int kTracks = 40;
  for (int i = 0; i < kTracks; ++i) {
    write_sound(work.in() / (std::to_string(i) + ".wav"), wandering(random, 44100, 2, 1, 0.4),
                {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  }
  RunningProgram program(work.master_call({"--jobs", "1"}));
  while (program.err_so_far().find("[1/") == std::string::npos && !program.ends_within(1)) continue;
  // The executor's nursery: a child of a child, and a parent.
  const std::set<pid_t> family = descendants_of(program.pid());
  int killed = 0;
  for (const pid_t pid : family) {
    const bool has_children = std::ranges::any_of(family, [&](pid_t other) { return parent_of(other) == pid; });
    if (family.contains(parent_of(pid)) && has_children) killed += ::kill(pid, SIGKILL) == 0;
  }
  const ProgramResult result = program.wait();
  EXPECT_EQ(killed, 1);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(count_masters(work.out()), kTracks);
  expect_nothing_staged(work.out());
}

TEST(IsolationOff, ReadsInTheProcess) {
  const Workspace work;
  Random random = seeded(79);
  write_sound(work.in() / "x.flac", wandering(random, 44100, 2, 1, 0.4), {SF_FORMAT_FLAC, SF_FORMAT_PCM_16});
  ProgramCall call;
  call.arguments = {"audit", work.in().string(), "--no-cache"};
  call.environment = {{"LATHE_DECODER_FAULT", "crash"}, {"LATHE_ISOLATION", "off"}};
  EXPECT_EQ(run_program(call).exit_code, 0);
  call.environment.erase("LATHE_ISOLATION");
  EXPECT_EQ(run_program(call).exit_code, kNothingRead);
}

}  // namespace
}  // namespace lathe::test
