// How fast a device does each stage on tracks that lie in its memory, and which of its steps take the time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/chain/device_first_pass.h"
#include "tests/bench/gpu_check_findings.h"
#include "tests/bench/gpu_check_job.h"
#include "tests/bench/gpu_check_launchers.h"

namespace lathe::bench {

// Copies of one stereo track of 24 bits at 44.1 kHz, each begun at another place.
struct SpeedShape {
  int tracks = 32;
  double seconds = 60;  // of a track
  int repeats = 7;      // after two that warm up; the median counts
  // Other ways to cut the equaliser of 8,191 taps that are timed beside what is used.
  std::vector<std::int64_t> transform_points{1 << 14, 1 << 15, 1 << 16, 1 << 17};
  std::vector<std::int64_t> mib_at_once{4, 8, 32, 64};
};

struct StageSpeed {
  std::string stage, of;     // "32 x 60 s"
  double audio_s = 0;        // of all tracks
  double seconds = 0;        // that the device takes
  DeviceStage::Work work{};  // as the stage counts it; 0 where it does not
};

struct StepTime {
  std::string stage, of, step;
  double calls = 0, seconds = 0, share = 0;  // in one run of the stage, and of its time
};

constexpr double kSpeedRateHz = 44100;

template <class Launcher>
class StagesOnDevice {
 public:
  StagesOnDevice(Launcher& launcher, const SpeedShape& shape)
      : launcher_(launcher),
        shape_(shape),
        frames_(static_cast<std::int64_t>(shape.seconds * kSpeedRateHz)),
        eq_(std::make_shared<const LinearPhaseEqDesign>(eq_of_8191_taps(), kSpeedRateHz)),
        bass_(std::make_shared<const LinearPhaseEqDesign>(eq_of_the_bass(), kSpeedRateHz)) {
    for (const auto& design : {eq_, bass_})
      halo_ = std::max(halo_, parts_on<Launcher>().make_eq(launcher, design, kChannels)->halo_frames());
    const Material material = made_up_material(1, kSpeedRateHz, kChannels, frames_, Encoding::pcm24);
    window_ = launcher.template make_buffer<float>(rows() * stride());
    out_ = launcher.template make_buffer<float>(rows() * frames_);
    raw_ = launcher.template make_buffer<std::uint32_t>(block::UnpackPcm::words_for(raw_bytes()));
    track_frames_ = launcher.template make_buffer<std::int64_t>(rows());
    launcher.fill_zero(window_.data(), window_.size());
    launcher.fill_zero(raw_.data(), raw_.size());
    for (std::int64_t t = 0; t < shape.tracks; ++t) {
      for (std::int64_t c = 0; c < kChannels; ++c)
        turned(material.rows[static_cast<std::size_t>(c)].data(), t, 1,
               window_.data() + (t * kChannels + c) * stride() + halo_);
      turned(material.bytes.data(), t, kFrameBytes,
             reinterpret_cast<std::byte*>(raw_.data()) + t * frames_ * kFrameBytes);
    }
    const std::vector<std::int64_t> of_rows(static_cast<std::size_t>(rows()), frames_);
    launcher.upload(of_rows.data(), rows(), track_frames_.data());
    launcher.synchronize();
  }

  // Each stage on all tracks at once. `parts` are those users get.
  std::vector<StageSpeed> time(const DeviceParts<Launcher>& parts) {
    std::vector<StageSpeed> speeds;
    const auto samples = static_cast<double>(rows() * frames_);
    const auto add = [&](std::string stage, double seconds, DeviceStage::Work work) {
      speeds.push_back({std::move(stage), of(), audio_s(), seconds, work});
    };
    add("unpack 24 bits", median_s([] {}, [&] { unpack(); }), {7 * samples, samples});
    const auto add_stage = [&](std::string name, std::unique_ptr<DeviceStage> stage) {
      DeviceStage::Work before;
      const double seconds = median_s([&] { before = stage->work(); }, [&] { run(*stage); });
      const DeviceStage::Work after = stage->work();
      add(std::move(name), seconds, {after.bytes - before.bytes, after.flops - before.flops});
    };
    add_stage("EQ of " + std::to_string(taps()) + " taps", parts.make_eq(launcher_, eq_, kChannels));
    const std::vector<double> of_taps = design_kernel(eq_of_8191_taps(), kSpeedRateHz).taps;
    for (const std::int64_t points : shape_.transform_points)
      time_transforms(speeds, launcher_, OverlapSaveKernel(of_taps, points), std::to_string(points) + " points");
    for (const std::int64_t mib : shape_.mib_at_once) {
      BatchedLauncher<Launcher> batched(launcher_, mib << 20);
      time_transforms(speeds, batched, OverlapSaveKernel(of_taps), std::to_string(mib) + " MiB at once");
    }
    add_stage("EQ of the bass", parts.make_eq(launcher_, bass_, kChannels));
    add_stage("gain", parts.make_gain(launcher_, 0.7));
    std::unique_ptr<DeviceMeter> meter;
    for (const bool true_peak : {true, false}) {
      const auto prepare = [&] { meter = parts.make_meter(launcher_, meter_setup(true_peak)); };
      const double seconds = median_s(prepare, [&] { measure(*meter); });
      add(true_peak ? "loudness with true peak" : "loudness alone", seconds, meter->work());
    }
    const auto measured = [&] {
      meter = parts.make_meter(launcher_, meter_setup(false));
      measure(*meter);
    };
    add("gating, with waits", median_s(measured, [&] { meter->finish(); }), {});
    return speeds;
  }

  std::vector<StepTime> time_steps() {
    TimedLauncher<Launcher> timed(launcher_);
    const auto parts = parts_on<TimedLauncher<Launcher>>();
    std::vector<StepTime> times;
    for (const auto& design : {eq_, bass_}) {
      const auto stage = parts.make_eq(timed, design, kChannels);
      const std::string name = design == eq_ ? "EQ of " + std::to_string(taps()) + " taps" : "EQ of the bass";
      add_steps(
          times, timed, name, [] {}, [&] { run(*stage); });
    }
    std::unique_ptr<DeviceMeter> meter;
    add_steps(
        times, timed, "loudness with true peak", [&] { meter = parts.make_meter(timed, meter_setup(true)); },
        [&] { measure(*meter); });
    return times;
  }

 private:
  static constexpr std::int64_t kChannels = 2, kFrameBytes = 6;
  static constexpr int kWarmUps = 2;
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;

  std::int64_t rows() const { return kChannels * shape_.tracks; }
  std::int64_t stride() const { return frames_ + 2 * halo_; }
  std::int64_t raw_bytes() const { return shape_.tracks * frames_ * kFrameBytes; }
  std::int64_t taps() const { return 2 * eq_->longest_half() + 1; }
  double audio_s() const { return static_cast<double>(shape_.tracks * frames_) / kSpeedRateHz; }
  std::string of() const {
    return std::to_string(shape_.tracks) + " x " + std::to_string(static_cast<int>(shape_.seconds)) + " s";
  }

  // Uploads frames of `values` values each, begun at another place for every track and brought round.
  template <class T>
  void turned(const T* from, std::int64_t track, std::int64_t values, T* to) {
    const std::int64_t first = track * 1'000'003 % frames_ * values, all = frames_ * values;
    launcher_.upload(from + first, all - first, to);
    launcher_.upload(from, first, to + (all - first));
  }

  block::InputRows input(std::int64_t halo) const {
    return block::InputRows{window_.data(), rows(), stride(), stride(), -halo_}.slice(halo_ - halo, frames_ + 2 * halo);
  }
  block::GlobalSpan<const std::int64_t> track_frames() const { return track_frames_.span(); }
  DeviceMeter::Setup meter_setup(bool true_peak) const {
    return {kSpeedRateHz, {1, 1}, std::vector<std::int64_t>(static_cast<std::size_t>(shape_.tracks), frames_),
            true_peak,    false,  frames_};
  }

  // All tracks as one that is as long as all of them.
  void unpack() {
    const std::int64_t frames = shape_.tracks * frames_;
    const block::UnpackPcm kernel{
        {raw_.data(), raw_.size()}, Encoding::pcm24, {out_.data(), kChannels, frames, frames, 0}, false, {}, {}};
    launcher_.launch(kernel, block::UnpackPcm::blocks(kChannels * frames));
  }
  void run(DeviceStage& stage) {
    stage.run(input(stage.halo_frames()), {out_.data(), rows(), frames_, frames_, 0}, track_frames());
  }
  void measure(DeviceMeter& meter) { meter.measure(input(DeviceMeter::kHaloFrames), 0, frames_, track_frames()); }

  // The same equaliser by transforms of other lengths, and of other numbers at once: which would be the best.
  template <class On>
  void time_transforms(std::vector<StageSpeed>& speeds, On& launcher, const OverlapSaveKernel& kernel,
                       const std::string& name) {
    OverlapSaveRows<On> pass(launcher, kernel, kernel, false, kChannels);
    DeviceStage::Work before;
    const double seconds =
        median_s([&] { before = pass.work(); },
                 [&] {
                   pass.run(input(pass.half()), {out_.data(), rows(), frames_, frames_, 0}, track_frames());
                 });
    const DeviceStage::Work after = pass.work();
    speeds.push_back({"the same by transforms of " + name,
                      of(),
                      audio_s(),
                      seconds,
                      {after.bytes - before.bytes, after.flops - before.flops}});
  }

  // Of the device's time for `work`, each time after `prepare`, which is not timed.
  template <class Prepare, class Work>
  double median_s(Prepare&& prepare, Work&& work) {
    std::vector<double> times;
    for (int i = -kWarmUps; i < shape_.repeats; ++i) {
      prepare();
      launcher_.synchronize();
      const auto began = launcher_.mark();
      work();
      const auto ended = launcher_.mark();
      launcher_.wait(ended);
      if (i >= 0) times.push_back(ended.seconds_since(began));
    }
    std::nth_element(times.begin(), times.begin() + shape_.repeats / 2, times.end());
    return times[static_cast<std::size_t>(shape_.repeats / 2)];
  }

  // Means of all repeats.
  template <class Prepare, class Work>
  void add_steps(std::vector<StepTime>& times, TimedLauncher<Launcher>& timed, const std::string& stage,
                 Prepare&& prepare, Work&& work) {
    const std::size_t first = times.size();
    for (int i = -kWarmUps; i < shape_.repeats; ++i) {
      prepare();
      launcher_.synchronize();
      timed.begin();
      work();
      const auto steps = timed.steps();
      if (i < 0) continue;
      if (times.size() == first) {
        for (const auto& step : steps) times.push_back({stage, of(), step.name, 0, 0, 0});
      }
      for (std::size_t s = 0; s < steps.size(); ++s) {
        times[first + s].calls += static_cast<double>(steps[s].calls) / shape_.repeats;
        times[first + s].seconds += steps[s].seconds / shape_.repeats;
      }
    }
    double all = 0;
    for (std::size_t s = first; s < times.size(); ++s) all += times[s].seconds;
    for (std::size_t s = first; s < times.size(); ++s) times[s].share = times[s].seconds / all;
  }

  Launcher& launcher_;
  SpeedShape shape_;
  std::int64_t frames_;
  std::int64_t halo_ = DeviceMeter::kHaloFrames;  // the most that any stage asks for
  std::shared_ptr<const LinearPhaseEqDesign> eq_, bass_;
  Buffer<float> window_, out_;
  Buffer<std::uint32_t> raw_;
  Buffer<std::int64_t> track_frames_;
};

// The table "speed" with shares of `copy_bytes_s`, and the checks that follow from it, on the first shape: the long
// equaliser and the meter each move the bytes they count at half of that speed at least.
void print_speeds(Findings& findings, const std::vector<StageSpeed>& speeds, double copy_bytes_s);

// The table "kernels".
void print_steps(Findings& findings, const std::vector<StepTime>& times);

// Passes over a track as the recipe `streaming` has it, from the bytes of its file to the samples for the limiter:
// `threads` threads at once, `passes` one after another in each, after one that warms up. From memory: no file is read.
StageSpeed time_passes(const OpenBackend& open, double seconds, int threads, int passes);

}  // namespace lathe::bench
