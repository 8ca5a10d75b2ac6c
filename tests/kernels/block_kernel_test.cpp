// The block-kernel launcher and the faults it must bring to light.
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/block/cpu_launcher.h"
#include "kernels/block/row_window.h"

namespace lathe::block {
namespace {

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

// How many values are positive, counted by thread 0 and told to all; wrongly within the phase that counts.
template <bool ReadTooEarly>
struct SharedCount {
  static constexpr int kThreads = 32;
  struct Shared {
    int count;
  };
  GlobalSpan<const float> values;
  GlobalSpan<int> told;

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    block.phase([&](int thread) {
      if (thread == 0) {
        shared.count = 0;
        for (std::int64_t i = 0; i < values.size; ++i) shared.count += values[i] > 0 ? 1 : 0;
      }
      if (ReadTooEarly) told[thread] = block.read(shared.count);
    });
    if (ReadTooEarly) return;
    const int count = block.read(shared.count);
    block.phase([&](int thread) { told[thread] = count; });
  }
};

template <bool ReadTooEarly>
std::vector<int> told(ThreadOrder order) {
  const std::vector<float> values{1, -1, 2, 0, 3};
  std::vector<int> told(32);
  launch_on_cpu(SharedCount<ReadTooEarly>{{values.data(), 5}, {told.data(), 32}}, 1, order);
  return told;
}

// A shared value that is read between phases, but not by read(), is a race on a GPU alone: here all threads have left
// the phase before. compute-sanitizer finds those.
TEST(BlockLauncher, ASharedValueReadWithinThePhaseThatMakesItShowsWhenTheThreadsRunBackwards) {
  for (const ThreadOrder order : kBothOrders) EXPECT_EQ(told<false>(order), std::vector<int>(32, 3));
  EXPECT_NE(told<true>(ThreadOrder::forward), told<true>(ThreadOrder::reversed));
}

TEST(CpuLauncher, AKernelThatReadsWhatNobodyWroteGivesNaN) {
  for (const ThreadOrder order : kBothOrders) {
    CpuLauncher launcher(order);
    auto values = launcher.make_buffer<float>(3 * 32), sums = launcher.make_buffer<float>(3);
    const std::vector<float> ones(32, 1.0f);
    for (const std::int64_t written : {0, 2}) launcher.upload(ones.data(), 32, values.data() + written * 32);
    launcher.launch(TileSum<Fault::none>{std::as_const(values).span(), sums.span()}, 3);
    EXPECT_EQ(sums.span()[0], 32);
    EXPECT_TRUE(std::isnan(sums.span()[1]));
    EXPECT_EQ(sums.span()[2], 32);
  }
}

TEST(CpuLauncher, MemoryNobodyWroteIsNotANumber) {
  CpuLauncher launcher;
  const auto floats = launcher.make_buffer<float>(3);
  const auto doubles = launcher.make_buffer<double>(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(std::isnan(floats.span()[i]));
    EXPECT_TRUE(std::isnan(doubles.span()[i]));
  }
  EXPECT_THROW(floats.span()[3], std::out_of_range);
}

TEST(CpuLauncher, AWindowsRowsAndFramesAreChecked) {
  std::vector<float> values(10);
  const RowWindow<float> window{values.data(), 2, 4, 5, -1};
  EXPECT_EQ(&window.at(1, 3), &values[8]);
  EXPECT_THROW(window.at(2, 0), std::out_of_range);
  EXPECT_THROW(window.at(0, 4), std::out_of_range);
  EXPECT_EQ(window.or_silence(0, -1), 0.0f);
  EXPECT_EQ(window.or_silence(0, 4), 0.0f);
  EXPECT_EQ(window.slice(1, 2).first_frame, 0);
}

}  // namespace
}  // namespace lathe::block
