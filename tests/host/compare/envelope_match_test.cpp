// Correlated envelopes: the right delay is among the few that are tried, whatever lies between the two tracks.
#include "host/compare/envelope_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/signals.h"

namespace lathe::test {
namespace {

// Frames [first, first + count), zeros outside of the signal.
ComparedBlock block_of(const Signal& signal, std::int64_t first, std::int64_t count) {
  ComparedBlock block{{std::vector<double>(static_cast<std::size_t>(count))}, count};
  for (std::int64_t n = 0; n < count; ++n) {
    const std::int64_t at = first + n;
    if (at >= 0 && at < std::ssize(signal))
      block.channels[0][static_cast<std::size_t>(n)] = signal[static_cast<std::size_t>(at)];
  }
  return block;
}

// What is nearest to the true delay of those that are proposed for B = A moved by so many frames.
std::int64_t nearest(const Signal& signal, int rate_hz, std::int64_t delay, std::int64_t block, std::int64_t a_frames,
                     std::int64_t b_frames) {
  EnvelopeMatch match(rate_hz);
  for (std::int64_t at = 0; at < std::max(a_frames, b_frames) + block; at += block) {
    match.take_a(block_of(signal, at, std::clamp<std::int64_t>(a_frames - at, 0, block)));
    match.take_b(block_of(signal, at - delay, std::clamp<std::int64_t>(b_frames - at, 0, block)));
  }
  match.finish();
  std::int64_t best = 1LL << 40;
  for (const std::int64_t found : match.delays(8)) {
    if (std::abs(found - delay) < std::abs(best - delay)) best = found;
  }
  return best;
}

TEST(EnvelopeMatch, TheDelayIsAmongTheLikeliestToWithinAStep) {
  Random random = seeded(540);
  for (const int rate_hz : {8000, 44100}) {
    const Signal signal = programme(random, rate_hz, 12 * rate_hz);
    for (const std::int64_t delay :
         {std::int64_t{0}, std::int64_t{7}, std::int64_t{-12345}, std::int64_t{4} * rate_hz}) {
      const std::int64_t found = nearest(signal, rate_hz, delay, 16384, std::ssize(signal), std::ssize(signal));
      EXPECT_LE(std::abs(found - delay), EnvelopeMatch(rate_hz).step_frames()) << rate_hz << " Hz, " << delay;
    }
  }
}

TEST(EnvelopeMatch, PiecesBlocksAndATrackThatGoesOnChangeNothing) {
  Random random = seeded(541);
  const int rate_hz = 8000;
  const Signal signal = programme(random, rate_hz, 70 * rate_hz);  // four pieces
  const std::int64_t all = std::ssize(signal), half = all / 2;
  for (const std::int64_t block : {1000, 16384}) {
    EXPECT_LE(std::abs(nearest(signal, rate_hz, 20000, block, all, all) - 20000), 4);
    EXPECT_LE(std::abs(nearest(signal, rate_hz, -20000, block, half, all) + 20000), 4);
    EXPECT_LE(std::abs(nearest(signal, rate_hz, -20000, block, all, half) + 20000), 4);
  }
}

TEST(EnvelopeMatch, OfSilenceThereIsNoDelayButNone) {
  EXPECT_EQ(nearest(Signal(1000, 0.0), 44100, 0, 100, 1000, 1000), 0);
  EXPECT_EQ(nearest({}, 44100, 0, 100, 0, 0), 0);
}

}  // namespace
}  // namespace lathe::test
