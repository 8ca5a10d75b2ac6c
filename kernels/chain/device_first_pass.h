// The first pass on a device, on one launcher: CUDA's, or the CPU's for block kernels.
//
// The file's integers go up in segments, as they come; a window of planar floats holds a segment with the halo that the
// steps ask for, and what comes out of the last step comes down. While the device works on a segment, the host reads
// the next and hands on the one before.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/chain/first_pass.h"
#include "kernels/chain/segment_plan.h"
#include "kernels/device_stage.h"
#include "kernels/loudness/device_meter.h"
#include "kernels/pcm/unpack_block.h"

namespace lathe {

// What a backend makes the parts of a pass with: its launcher is its own.
template <class Launcher>
struct DeviceParts {
  std::unique_ptr<DeviceStage> (*make_eq)(Launcher&, std::shared_ptr<const LinearPhaseEqDesign>, int channels);
  std::unique_ptr<DeviceStage> (*make_stereo)(Launcher&, std::shared_ptr<const StereoDesign>, int channels);
  std::unique_ptr<DeviceStage> (*make_gain)(Launcher&, double gain);
  std::unique_ptr<DeviceMeter> (*make_meter)(Launcher&, DeviceMeter::Setup);
  std::unique_ptr<DeviceStage> (*make_compressor)(Launcher&, std::shared_ptr<const CompressorDesign>,
                                                  int channels) = nullptr;
  std::unique_ptr<DeviceStage> (*make_gain_ride)(Launcher&, std::shared_ptr<const GainRide>) = nullptr;
};

template <class Launcher>
class DeviceFirstPass final : public FirstPass {
 public:
  DeviceFirstPass(Launcher& launcher, const DeviceParts<Launcher>& parts, FirstPassSetup setup, AudioSink* out)
      : launcher_(launcher), setup_(std::move(setup)), out_(out), channels_(setup_.channels()) {
    std::int64_t halo = 0;
    for (const ChainStep& step : setup_.steps) {
      stages_.push_back(stage_of(parts, step));
      halo += stages_.back()->halo_frames();
    }
    plan_ = SegmentPlan::of(setup_, halo);
    frame_bytes_ = channels_ * bytes_per_sample(setup_.encoding);
    make_meters(parts);
    make_buffers();
  }

  ~DeviceFirstPass() override { launcher_.settle(); }

  std::byte* room(std::int64_t& frames) override {
    frames = std::min(frames, wanted() - filled_);
    return slots_[slot_].bytes.data() + filled_ * frame_bytes_;
  }

  void take(std::int64_t frames) override {
    filled_ += frames;
    taken_ += frames;
    if (filled_ == wanted() && taken_ < setup_.frames) submit();
  }

  FirstPassResult finish() override {
    if (taken_ != setup_.frames) throw std::logic_error("FirstPass: not all frames of the track came");
    while (done_ < setup_.frames) submit();
    while (in_flight_ > 0) hand_on();
    if (out_ != nullptr) out_->finish();
    FirstPassResult result;
    result.non_finite = bad_;
    result.before = std::move(before_->finish().front());
    if (staged_) result.staged = std::move(staged_->finish().front());
    for (const auto& stage : stages_) result.accounts.push_back(stage->account());
    return result;
  }

 private:
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;
  template <class T>
  using HostBuffer = typename Launcher::template HostBuffer<T>;

  // What a segment needs until the host has seen its results.
  struct Slot {
    HostBuffer<std::byte> bytes;
    HostBuffer<float> samples;
    HostBuffer<std::int64_t> bad;  // counts of the unpacking blocks, then the first of each
    typename Launcher::Mark mark;
    std::int64_t first_taken = 0;  // frame of the track that the bytes begin with
    std::int64_t frames = 0;       // of output
    std::int64_t bad_blocks = 0;
  };

  std::unique_ptr<DeviceStage> stage_of(const DeviceParts<Launcher>& parts, const ChainStep& step) {
    if (const auto* eq = std::get_if<std::shared_ptr<const LinearPhaseEqDesign>>(&step))
      return parts.make_eq(launcher_, *eq, channels_);
    if (const auto* stereo = std::get_if<std::shared_ptr<const StereoDesign>>(&step))
      return parts.make_stereo(launcher_, *stereo, channels_);
    if (const auto* compressor = std::get_if<std::shared_ptr<const CompressorDesign>>(&step))
      return parts.make_compressor(launcher_, *compressor, channels_);
    if (const auto* ride = std::get_if<std::shared_ptr<const GainRide>>(&step))
      return parts.make_gain_ride(launcher_, *ride);
    return parts.make_gain(launcher_, std::get<double>(step));
  }

  // Frames of new input for the segment in hand: the first takes the halo behind it as well.
  std::int64_t wanted() const { return plan_.frames + (done_ == 0 ? plan_.halo : 0); }

  void make_meters(const DeviceParts<Launcher>& parts) {
    DeviceMeter::Setup meter{setup_.sample_rate_hz,           setup_.weights, {setup_.frames}, true,
                             setup_.trace && stages_.empty(), plan_.frames};
    before_ = parts.make_meter(launcher_, meter);
    if (stages_.empty()) return;
    meter.true_peak = setup_.staged_true_peak;
    meter.trace = setup_.trace;
    staged_ = parts.make_meter(launcher_, meter);
  }

  void make_buffers() {
    const std::int64_t bytes = (plan_.frames + plan_.halo) * frame_bytes_ + static_cast<std::int64_t>(kPcmSlackBytes);
    for (Slot& slot : slots_) {
      slot.bytes = launcher_.template make_host_buffer<std::byte>(bytes);
      if (out_ != nullptr) slot.samples = launcher_.template make_host_buffer<float>(plan_.frames * channels_);
      slot.bad = launcher_.template make_host_buffer<std::int64_t>(2 * bad_blocks());
    }
    raw_ = launcher_.template make_buffer<std::uint32_t>(block::UnpackPcm::words_for(bytes));
    bad_found_ = launcher_.template make_buffer<std::int64_t>(2 * bad_blocks());
    window_ = launcher_.template make_buffer<float>(channels_ * window_frames());
    launcher_.fill_zero(window_.data(), window_.size());
    moved_ = launcher_.template make_buffer<float>(channels_ * 2 * plan_.halo);
    for (std::size_t i = 0; i < std::min<std::size_t>(stages_.size(), 2); ++i)
      between_[i] = launcher_.template make_buffer<float>(channels_ * window_frames() + kSegmentAlign);
    const std::vector<std::int64_t> frames(static_cast<std::size_t>(channels_), setup_.frames);
    track_frames_ = launcher_.template make_buffer<std::int64_t>(channels_);
    launcher_.upload(frames.data(), channels_, track_frames_.data());
    launcher_.synchronize();
  }

  std::int64_t window_frames() const { return plan_.frames + 2 * plan_.halo; }
  std::int64_t bad_blocks() const { return block::UnpackPcm::blocks((plan_.frames + plan_.halo) * channels_); }
  block::GlobalSpan<const std::int64_t> track_frames() const { return track_frames_.span(); }

  // Frame n of the window is frame done_ - halo + n of the track.
  void submit() {
    Slot& slot = slots_[slot_];
    if (done_ > 0) move_window();
    unpack(slot);
    const std::int64_t count = std::min(plan_.frames, setup_.frames - done_);
    const block::InputRows window{window_.data(), channels_, window_frames(), window_frames(), done_ - plan_.halo};
    before_->measure(window, done_, count, track_frames());
    const block::InputRows staged = run_stages(window, count);
    if (staged_) staged_->measure(staged, done_, count, track_frames());
    if (out_ != nullptr) {
      launcher_.download_rows(staged.data + DeviceMeter::kHaloFrames, staged.stride, channels_, count,
                              slot.samples.data(), plan_.frames);
    }
    slot.frames = count;
    slot.mark = launcher_.mark();
    done_ += count;
    filled_ = 0;
    slot_ = 1 - slot_;
    if (++in_flight_ == 2) hand_on();
  }

  // The end of the window, which the next segment sees as its past and its beginning, goes to the window's front.
  void move_window() {
    const std::int64_t kept = 2 * plan_.halo, stride = window_frames();
    launcher_.copy_rows(std::as_const(window_).data() + plan_.frames, stride, channels_, kept, moved_.data(), kept);
    launcher_.copy_rows(std::as_const(moved_).data(), kept, channels_, kept, window_.data(), stride);
  }

  void unpack(Slot& slot) {
    const std::int64_t at = done_ == 0 ? plan_.halo : 2 * plan_.halo,
                       words = block::UnpackPcm::words_for(filled_ * frame_bytes_);
    slot.first_taken = taken_ - filled_;
    slot.bad_blocks = block::UnpackPcm::blocks(filled_ * channels_);
    if (filled_ > 0) {
      launcher_.upload(reinterpret_cast<const std::uint32_t*>(slot.bytes.data()), words, raw_.data());
      const block::OutputRows to{window_.data() + at, channels_, filled_, window_frames(), 0};
      const block::UnpackPcm unpack{{raw_.data(), words},
                                    setup_.encoding,
                                    to,
                                    setup_.scrub,
                                    {bad_found_.data(), slot.bad_blocks},
                                    {bad_found_.data() + slot.bad_blocks, slot.bad_blocks}};
      launcher_.launch(unpack, slot.bad_blocks);
      if (is_float(setup_.encoding))
        launcher_.download(std::as_const(bad_found_).data(), 2 * slot.bad_blocks, slot.bad.data());
    }
    // Behind the track's end there is silence.
    const std::int64_t end = at + filled_, left = window_frames() - end;
    if (left == 0) return;
    for (std::int64_t c = 0; c < channels_; ++c) launcher_.fill_zero(window_.data() + c * window_frames() + end, left);
  }

  // Returns the output of the last stage: frames [done_ - kHaloFrames, done_ + count + kHaloFrames).
  block::InputRows run_stages(const block::InputRows& window, std::int64_t count) {
    std::int64_t reach = plan_.halo;
    block::InputRows from = window.slice(0, count + 2 * reach);
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      reach -= stages_[i]->halo_frames();
      // Frame done_ lies at a multiple of kSegmentAlign in every row.
      const std::int64_t shift = kSegmentAlign - reach % kSegmentAlign;
      const block::OutputRows to{between_[i % 2].data() + shift, channels_, count + 2 * reach, window_frames(),
                                 done_ - reach};
      stages_[i]->run(from, to, track_frames());
      from = to;
    }
    return from.slice(reach - DeviceMeter::kHaloFrames, count + 2 * DeviceMeter::kHaloFrames);
  }

  // The oldest segment that is under way.
  void hand_on() {
    Slot& slot = slots_[(slot_ + 2 - in_flight_) % 2];
    launcher_.wait(slot.mark);
    --in_flight_;
    if (setup_.trace) (staged_ ? staged_ : before_)->collect(in_flight_);
    note_bad(slot);
    if (out_ != nullptr) out_->take(AudioView{slot.samples.data(), channels_, slot.frames, plan_.frames});
  }

  void note_bad(const Slot& slot) {
    if (!is_float(setup_.encoding)) return;
    for (std::int64_t b = 0; b < slot.bad_blocks; ++b) {
      const std::int64_t count = slot.bad.data()[b], first = slot.bad.data()[slot.bad_blocks + b];
      if (count > 0 && bad_.count == 0) {
        const std::int64_t sample = slot.first_taken * channels_ + first;
        bad_.first_frame = sample / channels_;
        bad_.first_channel = static_cast<int>(sample % channels_);
      }
      bad_.count += count;
    }
  }

  Launcher& launcher_;
  FirstPassSetup setup_;
  AudioSink* out_;
  int channels_;
  std::vector<std::unique_ptr<DeviceStage>> stages_;
  SegmentPlan plan_;
  std::int64_t frame_bytes_ = 0;
  std::unique_ptr<DeviceMeter> before_, staged_;
  Slot slots_[2];
  Buffer<std::uint32_t> raw_;
  Buffer<std::int64_t> bad_found_, track_frames_;
  Buffer<float> window_, moved_, between_[2];
  std::int64_t filled_ = 0;  // frames in the slot in hand
  std::int64_t taken_ = 0;   // of input
  std::int64_t done_ = 0;    // of output, asked for
  int slot_ = 0, in_flight_ = 0;
  NonFinite bad_;
};

}  // namespace lathe
