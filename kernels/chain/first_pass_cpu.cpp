// The first pass on the CPU: blocks of frames pushed through unpacking, meters and stages while they are in the cache.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kernels/aligned.h"
#include "kernels/chain/first_pass.h"
#include "kernels/gain/gain.h"
#include "kernels/loudness/loudness_meter.h"

namespace lathe::cpu {
namespace {

class CpuFirstPass final : public FirstPass {
 public:
  CpuFirstPass(FirstPassSetup setup, AudioSink* out)
      : setup_(std::move(setup)),
        frame_bytes_(setup_.channels() * bytes_per_sample(setup_.encoding)),
        bytes_(static_cast<std::size_t>(kBlock * frame_bytes_) + kPcmSlackBytes),
        work_(static_cast<std::size_t>(kBlock * setup_.channels())),
        before_({setup_.sample_rate_hz, setup_.weights, true, setup_.trace && setup_.steps.empty(), setup_.frames,
                 setup_.trace_memory}),
        end_(out) {
    for (const ChainStep& step : setup_.steps) stages_.push_back(stage_of(step));
    if (!stages_.empty()) {
      end_.meter.emplace(LoudnessMeter::Setup{setup_.sample_rate_hz, setup_.weights, setup_.staged_true_peak,
                                              setup_.trace, setup_.frames, setup_.trace_memory});
    }
    first_ = &end_;
    for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
      (*stage)->connect(*first_);
      first_ = stage->get();
    }
  }

  std::byte* room(std::int64_t& frames) override {
    frames = std::min(frames, kBlock);
    return bytes_.data();
  }

  void take(std::int64_t count) override {
    const MutableAudioView frames{work_.data(), setup_.channels(), count, kBlock};
    unpack_pcm(bytes_.data(), setup_.encoding, frames);
    if (is_float(setup_.encoding)) note_non_finite(find_non_finite(frames, setup_.scrub));
    taken_ += count;
    if (bad_.count > 0 && !setup_.scrub) return;
    before_.take(frames);
    first_->take(frames);
  }

  void take_planes(AudioView all) override {
    if (setup_.encoding != Encoding::float32 || setup_.scrub) return FirstPass::take_planes(all);
    for (std::int64_t first = 0; first < all.frames; first += kBlock) {
      const AudioView frames = all.slice(first, std::min(kBlock, all.frames - first));
      note_non_finite(find_non_finite(frames));
      taken_ += frames.frames;
      if (bad_.count > 0) continue;
      before_.take(frames);
      first_->take(frames);
    }
  }

  FirstPassResult finish() override {
    if (taken_ != setup_.frames) throw std::logic_error("FirstPass: not all frames of the track came");
    FirstPassResult result;
    result.non_finite = bad_;
    before_.finish();
    first_->finish();
    result.before = before_.take_reading();
    if (end_.meter) result.staged = end_.meter->take_reading();
    for (const auto& stage : stages_) result.accounts.push_back(stage->account());
    return result;
  }

 private:
  static constexpr std::int64_t kBlock = 16384;

  // Where the stages' output is measured and handed on.
  struct End final : AudioSink {
    explicit End(AudioSink* next) : out(next) {}
    void take(AudioView frames) override {
      if (out != nullptr) out->take(frames);
      if (meter) meter->take(frames);
    }
    void finish() override {
      if (out != nullptr) out->finish();
      if (meter) meter->finish();
    }
    AudioSink* out;
    std::optional<LoudnessMeter> meter;
  };

  std::unique_ptr<Stage> stage_of(const ChainStep& step) const {
    if (const auto* eq = std::get_if<std::shared_ptr<const LinearPhaseEqDesign>>(&step))
      return make_linear_phase_eq(*eq, setup_.channels());
    if (const auto* stereo = std::get_if<std::shared_ptr<const StereoDesign>>(&step))
      return make_stereo(*stereo, setup_.channels());
    if (const auto* compressor = std::get_if<std::shared_ptr<const CompressorDesign>>(&step))
      return make_compressor(*compressor, setup_.channels());
    if (const auto* ride = std::get_if<std::shared_ptr<const GainRide>>(&step))
      return make_gain_ride(*ride, setup_.channels());
    return make_gain(std::get<double>(step), setup_.channels());
  }

  void note_non_finite(NonFinite found) {
    if (found.count > 0 && bad_.count == 0) {
      bad_.first_frame = taken_ + found.first_frame;
      bad_.first_channel = found.first_channel;
    }
    bad_.count += found.count;
  }

  FirstPassSetup setup_;
  std::int64_t frame_bytes_;
  AlignedArray<std::byte> bytes_;
  AlignedArray<float> work_;
  LoudnessMeter before_;
  End end_;
  std::vector<std::unique_ptr<Stage>> stages_;
  AudioSink* first_ = nullptr;
  NonFinite bad_;
  std::int64_t taken_ = 0;
};

}  // namespace

std::unique_ptr<FirstPass> make_first_pass(FirstPassSetup setup, AudioSink* out) {
  return std::make_unique<CpuFirstPass>(std::move(setup), out);
}

}  // namespace lathe::cpu
