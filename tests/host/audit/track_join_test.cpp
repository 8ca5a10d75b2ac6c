// What the sound at both sides of a join says of it.
#include "host/audit/track_join.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/random.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::Signal;

TrackPiece piece_of(const std::vector<Signal>& channels, std::int64_t first, std::int64_t end) {
  TrackPiece piece;
  for (const Signal& x : channels) piece.emplace_back(x.begin() + first, x.begin() + end);
  return piece;
}

TrackPiece tail_at(const std::vector<Signal>& channels, std::int64_t cut) {
  return piece_of(channels, std::max<std::int64_t>(0, cut - kJoinFrames), cut);
}
TrackPiece head_at(const std::vector<Signal>& channels, std::int64_t cut) {
  return piece_of(channels, cut, std::min<std::int64_t>(std::ssize(channels[0]), cut + kJoinFrames));
}

// Twelve partials, each channel with its own levels, over noise 50 dB down: what comes follows from what was.
std::vector<Signal> music(test::Random& random) {
  constexpr int kPartials = 12;
  std::vector<Signal> channels(2, test::white_noise(random, 1e-3, 120'000));
  for (int k = 0; k < kPartials; ++k) {
    const double step = 2 * std::numbers::pi * random.uniform(60, 4000) / 44100, phase = random.uniform(0, 6.28);
    for (Signal& channel : channels) {
      const double level = random.uniform(0.01, 0.06);
      for (std::size_t n = 0; n < channel.size(); ++n)
        channel[n] += level * std::sin(phase + step * static_cast<double>(n));
    }
  }
  return channels;
}

TEST(TrackJoin, MusicThatIsCutGoesOn) {
  test::Random random = test::seeded(701);
  int found = 0;
  for (int i = 0; i < 20; ++i) {
    const std::vector<Signal> whole = music(random);
    const std::int64_t cut = 30'000 + random.integer(0, 60'000);
    found += goes_on(join_evidence(tail_at(whole, cut), head_at(whole, cut)), false);
  }
  EXPECT_GE(found, 18);
}

TEST(TrackJoin, PiecesOfDifferentMusicDoNot) {
  test::Random random = test::seeded(702);
  for (int i = 0; i < 20; ++i) {
    const std::vector<Signal> one = music(random), other = music(random);
    const JoinEvidence evidence = join_evidence(tail_at(one, 60'000), head_at(other, 60'000));
    EXPECT_FALSE(goes_on(evidence, true)) << "pair " << i << ", likelihood " << evidence.likelihood;
  }
}

// The past of white noise says nothing of what comes.
TEST(TrackJoin, WhiteNoiseIsNoEvidence) {
  test::Random random = test::seeded(703);
  const std::vector<Signal> whole{test::white_noise(random, 0.1, 100'000), test::white_noise(random, 0.1, 100'000)};
  EXPECT_FALSE(goes_on(join_evidence(tail_at(whole, 50'000), head_at(whole, 50'000)), true));
}

TEST(TrackJoin, SilenceIsNoEvidenceAndNeedsNoLook) {
  test::Random random = test::seeded(704);
  const std::vector<Signal> quiet{Signal(60'000), Signal(60'000)}, loud = music(random);
  EXPECT_FALSE(head_sounds(head_at(quiet, 0)));
  EXPECT_TRUE(head_sounds(head_at(loud, 30'000)));
  EXPECT_FALSE(join_evidence(tail_at(quiet, 60'000), head_at(quiet, 0)).sounds);
  EXPECT_FALSE(goes_on(join_evidence(tail_at(loud, 60'000), head_at(quiet, 0)), true));
}

// A test signal that begins at zero would fit an end at zero by chance.
TEST(TrackJoin, ATestToneThatBeginsAnewDoesNotGoOn) {
  const std::vector<Signal> tone{test::sine(441, 0.5, 44100, 50'000)};
  EXPECT_FALSE(goes_on(join_evidence(tail_at(tone, 44'100), head_at(tone, 0)), true));
}

TEST(TrackJoin, PiecesThatAreTooShortSayNothing) {
  test::Random random = test::seeded(705);
  const std::vector<Signal> whole = music(random);
  EXPECT_FALSE(join_evidence(piece_of(whole, 0, 20), head_at(whole, 20)).sounds);
  EXPECT_FALSE(goes_on(join_evidence({}, {}), true));
}

}  // namespace
}  // namespace lathe
