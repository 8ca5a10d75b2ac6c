// What all workers hold together stays within --memory.
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

// The longest kernel there is: 3 s to each side at 44.1 kHz, transforms of 2^20 points, 15 MiB a channel.
TEST(MasterMemory, TracksWithLongEqualisersAndManyChannelsWaitForEachOther) {
  const Workspace work;
  Random random = seeded(95);
  for (int i = 0; i < 3; ++i) {
    write_sound(work.in() / ("t" + std::to_string(i) + ".wav"), wandering(random, 44100, 8, 3, 0.4),
                {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  }
  const std::string recipe =
      work.recipe("recipe: v1\nname: hum\nchain:\n  - eq: {bands: [{type: notch, freq_hz: 50, q: 30}]}\n");
  const ProgramResult run = work.master({"--json", "--recipe", recipe, "--jobs", "3", "--memory", "256MiB"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json();
  for (const auto& track : report.at("tracks")) EXPECT_GT(track.at("stages").at(0).at("taps"), 200000) << track.dump(1);
#ifndef __SANITIZE_ADDRESS__  // which keeps shadows and freed memory
  // 172 MiB were measured; 423 when all three were taken for small.
  EXPECT_LT(run.peak_memory_bytes, 256 << 20);
#endif
}

}  // namespace
}  // namespace lathe::test
