// Gaps of impulses filled by the model of what lies around them, as a block kernel: least squares (ar_model.h) by a
// banded Cholesky factor, in the order of the CPU's lanes.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/restoration/impulse_blocks.h"

namespace lathe::block {

// Fills the spans of a row from what lies around them, in order, since one may reach into the next: a warp a row.
struct ImpulseFill : ImpulseBatch {
  static constexpr int kThreads = 32;
  struct Shared {
    SharedArray<double, kMostLags> products;
    SharedArray<double, 8> parts;
  };

  std::int64_t launches() const { return rows(); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t row = block.index(), task = row / channels;
    if ((changed[task] >> row % channels & 1) == 0) return;
    block.phase([&](int thread) {
      for (int k = thread; k <= order; k += kThreads) shared.products[k] = products[row * (order + 1) + k];
    });
    const int found = counts[pass * tasks() + task], count = found < most ? found : most;
    for (int i = 0; i < count; ++i) {
      const ImpulseSpan span = spans[(pass * tasks() + task) * most + i];
      if ((span.channels >> row % channels & 1) != 0) fill(block, shared, row, span);
    }
  }

 private:
  // What lies at `n` outside the span, its sign turned; 0 within.
  LATHE_HOST_DEVICE double known(std::int64_t row, const ImpulseSpan& span, int n) const {
    return n >= span.first && n < span.end ? 0.0 : -static_cast<double>(work[row * size + n]);
  }

  template <class Block>
  LATHE_HOST_DEVICE void fill(Block& block, Shared& shared, std::int64_t row, const ImpulseSpan& span) const {
    const int length = span.end - span.first, width = order + 1;
    const std::int64_t x = row * most_of_gap(), matrix = x * width;
    block.phase([&](int thread) {
      for (int n = thread; n < length; n += kThreads) {
        double even = 0, odd = 0;
        int k = -order;
        for (; k < order; k += 2) {
          even = std::fma(shared.products[k < 0 ? -k : k], known(row, span, span.first + n - k), even);
          odd = std::fma(shared.products[k + 1 < 0 ? -k - 1 : k + 1], known(row, span, span.first + n - k - 1), odd);
        }
        even = std::fma(shared.products[order], known(row, span, span.first + n - order), even);
        gaps[x + n] = even + odd;
      }
      for (int i = thread; i < length * width; i += kThreads)
        columns[matrix + i] = i % width == 0 ? shared.products[0] * (1 + 1e-9) : shared.products[i % width];
    });
    for (int j = 0; j < length; ++j) {
      const std::int64_t column = matrix + static_cast<std::int64_t>(j) * width;
      const int last = order < length - 1 - j ? order : length - 1 - j;
      block.phase([&](int thread) {
        const double pivot = columns[column], factor = 1 / std::sqrt(pivot > 1e-30 ? pivot : 1e-30);
        for (int d = 1 + thread; d <= last; d += kThreads) columns[column + d] *= factor;
        if (thread != 0) return;
        inverse[x + j] = factor;
        gaps[x + j] *= factor;
      });
      block.phase([&](int thread) {
        for (int m = 1; m <= last; ++m) {
          const double times = -columns[column + m];
          const std::int64_t to = column + static_cast<std::int64_t>(m) * width;
          for (int d = thread; d <= last - m; d += kThreads)
            columns[to + d] = std::fma(times, columns[column + m + d], columns[to + d]);
        }
        const double value = -gaps[x + j];
        for (int d = 1 + thread; d <= last; d += kThreads)
          gaps[x + j + d] = std::fma(value, columns[column + d], gaps[x + j + d]);
      });
    }
    for (int j = length - 1; j >= 0; --j) {
      const std::int64_t column = matrix + static_cast<std::int64_t>(j) * width;
      const int last = order < length - 1 - j ? order : length - 1 - j;
      block.phase([&](int thread) {
        if (thread >= 8) return;
        double sum = 0;
        for (int d = 1 + thread; d <= last; d += 8) sum = std::fma(columns[column + d], gaps[x + j + d], sum);
        shared.parts[thread] = sum;
      });
      block.phase([&](int thread) {
        if (thread != 0) return;
        const SharedArray<double, 8>& p = shared.parts;
        const double sum = ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]));
        gaps[x + j] = (gaps[x + j] - sum) * inverse[x + j];
      });
    }
    block.phase([&](int thread) {
      for (int n = thread; n < length; n += kThreads)
        work[row * size + span.first + n] = static_cast<float>(gaps[x + n]);
    });
  }
};

}  // namespace lathe::block
