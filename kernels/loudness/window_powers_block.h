// The mean squares of sliding windows from the energies of hops, on a device: what gating and maxima are made of.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/math/gating.h"

namespace lathe::block {

// Mean squares of every window of `window` hops, one each `step` hops.
struct WindowPowers {
  static constexpr int kThreads = 128;
  struct Shared {};

  GlobalSpan<const double> hops;  // silence behind the last
  std::int64_t window, step;
  double sample_rate_hz;
  GlobalSpan<double> powers;

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    block.phase([&](int thread) {
      const std::int64_t i = block.index() * kThreads + thread;
      if (i >= powers.size) return;
      const std::int64_t first = i * step;
      double sum = 0;
      for (std::int64_t k = first; k < first + window && k < hops.size; ++k) sum += hops[k];
      powers[i] =
          sum / static_cast<double>(hop_start(first + window, sample_rate_hz) - hop_start(first, sample_rate_hz));
    });
  }
};

}  // namespace lathe::block
