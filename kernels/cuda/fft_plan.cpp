#include "kernels/cuda/fft_plan.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kernels/cuda/cufft_api.h"

namespace lathe::cuda {

FftPlan::FftPlan(std::int64_t points, std::int64_t batch, const Stream& stream) : points_(points), batch_(batch) {
  if (points < 1 || batch < 1) throw std::invalid_argument("a transform of no points");
  const CufftApi& fft = cufft();
  check(fft.create(&plan_), "make a plan");
  is_owner_ = true;
  try {
    std::size_t bytes = 0;
    long long size = points;
    check(fft.set_auto_allocation(plan_, 0), "plan with a work area of our own");
    check(fft.make_plan_many(plan_, 1, &size, nullptr, 1, points, nullptr, 1, points, CUFFT_C2C, batch, &bytes),
          "plan transforms");
    // A byte at least: with allocation off a plan is to be given an area, even where it needs none.
    work_ = DeviceBuffer<std::byte>(std::max(std::int64_t{1}, static_cast<std::int64_t>(bytes)));
    check(fft.set_work_area(plan_, work_.data()), "give a plan its work area");
    check(fft.set_stream(plan_, stream.get()), "give a plan its stream");
  } catch (...) {
    fft.destroy(plan_);
    throw;
  }
}

FftPlan::~FftPlan() {
  if (is_owner_) cufft_library().api.destroy(plan_);
}

FftPlan::FftPlan(FftPlan&& other) noexcept
    : points_(other.points_),
      batch_(other.batch_),
      plan_(other.plan_),
      is_owner_(std::exchange(other.is_owner_, false)),
      work_(std::move(other.work_)) {}

FftPlan& FftPlan::operator=(FftPlan&& other) noexcept {
  std::swap(points_, other.points_);
  std::swap(batch_, other.batch_);
  std::swap(plan_, other.plan_);
  std::swap(is_owner_, other.is_owner_);
  std::swap(work_, other.work_);
  return *this;
}

void FftPlan::forward(cufftComplex* data) const {
  check(cufft().exec_c2c(plan_, data, data, CUFFT_FORWARD), "transform");
}

void FftPlan::inverse(cufftComplex* data) const {
  check(cufft().exec_c2c(plan_, data, data, CUFFT_INVERSE), "transform back");
}

}  // namespace lathe::cuda
