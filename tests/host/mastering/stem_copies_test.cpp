// Which of many stems hold the same: the search over a part of the frames, and the sums over all.
#include "host/mastering/stem_copies.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/math/decibel.h"
#include "tests/support/random.h"

namespace lathe::test {
namespace {

constexpr std::int64_t kFrames = 4096;

using Track = std::vector<float>;

Track noise(Random& random) {
  Track track;
  for (std::int64_t n = 0; n < kFrames; ++n) track.push_back(static_cast<float>(0.1 * random.normal()));
  return track;
}

Track scaled(Track track, double gain) {
  for (float& x : track) x = static_cast<float>(gain * x);
  return track;
}

MutableAudioView view_of(Track& track) {
  const auto frames = static_cast<std::int64_t>(track.size());
  return {track.data(), 1, frames, frames};
}

std::vector<StemCopy> suspects_of(std::vector<Track>& tracks) {
  CopySearch search(tracks.size());
  std::vector<MutableAudioView> views;
  for (Track& track : tracks) views.push_back(view_of(track));
  search.take(views);
  return search.suspects();
}

TEST(StemCopies, OfAHundredStemsThePairThatHoldsTheSameIsFoundAtItsLevel) {
  Random random = seeded(51);
  std::vector<Track> tracks;
  for (int i = 0; i < 100; ++i) tracks.push_back(noise(random));
  tracks[77] = scaled(tracks[12], -0.25);
  const std::vector<StemCopy> found = suspects_of(tracks);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].stem, 77u);
  EXPECT_EQ(found[0].of, 12u);
  EXPECT_NEAR(found[0].gain, -0.25, 1e-6);
}

// One frame in sixteen at even distances could not tell these apart.
TEST(StemCopies, TonesThatLieASixteenthOfTheRateApartAreNone) {
  std::vector<Track> tracks(2, Track(kFrames));
  for (std::size_t n = 0; n < kFrames; ++n) {
    const double t = static_cast<double>(n);
    tracks[0][n] = static_cast<float>(std::sin(0.1 * t));
    tracks[1][n] = static_cast<float>(std::sin((0.1 + 2 * M_PI / 16) * t));
  }
  EXPECT_TRUE(suspects_of(tracks).empty());
}

TEST(StemCopies, SilenceIsNobodysCopy) {
  Random random = seeded(52);
  std::vector<Track> tracks{noise(random), Track(kFrames), Track(kFrames)};
  EXPECT_TRUE(suspects_of(tracks).empty());
  std::vector<Track> alone{noise(random)};
  EXPECT_TRUE(suspects_of(alone).empty());
}

TEST(StemCopies, OverAllFramesACopyIsOneAndAnotherTakeIsNot) {
  Random random = seeded(53);
  Track part = noise(random), same = scaled(part, 0.5), other = part, extra = noise(random);
  for (std::size_t n = 0; n < other.size(); ++n) other[n] += 0.1F * extra[n];
  StemProducts copy, take;
  copy.add(view_of(part), view_of(same));
  take.add(view_of(part), view_of(other));
  EXPECT_LT(copy.left(), kCopyLeft / 100);
  EXPECT_NEAR(copy.gain(), 0.5, 1e-6);
  EXPECT_GT(take.left(), 10 * kCopyLeft);
}

TEST(StemCopies, TheTextSaysWhatTheMixHearsOfIt) {
  const std::vector<std::string> names{"drums.wav", "bass.wav", "drums 2.wav"};
  EXPECT_EQ(copy_text({2, 0, 1}, names),
            "drums 2.wav holds the same as drums.wav: a copy? It would be heard twice, and stand 6.0 dB higher in the "
            "mix; take one of them out");
  EXPECT_EQ(copy_text({2, 0, db_to_amplitude(-3)}, names),
            "drums 2.wav holds the same as drums.wav, 3.0 dB lower: a copy? It would be heard twice, and stand 4.6 dB "
            "higher in the mix; take one of them out");
  EXPECT_NE(copy_text({2, 0, -1}, names).find("upside down"), std::string::npos);
}

}  // namespace
}  // namespace lathe::test
