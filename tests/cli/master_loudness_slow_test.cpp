// The long form of the loudness tests: tracks of the length that records have.
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/true_master.h"

namespace lathe::test {
namespace {

TEST(MasterLoudnessSlow, LongTracksReachTheTargetLikeShortOnes) {
  Random random = seeded(5);
  const Workspace work;
  write_sound(work.in() / "six_minutes.wav", wandering(random, 44100, 2, 6 * 60, 0.3),
              {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  write_sound(work.in() / "twenty_minutes.flac", wandering(random, 44100, 1, 20 * 60, 0.7),
              {SF_FORMAT_FLAC, SF_FORMAT_PCM_16});
  write_sound(work.in() / "three_minutes.flac", strokes(random, 48000, 2, 3 * 60, -6),
              {SF_FORMAT_FLAC, SF_FORMAT_PCM_24});
  write_sound(work.in() / "one_minute_high.wav", wandering(random, 192000, 2, 60, 0.8),
              {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
  expect_true_batch(work);
}

}  // namespace
}  // namespace lathe::test
