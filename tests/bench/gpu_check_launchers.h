// Launchers made of another one: stages written for any launcher are timed step by step, or run without the device's
// libraries.
#pragma once

#include <cxxabi.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "kernels/chain/device_first_pass.h"
#include "kernels/equalizer/device_eq.h"
#include "kernels/gain/gain_blocks.h"
#include "kernels/loudness/device_meter_on.h"
#include "kernels/stereo/device_stereo.h"

namespace lathe::bench {

// The parts of a pass on any launcher.
template <class Launcher>
DeviceParts<Launcher> parts_on() {
  return {[](Launcher& launcher, std::shared_ptr<const LinearPhaseEqDesign> design, int channels) {
            return std::unique_ptr<DeviceStage>(new DeviceEq<Launcher>(launcher, std::move(design), channels));
          },
          [](Launcher& launcher, std::shared_ptr<const StereoDesign> design, int channels) {
            return std::unique_ptr<DeviceStage>(new DeviceStereo<Launcher>(launcher, std::move(design), channels));
          },
          [](Launcher& launcher, double gain) {
            return std::unique_ptr<DeviceStage>(new DeviceGain<Launcher>(launcher, gain));
          },
          [](Launcher& launcher, DeviceMeter::Setup setup) {
            return std::unique_ptr<DeviceMeter>(new DeviceMeterOn<Launcher>(launcher, std::move(setup)));
          }};
}

// Hands everything to a launcher that outlives it.
template <class Base>
class LauncherOver {
 public:
  template <class T>
  using Buffer = typename Base::template Buffer<T>;
  template <class T>
  using HostBuffer = typename Base::template HostBuffer<T>;
  using Mark = typename Base::Mark;

  explicit LauncherOver(Base& base) : base_(base) {}

  template <class T>
  Buffer<T> make_buffer(std::int64_t size) {
    return base_.template make_buffer<T>(size);
  }
  template <class T>
  HostBuffer<T> make_host_buffer(std::int64_t size) {
    return base_.template make_host_buffer<T>(size);
  }
  template <class T>
  void upload(const T* from, std::int64_t count, T* to) {
    base_.upload(from, count, to);
  }
  template <class T>
  void download(const T* from, std::int64_t count, T* to) {
    base_.download(from, count, to);
  }
  template <class T>
  void download_rows(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t count, T* to,
                     std::int64_t to_stride) {
    base_.download_rows(from, from_stride, rows, count, to, to_stride);
  }
  template <class T>
  void copy_rows(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t count, T* to,
                 std::int64_t to_stride) {
    base_.copy_rows(from, from_stride, rows, count, to, to_stride);
  }
  template <class T>
  void fill_zero(T* data, std::int64_t count) {
    base_.fill_zero(data, count);
  }
  template <class Kernel>
  void launch(const Kernel& kernel, std::int64_t blocks) {
    base_.launch(kernel, blocks);
  }
  std::int64_t transforms_at_once(std::int64_t points) const { return base_.transforms_at_once(points); }
  BatchFft& fft(std::int64_t points, std::int64_t batch) { return base_.fft(points, batch); }
  Mark mark() { return base_.mark(); }
  void wait(const Mark& mark) { base_.wait(mark); }
  void synchronize() { base_.synchronize(); }
  void settle() noexcept { base_.settle(); }

 protected:
  Base& base_;
};

// Found by the meter for launchers of this namespace.
template <class Base>
LoudnessLevels loudness_levels(LauncherOver<Base>& launcher, block::GlobalSpan<const double> hops,
                               double sample_rate_hz) {
  std::vector<double> on_host(static_cast<std::size_t>(hops.size));
  launcher.download(hops.data, hops.size, on_host.data());
  launcher.synchronize();
  block::CpuLauncher cpu;
  return block::loudness_levels(cpu, {on_host.data(), hops.size}, sample_rate_hz);
}

// With as many transforms at once as fill `bytes`.
template <class Base>
class BatchedLauncher final : public LauncherOver<Base> {
 public:
  BatchedLauncher(Base& base, std::int64_t bytes) : LauncherOver<Base>(base), bytes_(bytes) {}

  std::int64_t transforms_at_once(std::int64_t points) const {
    return std::max<std::int64_t>(1, bytes_ / (8 * points));
  }

 private:
  std::int64_t bytes_;
};

// Our own kernels on the device, but transforms and gating on the CPU: sanitizers then see no library's kernels.
template <class Base>
class HostFftLauncher final : public LauncherOver<Base> {
 public:
  using LauncherOver<Base>::LauncherOver;

  BatchFft& fft(std::int64_t points, std::int64_t batch) {
    auto& fft = ffts_[{points, batch}];
    if (!fft) fft = std::make_unique<HostFft>(this->base_, points, batch);
    return *fft;
  }

 private:
  class HostFft final : public BatchFft {
   public:
    HostFft(Base& base, std::int64_t points, std::int64_t batch)
        : BatchFft(points, batch),
          base_(base),
          fft_(cpu::make_batch_fft(points, batch)),
          values_(static_cast<std::size_t>(points * batch)) {}
    void forward(Complex32* data) override {
      on_host(data, [this] { fft_->forward(values_.data()); });
    }
    void inverse(Complex32* data) override {
      on_host(data, [this] { fft_->inverse(values_.data()); });
    }

   private:
    template <class Transform>
    void on_host(Complex32* data, Transform&& transform) {
      const auto count = static_cast<std::int64_t>(values_.size());
      base_.download(std::as_const(data), count, values_.data());
      base_.synchronize();
      transform();
      base_.upload(values_.data(), count, data);
      base_.synchronize();
    }

    Base& base_;
    std::unique_ptr<BatchFft> fft_;
    AlignedArray<Complex32> values_;
  };

  std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<HostFft>> ffts_;
};

// Notes when the device comes to the end of each step: each kernel, transform, copy and clearing.
template <class Base>
class TimedLauncher final : public LauncherOver<Base> {
  using Over = LauncherOver<Base>;

 public:
  struct Step {
    std::string name;
    std::int64_t calls = 0;
    double seconds = 0;  // from the end of the step before to the end of this one
  };

  using Over::Over;

  // Forgets what was noted; time counts from here.
  void begin() {
    ends_.clear();
    begin_ = this->base_.mark();
  }

  // Waits for the device. Steps of one name together, in the order they first came.
  std::vector<Step> steps() {
    this->base_.synchronize();
    std::vector<Step> steps;
    const typename Base::Mark* last = &begin_;
    for (const auto& [name, end] : ends_) {
      auto step = std::find_if(steps.begin(), steps.end(), [&name = name](const Step& s) { return s.name == name; });
      if (step == steps.end()) step = steps.insert(steps.end(), Step{name});
      ++step->calls;
      step->seconds += end.seconds_since(*last);
      last = &end;
    }
    return steps;
  }

  template <class T>
  void upload(const T* from, std::int64_t count, T* to) {
    Over::upload(from, count, to);
    note("copy to the device");
  }
  template <class T>
  void download(const T* from, std::int64_t count, T* to) {
    Over::download(from, count, to);
    note("copy from the device");
  }
  template <class T>
  void copy_rows(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t count, T* to,
                 std::int64_t to_stride) {
    Over::copy_rows(from, from_stride, rows, count, to, to_stride);
    note("copy within the device");
  }
  template <class T>
  void fill_zero(T* data, std::int64_t count) {
    Over::fill_zero(data, count);
    note("clear");
  }
  template <class Kernel>
  void launch(const Kernel& kernel, std::int64_t blocks) {
    Over::launch(kernel, blocks);
    note(name_of(typeid(Kernel)));
  }
  BatchFft& fft(std::int64_t points, std::int64_t batch) {
    auto& fft = ffts_[{points, batch}];
    if (!fft) fft = std::make_unique<TimedFft>(*this, points, batch);
    return *fft;
  }

 private:
  class TimedFft final : public BatchFft {
   public:
    TimedFft(TimedLauncher& launcher, std::int64_t points, std::int64_t batch)
        : BatchFft(points, batch), launcher_(launcher) {}
    // Asked for anew each time: the launcher may have dropped the plan for others.
    void forward(Complex32* data) override {
      launcher_.base_.fft(points(), batch()).forward(data);
      launcher_.note("transform of " + std::to_string(points()));
    }
    void inverse(Complex32* data) override {
      launcher_.base_.fft(points(), batch()).inverse(data);
      launcher_.note("transform of " + std::to_string(points()) + ", back");
    }

   private:
    TimedLauncher& launcher_;
  };

  // A type's name without its namespaces.
  static std::string name_of(const std::type_info& type) {
    int status = 0;
    char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
    std::string name = status == 0 ? text : type.name();
    std::free(text);
    const std::size_t colon = name.rfind(':');
    return colon == std::string::npos ? name : name.substr(colon + 1);
  }

  void note(std::string name) { ends_.emplace_back(std::move(name), this->base_.mark()); }

  typename Base::Mark begin_ = this->base_.mark();
  std::vector<std::pair<std::string, typename Base::Mark>> ends_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<TimedFft>> ffts_;
};

}  // namespace lathe::bench
