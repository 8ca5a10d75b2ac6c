// The block-kernel launcher, the faults it must bring to light, and the first kernel written for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/block/true_peak_block.h"
#include "kernels/loudness/interpolation.h"
#include "tests/support/comparison.h"
#include "tests/support/signals.h"

namespace lathe::block {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr ThreadOrder kBothOrders[] = {ThreadOrder::forward, ThreadOrder::reversed};

GlobalSpan<float> span_of(std::vector<float>& values) {
  return {values.data(), static_cast<std::int64_t>(values.size())};
}

// Adds up `values` in tiles of kThreads, with one fault at a time planted in it.
enum class Fault { none, missing_barrier, shared_overrun, global_overrun, unwritten_shared };

template <Fault Planted>
struct TileSum {
  static constexpr int kThreads = 32;
  struct Shared {
    SharedArray<float, kThreads> value;
  };
  GlobalSpan<const float> values;
  GlobalSpan<float> sums;

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    typename Block::template PerThread<float> own;
    block.phase([&](int thread) {
      own[thread] = values[block.index() * kThreads + thread + (Planted == Fault::global_overrun ? 1 : 0)];
      // The fault lies in odd blocks only: what block 0 left in the same memory must not fill the hole.
      const bool leaves_out = Planted == Fault::unwritten_shared && thread == 5 && block.index() % 2 == 1;
      if (!leaves_out) shared.value[thread] = own[thread];
      // Reads what another thread of the same phase may or may not have written.
      if (Planted == Fault::missing_barrier && thread == 0) shared.value[0] += shared.value[1];
    });
    for (int width = kThreads / 2; width > 0; width /= 2) {
      block.phase([&](int thread) {
        if (thread < width)
          shared.value[thread] += shared.value[thread + width + (Planted == Fault::shared_overrun ? width : 0)];
      });
    }
    block.phase([&](int thread) {
      if (thread == 0) sums[block.index()] = shared.value[0];
    });
  }
};

template <Fault Planted>
std::vector<float> tile_sums(ThreadOrder order) {
  std::vector<float> values(4 * 32), sums(4);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  const GlobalSpan<const float> in{values.data(), static_cast<std::int64_t>(values.size())};
  launch_on_cpu(TileSum<Planted>{in, span_of(sums)}, 4, order);
  return sums;
}

TEST(BlockLauncher, RunsEveryThreadOfEveryBlockOnceAPhase) {
  for (const ThreadOrder order : kBothOrders) {
    EXPECT_EQ(tile_sums<Fault::none>(order), (std::vector<float>{528, 1552, 2576, 3600}));
  }
}

TEST(BlockLauncher, AMissingBarrierShowsWhenTheThreadsRunBackwards) {
  EXPECT_NE(tile_sums<Fault::missing_barrier>(ThreadOrder::forward),
            tile_sums<Fault::missing_barrier>(ThreadOrder::reversed));
}

TEST(BlockLauncher, ReadingSharedMemoryNobodyWroteGivesNaN) {
  for (const ThreadOrder order : kBothOrders) {
    const std::vector<float> sums = tile_sums<Fault::unwritten_shared>(order);
    for (std::size_t b = 0; b < sums.size(); ++b) EXPECT_EQ(std::isnan(sums[b]), b % 2 == 1) << b << ": " << sums[b];
  }
}

TEST(BlockLauncher, AnIndexPastSharedOrGlobalMemoryIsCaught) {
  for (const ThreadOrder order : kBothOrders) {
    EXPECT_THROW(tile_sums<Fault::shared_overrun>(order), std::out_of_range);
    EXPECT_THROW(tile_sums<Fault::global_overrun>(order), std::out_of_range);
  }
}

TEST(BlockLauncher, AnOverrunSaysWhichMemoryAndWhere) {
  try {
    tile_sums<Fault::global_overrun>(ThreadOrder::forward);
    FAIL() << "not caught";
  } catch (const std::out_of_range& e) {
    EXPECT_EQ(std::string(e.what()), "block kernel: index 128 of global memory that holds 128");
  }
}

std::vector<float> tile_peaks(const FloatTrack& track, ThreadOrder order) {
  const InterpolationBank bank = make_interpolation_bank(TruePeakTiles::kPhases, TruePeakTiles::kTaps);
  std::vector<float> peaks(static_cast<std::size_t>(TruePeakTiles::blocks(track.frames())));
  const GlobalSpan<const float> coefficients{bank.coefficients.data(),
                                             static_cast<std::int64_t>(bank.coefficients.size())};
  launch_on_cpu(TruePeakTiles{{track.channel(0).data(), track.frames()}, coefficients, span_of(peaks)},
                static_cast<std::int64_t>(peaks.size()), order);
  return peaks;
}

// The interpolation sum in double, over every frame at which the curve is not 0, tile by tile.
std::vector<double> tile_peaks_oracle(const FloatTrack& track) {
  const InterpolationBank bank = make_interpolation_bank(TruePeakTiles::kPhases, TruePeakTiles::kTaps);
  const std::int64_t taps = TruePeakTiles::kTaps, lead = taps / 2;
  std::vector<double> peaks(static_cast<std::size_t>(TruePeakTiles::blocks(track.frames())), 0.0);
  for (std::int64_t n = -lead; n < track.frames() + lead; ++n) {
    const auto sample = [&](std::int64_t i) {
      return i >= 0 && i < track.frames() ? static_cast<double>(track.channel(0)[static_cast<std::size_t>(i)]) : 0.0;
    };
    double best = std::abs(sample(n));
    for (int p = 0; p < bank.phases - 1; ++p) {
      double sum = 0;
      for (std::int64_t k = 0; k < taps; ++k)
        sum += bank.coefficients[static_cast<std::size_t>(p * taps + k)] * sample(n - taps / 2 + 1 + k);
      best = std::max(best, std::abs(sum));
    }
    double& tile = peaks[static_cast<std::size_t>((n + lead) / TruePeakTiles::kTile)];
    tile = std::max(tile, best);
  }
  return peaks;
}

TEST(TruePeakTiles, EveryTileEqualsTheDefinitionAndBothThreadOrdersAgreeBitForBit) {
  test::Random random = test::seeded(81);
  for (const std::int64_t frames : {0, 1, 15, 16, 17, 31, 32, 33, 991, 992, 993, 1023, 1024, 1025, 5000}) {
    SCOPED_TRACE(frames);
    const FloatTrack track({test::white_noise(random, 0.2, frames)});
    const std::vector<float> forward = tile_peaks(track, ThreadOrder::forward);
    EXPECT_LT(test::worst_difference(forward, tile_peaks_oracle(track)), 1e-6);
    EXPECT_TRUE(test::same_bits(forward, tile_peaks(track, ThreadOrder::reversed)));
  }
}

TEST(TruePeakTiles, ATileBeginsHalfAFilterBeforeItsMultipleOfFrames) {
  constexpr std::int64_t kSecond = TruePeakTiles::kTile - TruePeakTiles::kTaps / 2;  // first frame of tile 1
  const std::vector<float> at_its_end =
      tile_peaks(FloatTrack({test::impulses(3000, {kSecond - 1})}), ThreadOrder::forward);
  EXPECT_EQ(at_its_end[0], 1.0f);
  EXPECT_LT(at_its_end[1], 1.0f);
  const std::vector<float> at_its_start =
      tile_peaks(FloatTrack({test::impulses(3000, {kSecond})}), ThreadOrder::forward);
  EXPECT_LT(at_its_start[0], 1.0f);
  EXPECT_EQ(at_its_start[1], 1.0f);
}

// 4x sees at least cos(pi/8) of a peak.
TEST(TruePeakTiles, ATrackReadsItsTruePeakWithinWhatFourPointsASampleCanSee) {
  test::Random random = test::seeded(82);
  for (int i = 0; i < 5; ++i) {
    const test::Multitone tones(random, 5, 0.40, 4000);
    const std::vector<float> peaks = tile_peaks(FloatTrack({tones.samples()}), ThreadOrder::forward);
    const double got = test::db(*std::max_element(peaks.begin(), peaks.end())), want = test::db(tones.peak(64));
    EXPECT_LT(got, want + 0.03);
    EXPECT_GT(got, want - 0.45);
  }
}

TEST(TruePeakTiles, ANaNInTheTrackReachesTheResult) {
  FloatTrack track({Signal(3000, 0.25)});
  track.channel(0)[1500] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> peaks = tile_peaks(track, ThreadOrder::forward);
  EXPECT_FALSE(std::isnan(peaks[0]));
  EXPECT_TRUE(std::isnan(peaks[1]));
  EXPECT_FALSE(std::isnan(peaks[2]));
}

}  // namespace
}  // namespace lathe::block
