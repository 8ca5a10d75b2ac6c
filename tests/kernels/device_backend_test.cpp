// What only a device has to do with: batches of tracks, segments, threads in any order, memory that nobody wrote.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/device_batch.h"
#include "tests/support/eq_ways.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::EqWay;
using test::FloatTrack;
using test::TestBackend;
using test::Tracks;

constexpr double kDeviceBackendRate = 44100;
// What other transforms may make of the same samples; 0 dBFS is a sample of 1.
constexpr double kSegmentRmsLimitDbfs = -120, kSegmentPeakLimitDbfs = -100;

FloatTrack stereo_programme_on_device(test::Random& random, std::int64_t frames) {
  return FloatTrack(
      {test::programme(random, kDeviceBackendRate, frames), test::programme(random, kDeviceBackendRate, frames)});
}

void expect_same_bits(const LoudnessReading& got, const LoudnessReading& want) {
  EXPECT_EQ(got.trace.sample_peak, want.trace.sample_peak);
  EXPECT_EQ(got.trace.bend, want.trace.bend);
  EXPECT_EQ(got.trace.power, want.trace.power);
  EXPECT_EQ(got.hops.energy, want.hops.energy);
  EXPECT_EQ(got.true_peak, want.true_peak);
  EXPECT_EQ(got.sample_peak, want.sample_peak);
  EXPECT_EQ(got.figures.integrated_lufs, want.figures.integrated_lufs);
  EXPECT_EQ(got.figures.loudness_range_lu, want.figures.loudness_range_lu);
}

class DeviceBackend : public test::BackendTest {
 protected:
  // The same once more. Where the order of threads can be chosen it is the other way round.
  TestBackend again() const { return backend() == TestBackend::block ? TestBackend::block_reversed : backend(); }
};

TEST_P(DeviceBackend, EqualisesEachTrackOfABatchAsIfItWereAlone) {
  test::Random random = test::seeded(601);
  Tracks tracks;
  for (const std::int64_t frames : {20011, 1, 4096}) tracks.push_back(stereo_programme_on_device(random, frames));
  const auto device = test::open_batch(backend());
  for (const EqWay& way : test::eq_ways(kDeviceBackendRate)) {
    SCOPED_TRACE(way.name);
    const Tracks together = device->equalise(way.design, tracks);
    for (std::size_t t = 0; t < tracks.size(); ++t) {
      SCOPED_TRACE("track " + std::to_string(t));
      const auto frames = static_cast<std::size_t>(tracks[t].frames());
      const FloatTrack alone = device->equalise(way.design, {tracks[t]}).front();
      for (int c = 0; c < 2; ++c) {
        const auto got = together[t].channel(c);
        EXPECT_TRUE(test::same_bits(got.first(frames), alone.channel(c)));
        EXPECT_TRUE(std::all_of(got.begin() + static_cast<std::ptrdiff_t>(frames), got.end(),
                                [](float v) { return v == 0.0f; }));
      }
    }
  }
}

TEST_P(DeviceBackend, MeasuresEachTrackOfABatchAsIfItWereAlone) {
  test::Random random = test::seeded(602);
  Tracks tracks;
  for (const std::int64_t frames : {70001, 1, 33000, 65536})
    tracks.push_back(stereo_programme_on_device(random, frames));
  const auto device = test::open_batch(backend());
  constexpr std::int64_t kSegment = 8192;
  const std::vector<LoudnessReading> together = device->measure(tracks, kDeviceBackendRate, {1, 1.41}, kSegment);
  ASSERT_EQ(together.size(), tracks.size());
  for (std::size_t t = 0; t < tracks.size(); ++t) {
    SCOPED_TRACE("track " + std::to_string(t));
    expect_same_bits(together[t], device->measure({tracks[t]}, kDeviceBackendRate, {1, 1.41}, kSegment).front());
  }
}

TEST_P(DeviceBackend, TheSameJobTwiceGivesTheSameBitsWhateverTheOrderOfItsThreads) {
  test::Random random = test::seeded(603);
  const FloatTrack in = stereo_programme_on_device(random, 45001);
  for (const EqWay& way : test::eq_ways(kDeviceBackendRate)) {
    SCOPED_TRACE(way.name);
    FirstPassSetup setup = test::setup_for(in, kDeviceBackendRate);
    setup.steps = {way.design, 0.9};
    setup.trace = setup.staged_true_peak = true;
    FloatTrack once(2, 0), twice(2, 0);
    const FirstPassResult first = test::run_pass(backend(), setup, in, {in.frames()}, &once),
                          second = test::run_pass(again(), setup, in, {in.frames()}, &twice);
    EXPECT_TRUE(test::same_bits(once, twice));
    expect_same_bits(first.before, second.before);
    expect_same_bits(*first.staged, *second.staged);
  }
}

// Both channels of the difference, in dBFS.
void expect_near_on_device(const FloatTrack& got, const FloatTrack& want) {
  double power = 0, worst = 0;
  for (int c = 0; c < want.channels(); ++c) {
    for (std::size_t n = 0; n < want.channel(c).size(); ++n) {
      const double off = static_cast<double>(got.channel(c)[n]) - want.channel(c)[n];
      ASSERT_TRUE(std::isfinite(off)) << n;
      power += off * off;
      worst = std::max(worst, std::abs(off));
    }
  }
  EXPECT_LT(test::db(std::sqrt(power / static_cast<double>(want.frames() * want.channels()))), kSegmentRmsLimitDbfs);
  EXPECT_LT(test::db(worst), kSegmentPeakLimitDbfs);
}

TEST_P(DeviceBackend, SegmentsOfATrackGiveWhatTheWholeGives) {
  test::Random random = test::seeded(604);
  constexpr std::int64_t kSegment = 65536;
  for (const EqWay& way : test::eq_ways(kDeviceBackendRate)) {
    SCOPED_TRACE(way.name);
    // A segment is never shorter than four halos.
    const std::int64_t frames = 3 * std::max(kSegment, 4 * way.design->longest_half()) + 12345;
    const FloatTrack in = stereo_programme_on_device(random, frames);
    FirstPassSetup setup = test::setup_for(in, kDeviceBackendRate);
    setup.steps = {way.design};
    FloatTrack whole(2, 0), cut(2, 0);
    test::run_pass(backend(), setup, in, {frames}, &whole);
    setup.segment_samples = 2 * kSegment;
    test::run_pass(backend(), setup, in, test::random_cuts(random, frames), &cut);
    expect_near_on_device(cut, whole);
  }
}

TEST_P(DeviceBackend, AMeterReadsTheSameBitsHoweverATrackIsCut) {
  test::Random random = test::seeded(605);
  const FloatTrack in = stereo_programme_on_device(random, 2 * 65536 + 4321);
  for (const std::int64_t segment : {65536, 4 * 65536}) {
    FirstPassSetup setup = test::setup_for(in, kDeviceBackendRate);
    setup.trace = true;
    setup.segment_samples = 2 * segment;
    const LoudnessReading whole = test::run_pass(backend(), setup, in, {in.frames()}).before;
    for (int i = 0; i < 2; ++i)
      expect_same_bits(test::run_pass(backend(), setup, in, test::random_cuts(random, in.frames())).before, whole);
  }
}

TEST_P(DeviceBackend, AMeterReadsInSegmentsWhatItReadsInOne) {
  test::Random random = test::seeded(606);
  for (const double rate : {11025.0, 44100.0, 192000.0}) {
    SCOPED_TRACE(rate);
    const FloatTrack in = stereo_programme_on_device(random, 3 * 65536 + 4321);
    FirstPassSetup setup = test::setup_for(in, rate);
    setup.weights = {1, 1.41};
    setup.trace = true;
    const LoudnessReading whole = test::run_pass(backend(), setup, in, {in.frames()}).before;
    setup.segment_samples = 2 * 65536;
    const LoudnessReading cut = test::run_pass(backend(), setup, in, {in.frames()}).before;
    expect_same_bits(cut, whole);
  }
}

TEST_P(DeviceBackend, MemoryThatNobodyWroteIsNotANumberInWhatIsMadeOfIt) {
  const std::vector<float> made = test::open_batch(backend())->amplify_unwritten(1000);
  EXPECT_TRUE(std::all_of(made.begin(), made.end(), [](float v) { return std::isnan(v); }));
}

LATHE_INSTANTIATE_DEVICES(DeviceBackend);

}  // namespace
}  // namespace lathe
