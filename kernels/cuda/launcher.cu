#include "kernels/cuda/launcher.cuh"

#include "kernels/cuda/device.h"
#include "kernels/cuda/fft_plan.h"

namespace lathe::cuda {
namespace {

std::atomic<std::int64_t> g_launches{0};

// Plans kept at a time: a chain needs two or three shapes, and every plan holds device memory.
constexpr std::size_t kMostPlans = 12;

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

Launcher::Launcher(bool poison) : stream_(stream_on_device()), poison_(poison) { keep_pooled_memory(); }

BatchFft& Launcher::fft(std::int64_t points, std::int64_t batch) {
  auto& fft = ffts_[{points, batch}];
  if (!fft) {
    if (ffts_.size() > kMostPlans) {
      stream_.synchronize();
      ffts_.clear();
    }
    auto& place = ffts_[{points, batch}];
    place = std::make_unique<CudaBatchFft>(points, batch, stream_);
    return *place;
  }
  return *fft;
}

void Launcher::release_memory() {
  stream_.synchronize();
  ffts_.clear();
  pinned_.clear();
  int device = 0;
  check(cudaGetDevice(&device), "ask for the device");
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, device), "find the memory pool");
  check(cudaMemPoolTrimTo(pool, 0), "give pooled memory back");
}

void Launcher::note_launch() { g_launches.fetch_add(1, std::memory_order_relaxed); }

std::unique_ptr<Accelerator> open_accelerator(bool poison) { return std::make_unique<Launcher>(poison); }

std::int64_t kernel_launches() { return g_launches.load(std::memory_order_relaxed); }

}  // namespace lathe::cuda
