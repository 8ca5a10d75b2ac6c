// Which tracks run into each other, and what they read end to end.
#include "host/audit/track_stream.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/low_pass.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

FileAudit measured(const std::vector<Signal>& channels, std::int64_t block = 1000) {
  const FloatTrack track(channels);
  TrackEdgeFinder finder;
  for (std::int64_t at = 0; at < track.frames(); at += block)
    finder.take(track.view().slice(at, std::min(block, track.frames() - at)));
  FileAudit audit;
  audit.state = AuditState::measured;
  audit.sample_rate_hz = 44100;
  audit.channels = track.channels();
  audit.channel_layout = "stereo";
  audit.edges = finder.edges();
  return audit;
}

std::vector<Signal> part(const std::vector<Signal>& whole, std::ptrdiff_t from, std::ptrdiff_t to) {
  std::vector<Signal> cut;
  for (const Signal& x : whole) cut.emplace_back(x.begin() + from, x.begin() + to);
  return cut;
}

TEST(TrackStream, MusicCutAnywhereRunsOn) {
  test::Random random = test::seeded(401);
  const std::vector<Signal> whole{test::programme(random, 44100, 200000), test::programme(random, 44100, 200000)};
  int found = 0;
  for (int i = 0; i < 200; ++i) {
    const auto cut = static_cast<std::ptrdiff_t>(random.integer(1000, 199000));
    found += runs_on(measured(part(whole, 0, cut)), measured(part(whole, cut, 200000)), Contiguous::automatic);
  }
  EXPECT_GE(found, 198);
}

// Two that end and begin in the middle of their music: by chance both channels may meet.
TEST(TrackStream, TracksThatDoNotBelongTogetherDoNotRunOn) {
  test::Random random = test::seeded(402);
  int found = 0;
  for (int i = 0; i < 200; ++i) {
    const auto piece = [&random] {
      std::vector<Signal> whole;
      for (int c = 0; c < 2; ++c) whole.push_back(test::band_limited_noise(random, 0.1, 0.1, 3000));
      return part(whole, 1000, 2000);
    };
    found += runs_on(measured(piece()), measured(piece()), Contiguous::automatic);
  }
  EXPECT_LT(found, 15);
}

TEST(TrackStream, SilenceAtAJoinParts) {
  test::Random random = test::seeded(403);
  std::vector<Signal> loud{test::programme(random, 44100, 4000)}, fading = loud;
  for (std::size_t n = 3900; n < 4000; ++n) fading[0][n] = 0;
  EXPECT_FALSE(runs_on(measured(fading), measured(loud), Contiguous::automatic));
  EXPECT_TRUE(runs_on(measured(fading), measured(loud), Contiguous::always));
}

TEST(TrackStream, OtherRatesStatesAndShortTracksPart) {
  test::Random random = test::seeded(404);
  const std::vector<Signal> whole{test::programme(random, 44100, 8000)};
  const FileAudit first = measured(part(whole, 0, 4000)), second = measured(part(whole, 4000, 8000));
  ASSERT_TRUE(runs_on(first, second, Contiguous::automatic));
  EXPECT_FALSE(runs_on(first, second, Contiguous::never));
  FileAudit other = second;
  other.sample_rate_hz = 48000;
  EXPECT_FALSE(runs_on(first, other, Contiguous::always));
  other = second;
  other.state = AuditState::unmeasurable;
  EXPECT_FALSE(runs_on(first, other, Contiguous::always));
  EXPECT_FALSE(runs_on(first, measured(part(whole, 4000, 4031)), Contiguous::automatic));
}

TEST(TrackStream, EdgesAreTheSameHoweverTheTrackIsCut) {
  test::Random random = test::seeded(405);
  const std::vector<Signal> track{test::programme(random, 44100, 3000)};
  const TrackEdges whole = measured(track, 3000).edges;
  for (const std::int64_t block : {1, 7, 31, 32, 33, 1000}) {
    const TrackEdges cut = measured(track, block).edges;
    EXPECT_EQ(cut.head[0].samples, whole.head[0].samples) << block;
    EXPECT_EQ(cut.head[0].bend, whole.head[0].bend) << block;
    EXPECT_EQ(cut.tail[0].samples, whole.tail[0].samples) << block;
    EXPECT_EQ(cut.tail[0].bend, whole.tail[0].bend) << block;
    EXPECT_EQ(cut.tail[0].peak, whole.tail[0].peak) << block;
  }
}

}  // namespace
}  // namespace lathe
