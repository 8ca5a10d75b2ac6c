// Gating and percentiles on a GPU with Thrust: reductions, selections and one sort over the windows of a track.
//
// Thrust's reductions of doubles take the same order in every run on one device; its scans do not, and are not used.
#include <thrust/copy.h>
#include <thrust/execution_policy.h>
#include <thrust/extrema.h>
#include <thrust/functional.h>
#include <thrust/sort.h>
#include <thrust/system_error.h>
#include <thrust/transform_reduce.h>

#include <cmath>
#include <cstddef>
#include <map>

#include "kernels/loudness/loudness_levels_cuda.cuh"
#include "kernels/loudness/window_powers_block.h"
#include "kernels/math/decibel.h"

namespace lathe::cuda {
namespace {

// Thrust's work space, from the stream's own pool.
class StreamAllocator {
 public:
  using value_type = char;
  explicit StreamAllocator(const Stream& stream) : stream_(&stream) {}
  char* allocate(std::ptrdiff_t bytes) {
    StreamBuffer<char> buffer(bytes, *stream_);
    char* data = buffer.data();
    live_.emplace(data, std::move(buffer));
    return data;
  }
  void deallocate(char* data, std::size_t) { live_.erase(data); }

 private:
  const Stream* stream_;
  std::map<char*, StreamBuffer<char>> live_;
};

struct SumAndCount {
  double sum, count;
};
struct Add {
  __host__ __device__ SumAndCount operator()(SumAndCount a, SumAndCount b) const {
    return {a.sum + b.sum, a.count + b.count};
  }
};
// Powers at or above one threshold and above another.
struct Passes {
  double least, above;
  __host__ __device__ bool operator()(double power) const { return power >= least && power > above; }
};
struct Counted {
  Passes passes;
  __host__ __device__ SumAndCount operator()(double power) const {
    return passes(power) ? SumAndCount{power, 1} : SumAndCount{0, 0};
  }
};

class Windows {
  auto policy() { return thrust::cuda::par(allocator_).on(launcher_.stream().get()); }

 public:
  Windows(Launcher& launcher, block::GlobalSpan<const double> hops, double sample_rate_hz, int window, int step,
          std::int64_t hops_behind)
      : launcher_(launcher), allocator_(launcher.stream()) {
    const std::int64_t all = hops.size + hops_behind;
    const std::int64_t count = all < window ? 0 : (all - window) / step + 1;
    powers_ = launcher.make_buffer<double>(count);
    const block::WindowPowers kernel{hops, window, step, sample_rate_hz, powers_.span()};
    launcher.launch(kernel, (count + block::WindowPowers::kThreads - 1) / block::WindowPowers::kThreads);
  }

  std::int64_t size() const { return powers_.size(); }

  double loudest() {
    return loudness_of_power(size() == 0 ? 0.0
                                         : thrust::reduce(policy(), begin(), end(), 0.0, thrust::maximum<double>()));
  }

  // Mean of those that pass; 0 when there is none.
  double mean(Passes passes) {
    if (size() == 0) return 0;
    const SumAndCount all =
        thrust::transform_reduce(policy(), begin(), end(), Counted{passes}, SumAndCount{0, 0}, Add{});
    return all.count == 0 ? 0.0 : all.sum / all.count;
  }

  // Loudness of the 95th less that of the 10th percentile of those that pass; 0 when there is none.
  double range(Passes passes) {
    Launcher::Buffer<double> kept = launcher_.make_buffer<double>(size());
    if (size() == 0) return 0;
    double* last = thrust::copy_if(policy(), begin(), end(), kept.data(), passes);
    const std::int64_t count = last - kept.data();
    if (count == 0) return 0;
    thrust::sort(policy(), kept.data(), last);
    double values[2];
    const double shares[2] = {0.10, 0.95};
    for (int i = 0; i < 2; ++i) {
      const auto at = std::llround(static_cast<double>(count - 1) * shares[i]);
      launcher_.download(std::as_const(kept).data() + at, 1, values + i);
    }
    launcher_.synchronize();
    return loudness_of_power(values[1]) - loudness_of_power(values[0]);
  }

 private:
  const double* begin() const { return powers_.data(); }
  const double* end() const { return powers_.data() + powers_.size(); }

  Launcher& launcher_;
  StreamAllocator allocator_;
  Launcher::Buffer<double> powers_;
};

}  // namespace

LoudnessLevels loudness_levels(Launcher& launcher, block::GlobalSpan<const double> hops, double sample_rate_hz) try {
  // -70 LUFS as a mean square (BS.1770-5 Annex 1); at or above it for the range (Tech 3342), above it for the gate.
  const double absolute = db_to_power(-70.0 + 0.691);
  Windows blocks(launcher, hops, sample_rate_hz, 40, 10, 0), momentary(launcher, hops, sample_rate_hz, 40, 1, 0),
      short_term(launcher, hops, sample_rate_hz, 300, 1, 0), at_10_hz(launcher, hops, sample_rate_hz, 300, 10, 150);
  LoudnessLevels levels;
  const double relative = blocks.mean({0, absolute}) * db_to_power(-10.0);
  levels.integrated_lufs = loudness_of_power(blocks.mean({0, std::fmax(absolute, relative)}));
  const double below = at_10_hz.mean({absolute, -1}) * db_to_power(-20.0);
  levels.loudness_range_lu = at_10_hz.range({std::fmax(absolute, below), -1});
  levels.max_momentary_lufs = momentary.loudest();
  levels.max_short_term_lufs = short_term.loudest();
  return levels;
} catch (const thrust::system_error& error) {
  check(static_cast<cudaError_t>(error.code().value()), "gate loudness");
  throw;
}

}  // namespace lathe::cuda
