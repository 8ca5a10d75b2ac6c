#include "kernels/cuda/launcher.cuh"

#include <stdexcept>

#include "kernels/cuda/device.h"
#include "kernels/cuda/fft_plan.h"
#include "kernels/cuda/prove_device.h"
#include "kernels/gain/gain_blocks.h"

namespace lathe::cuda {
namespace {

std::atomic<std::int64_t> g_launches{0};

// Plans kept at a time: a chain needs two or three shapes, and every plan holds device memory.
constexpr std::size_t kMostPlans = 4;

static_assert(sizeof(Complex32) == sizeof(cufftComplex));

class CudaBatchFft final : public BatchFft {
 public:
  CudaBatchFft(std::int64_t points, std::int64_t batch, const Stream& stream)
      : BatchFft(points, batch), plan_(points, batch, stream) {}
  void forward(Complex32* data) override { plan_.forward(reinterpret_cast<cufftComplex*>(data)); }
  void inverse(Complex32* data) override { plan_.inverse(reinterpret_cast<cufftComplex*>(data)); }

 private:
  FftPlan plan_;
};

// Selected before the stream is made.
Stream stream_on_device() {
  select_device();
  return Stream();
}

// What is given back to the pool stays there: the driver would else return it at every synchronisation.
void keep_pooled_memory() {
  int device = 0;
  check(cudaGetDevice(&device), "ask for the device");
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, device), "find the memory pool");
  std::uint64_t all = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all), "keep pooled memory");
}

}  // namespace

Launcher::Launcher(bool poison) : Launcher(stream_on_device(), poison) {}

Launcher::Launcher(Stream stream, bool poison) : stream_(std::move(stream)), poison_(poison) { keep_pooled_memory(); }

BatchFft& Launcher::fft(std::int64_t points, std::int64_t batch) {
  auto& fft = ffts_[{points, batch}];
  if (!fft) {
    if (ffts_.size() > kMostPlans) {  // the one in the making counts
      stream_.synchronize();
      ffts_.clear();
    }
    auto& place = ffts_[{points, batch}];
    place = std::make_unique<CudaBatchFft>(points, batch, stream_);
    return *place;
  }
  return *fft;
}

void Launcher::release_memory() noexcept {
  settle();
  ffts_.clear();
  pinned_.clear();
  int device = 0;
  cudaMemPool_t pool = nullptr;
  if (cudaGetDevice(&device) == cudaSuccess && cudaDeviceGetDefaultMemPool(&pool, device) == cudaSuccess)
    cudaMemPoolTrimTo(pool, 0);
}

void Launcher::note_launch() { g_launches.fetch_add(1, std::memory_order_relaxed); }

void prove_device() {
  constexpr std::int64_t kPoints = 16;
  Launcher launcher(Stream(), false);
  const Complex32 impulse{1, 0};
  Launcher::Buffer<Complex32> z = launcher.make_buffer<Complex32>(kPoints);
  launcher.fill_zero(z.data(), kPoints);
  launcher.upload(&impulse, 1, z.data());
  launcher.fft(kPoints, 1).forward(z.data());
  auto* values = reinterpret_cast<float*>(z.data());
  Launcher::Buffer<float> doubled = launcher.make_buffer<float>(2 * kPoints);
  const block::GainRows gain{
      {values, 1, 2 * kPoints, 2 * kPoints, 0}, {doubled.data(), 1, 2 * kPoints, 2 * kPoints, 0}, 2};
  launcher.launch(gain, gain.blocks());
  float out[2 * kPoints];
  launcher.download(std::as_const(doubled).data(), 2 * kPoints, out);
  launcher.synchronize();
  for (std::int64_t n = 0; n < 2 * kPoints; ++n) {
    if (out[n] != (n % 2 == 0 ? 2.0f : 0.0f)) throw std::runtime_error("a transform and a kernel gave wrong values");
  }
}

std::unique_ptr<Accelerator> open_accelerator(bool poison) { return std::make_unique<Launcher>(poison); }

std::int64_t kernel_launches() { return g_launches.load(std::memory_order_relaxed); }

}  // namespace lathe::cuda
