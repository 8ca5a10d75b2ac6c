// Cutting a track into blocks with a halo: nothing lost, nothing twice, the neighbours in their places.
#include <gtest/gtest.h>

#include <string>

#include "kernels/block_feeder.h"
#include "tests/support/random.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;

// Frame n of channel c holds 100,000 c + n + 1, so a sample names its place and 0 is silence.
FloatTrack counting_track(std::int64_t frames) {
  FloatTrack track(2, frames);
  for (int c = 0; c < 2; ++c) {
    for (std::int64_t n = 0; n < frames; ++n) {
      track.channel(c)[static_cast<std::size_t>(n)] = static_cast<float>(100000 * c + n + 1);
    }
  }
  return track;
}

TEST(BlockFeeder, EveryBlockStandsAtItsPlaceWithItsNeighboursAndSilenceOutside) {
  test::Random random = test::seeded(121);
  for (const std::int64_t halo : {0, 8, 32}) {
    for (const std::int64_t step : {32, 64, 96}) {
      BlockFeeder feeder(2, step, halo);
      // One feeder for all tracks: after finish() it starts anew.
      for (const std::int64_t frames : {std::int64_t{0}, std::int64_t{1}, halo, step - 1, step, step + 1, step + halo,
                                        step + halo + 1, 5 * step + 1, 5 * step + halo + 3, 6 * step}) {
        SCOPED_TRACE("halo " + std::to_string(halo) + " step " + std::to_string(step) + " frames " +
                     std::to_string(frames));
        const FloatTrack track = counting_track(frames);
        // Half of the tracks in blocks of the longest step, half in blocks whose length changes from one to the next.
        const bool steps_vary = random.integer(0, 1) == 1;
        const auto choose = [&] { return steps_vary ? 16 * random.integer(1, step / 16) : step; };
        std::int64_t expected = 0, length = choose();
        feeder.set_next_step(length);
        const auto check = [&](AudioView block, std::int64_t first, std::int64_t valid) {
          ASSERT_EQ(first, expected);
          ASSERT_EQ(block.frames, length);
          ASSERT_GT(valid, 0);
          ASSERT_LE(valid, length);
          for (int c = 0; c < 2; ++c) {
            for (std::int64_t n = -halo; n < length + halo; ++n) {
              const std::int64_t at = first + n;
              ASSERT_EQ(block.channel(c)[n], at < 0 || at >= frames ? 0.0f : static_cast<float>(100000 * c + at + 1))
                  << at;
            }
          }
          expected += valid;
          length = choose();
          feeder.set_next_step(length);
        };
        std::int64_t pushed = 0;
        for (const std::int64_t count : test::random_cuts(random, frames)) {
          feeder.take(track.view().slice(pushed, count), check);
          pushed += count;
        }
        feeder.finish(check);
        EXPECT_EQ(expected, frames);
      }
    }
  }
}

}  // namespace
}  // namespace lathe
