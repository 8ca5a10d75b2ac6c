// Batches of transforms on the CPU: sixteen at a time in the lanes.
#include <algorithm>
#include <complex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/fft/batch_fft.h"
#include "kernels/fft/lane_fft.h"
#include "kernels/fft/real_fft_double.h"

namespace lathe::cpu {
namespace {

constexpr std::int64_t kLongestInLanes = 1 << 16;

class CpuBatchFft final : public BatchFft {
 public:
  CpuBatchFft(std::int64_t points, std::int64_t batch) : BatchFft(points, batch) {
    if (points > kLongestInLanes) return;
    lanes_.emplace(points);
    re_ = AlignedArray<float>(static_cast<std::size_t>(points * kFftLanes));
    im_ = AlignedArray<float>(static_cast<std::size_t>(points * kFftLanes));
  }

  void forward(Complex32* data) override { run(data, 1); }
  void inverse(Complex32* data) override { run(data, -1); }

 private:
  // The inverse is the forward transform of the conjugate, conjugated: `sign` -1.
  void run(Complex32* data, float sign) {
    for (std::int64_t first = 0; first < batch(); first += kFftLanes) {
      const std::int64_t count = std::min<std::int64_t>(kFftLanes, batch() - first);
      if (lanes_) {
        run_lanes(data + first * points(), count, sign);
      } else {
        for (std::int64_t b = first; b < first + count; ++b) run_double(data + b * points(), sign);
      }
    }
  }

  void run_lanes(Complex32* data, std::int64_t count, float sign) {
    const std::int64_t n = points();
    for (std::int64_t row = 0; row < n; ++row) {
      for (std::int64_t lane = 0; lane < kFftLanes; ++lane) {
        const Complex32 value = lane < count ? data[lane * n + row] : Complex32{0, 0};
        re_[static_cast<std::size_t>(row * kFftLanes + lane)] = value.re;
        im_[static_cast<std::size_t>(row * kFftLanes + lane)] = sign * value.im;
      }
    }
    lanes_->forward(re_.data(), im_.data());
    for (std::int64_t row = 0; row < n; ++row) {
      const std::int64_t bin = lanes_->bin_of_row()[static_cast<std::size_t>(row)];
      for (std::int64_t lane = 0; lane < count; ++lane) {
        const auto at = static_cast<std::size_t>(row * kFftLanes + lane);
        data[lane * n + bin] = {re_[at], sign * im_[at]};
      }
    }
  }

  void run_double(Complex32* data, float sign) {
    wide_.resize(static_cast<std::size_t>(points()));
    for (std::size_t n = 0; n < wide_.size(); ++n) wide_[n] = {data[n].re, sign * data[n].im};
    fft_double(wide_);
    for (std::size_t n = 0; n < wide_.size(); ++n)
      data[n] = {static_cast<float>(wide_[n].real()), sign * static_cast<float>(wide_[n].imag())};
  }

  std::optional<LaneFft> lanes_;
  AlignedArray<float> re_, im_;
  std::vector<std::complex<double>> wide_;
};

}  // namespace

std::unique_ptr<BatchFft> make_batch_fft(std::int64_t points, std::int64_t batch) {
  if (points < 16 || points > (1 << 24) || (points & (points - 1)) != 0 || batch < 1) {
    throw std::invalid_argument("make_batch_fft: " + std::to_string(batch) + " transforms of " +
                                std::to_string(points) + " points; a power of two from 16 to 2^24 is needed");
  }
  return std::make_unique<CpuBatchFft>(points, batch);
}

}  // namespace lathe::cpu
