// What all workers hold together stays within --memory.
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

// Masters three tracks of 3 s at once; returns the report. What the program holds stays within `memory`.
nlohmann::json master_three(const std::string& bands, int rate, int channels, std::int64_t memory_mib) {
  const Workspace work;
  Random random = seeded(95);
  for (int i = 0; i < 3; ++i) {
    write_sound(work.in() / ("t" + std::to_string(i) + ".wav"), wandering(random, rate, channels, 1, 0.4),
                {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  }
  const std::string recipe = work.recipe("recipe: v1\nname: eq\nchain:\n  - eq: {bands: [" + bands + "]}\n");
  const ProgramResult run =
      work.master({"--json", "--recipe", recipe, "--jobs", "3", "--memory", std::to_string(memory_mib) + "MiB"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
#ifndef __SANITIZE_ADDRESS__  // which keeps shadows and freed memory
  EXPECT_LT(run.peak_memory_bytes, memory_mib << 20);
#endif
  return run.json();
}

// 3 s to each side at 44.1 kHz, transforms of 2^20 points, 15 MiB a channel: 172 MiB were measured; 423 when all three
// tracks were taken for small.
TEST(MasterMemory, TracksWithLongEqualisersAndManyChannelsWaitForEachOther) {
  const nlohmann::json report = master_three("{type: notch, freq_hz: 50, q: 30}", 44100, 8, 256);
  for (const auto& track : report.at("tracks")) EXPECT_GT(track.at("stages").at(0).at("taps"), 200000) << track.dump(1);
}

// An equaliser of the bass alone holds its frames: some MiB a channel at high rates.
TEST(MasterMemory, SoDoThoseWhoseEqualisersHoldManyFrames) {
  master_three("{type: bell, freq_hz: 100, gain_db: 3, q: 9}", 384000, 24, 256);
}

}  // namespace
}  // namespace lathe::test
