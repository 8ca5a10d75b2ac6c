#include "tests/cli/true_master.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lathe::test {
namespace {

// How true `reached` is by libebur128, which reads up to 0.028 LU too little at 96 kHz and 0.040 at 192
// (k_weighting.h).
double true_lu(int sample_rate_hz) { return sample_rate_hz > 96000 ? 0.05 : sample_rate_hz > 48000 ? 0.035 : 0.01; }
constexpr double kReportedDb = 0.06;  // our 16x filter under-reads at most 0.042 dB, soxr's passband ripples the rest

// All that holds for every track that was mastered by `streaming`.
void expect_true_master(const fs::path& input, const nlohmann::json& track) {
  SCOPED_TRACE(input.filename().string());
  ASSERT_EQ(track.at("state"), "DONE") << track.dump(1);
  ASSERT_EQ(track.at("outputs").size(), 1u);
  const auto& written = track.at("outputs").at(0);
  const fs::path output = written.at("path").get<std::string>();
  const Sound before = read_sound(input), after = read_sound(output);
  EXPECT_EQ(after.frames(), before.frames());
  EXPECT_EQ(written.at("frames"), before.frames());
  EXPECT_EQ(after.sample_rate_hz, before.sample_rate_hz);
  EXPECT_EQ(after.channels.size(), before.channels.size());
  EXPECT_EQ(stored_of(output), stored_of(input));
  EXPECT_EQ(tags_of(output), tags_of(input));

  const double lufs = integrated_lufs(after), peak = true_peak_dbtp(after);
  const auto& reached = track.at("reached");
  // One frame is no signal that a resampler can continue.
  if (after.frames() > 100) {
    EXPECT_LE(peak, kCeiling + kPeakDb);
  }
  if (after.frames() > 100 && peak > -60) {
    EXPECT_NEAR(reached.at("true_peak_dbtp").get<double>(), peak, kReportedDb);
  }
  EXPECT_EQ(track.at("asked").at("integrated_lufs"), kTarget);
  if (!std::isfinite(lufs)) {
    EXPECT_TRUE(reached.at("integrated_lufs").is_null());
    EXPECT_NE(track.at("reason"), "");
    return;
  }
  ASSERT_TRUE(reached.at("integrated_lufs").is_number()) << track.dump(1);
  EXPECT_NEAR(reached.at("integrated_lufs").get<double>(), lufs, true_lu(after.sample_rate_hz));
  if (std::abs(lufs - kTarget) > kReachedLu) {
    EXPECT_NE(track.at("reason").get<std::string>().find("limit"), std::string::npos) << track.dump(1);
    EXPECT_LT(lufs, kTarget);
  }
}

}  // namespace

void expect_true_batch(const Workspace& work) {
  const Untouched inputs(work.in());
  const ProgramResult run = work.master({"--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json();
  std::size_t tracks = 0;
  for (const auto& [name, bytes] : tree_of(work.in())) {
    ++tracks;
    expect_true_master(work.in() / name, track_named(report, fs::path(name).filename().string()));
  }
  EXPECT_EQ(report.at("tracks").size(), tracks);
  expect_nothing_staged(work.out());
}

}  // namespace lathe::test
