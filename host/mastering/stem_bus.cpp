#include "host/mastering/stem_bus.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "host/mastering/output_writer.h"
#include "kernels/gain/gain.h"

namespace lathe {
namespace {

using CompressorStep = std::shared_ptr<const CompressorDesign>;

struct Nowhere final : AudioSink {
  void take(AudioView) override {}
  void finish() override {}
};

std::unique_ptr<Stage> fixed_stage(const ChainStep& step, int channels) {
  if (const auto* eq = std::get_if<std::shared_ptr<const LinearPhaseEqDesign>>(&step))
    return cpu::make_linear_phase_eq(*eq, channels);
  if (const auto* stereo = std::get_if<std::shared_ptr<const StereoDesign>>(&step))
    return cpu::make_stereo(*stereo, channels);
  if (const auto* ride = std::get_if<std::shared_ptr<const GainRide>>(&step))
    return cpu::make_gain_ride(*ride, channels);
  return cpu::make_gain(std::get<double>(step), channels);
}

}  // namespace

std::string why_not_on_stems(const ChainStage& stage) {
  if (changes_nothing(stage)) return {};
  if (std::holds_alternative<RestorationStage>(stage)) {
    return std::string(stage_name(stage)) +
           " on the bus mends the mix as a whole, and what it does to one stem is unknown: put it into the stems' "
           "chains";
  }
  if (const auto* stereo = std::get_if<StereoStage>(&stage);
      stereo != nullptr && stereo->settings.limits().holds_anything()) {
    return "stereo with min_correlation or max_mono_loss_db moves with what it hears, side against mid: take these "
           "away, or put the stage into the stems' chains";
  }
  return {};
}

class StemBus::StoredGains final : public KeptGains {
 public:
  StoredGains(const std::filesystem::path& spool_dir, int rows, std::int64_t values)
      : store_(spool_dir.empty() ? FrameStore(arena_, rows, values) : FrameStore(spool_dir, rows, values)) {}

  void append(AudioView gains) override { store_.append(gains); }
  AudioView read(std::int64_t first_group, std::int64_t groups) override { return store_.read(first_group, groups); }

 private:
  FrameArena arena_;
  FrameStore store_;
};

StemBus::StemBus(std::vector<ChainStep> steps, int channels, std::int64_t frames, std::filesystem::path spool_dir)
    : steps_(std::move(steps)), channels_(channels), frames_(frames), gains_(steps_.size()) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto* compressor = std::get_if<CompressorStep>(&steps_[i]);
    if (compressor == nullptr) continue;
    gains_[i] =
        std::make_unique<StoredGains>(spool_dir, kept_gain_rows(**compressor, channels), kept_gain_values(frames));
  }
}

std::int64_t StemBus::kept_bytes(const std::vector<ChainStep>& steps, int channels, std::int64_t frames) {
  std::int64_t bytes = 0;
  for (const ChainStep& step : steps) {
    if (const auto* compressor = std::get_if<CompressorStep>(&step))
      bytes += 4 * kept_gain_rows(**compressor, channels) * kept_gain_values(frames);
  }
  return bytes;
}

// Nothing behind the last step whose gains have to be known is of use.
void StemBus::learn(const Render& mix, const Check& check) {
  const auto last = std::find_if(gains_.rbegin(), gains_.rend(), [](const auto& gains) { return gains != nullptr; });
  if (last == gains_.rend()) return;
  Nowhere nowhere;
  push(mix, stages(Way::learning, static_cast<std::size_t>(gains_.rend() - last)), nowhere, check);
}

void StemBus::run(const Render& stem, AudioSink& out, const Check& check) {
  push(stem, stages(Way::running, steps_.size()), out, check);
}

std::vector<std::unique_ptr<Stage>> StemBus::stages(Way way, std::size_t count) const {
  std::vector<std::unique_ptr<Stage>> made;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* compressor = std::get_if<CompressorStep>(&steps_[i]);
    if (compressor == nullptr) {
      made.push_back(fixed_stage(steps_[i], channels_));
    } else if (way == Way::learning) {
      made.push_back(cpu::make_keeping_compressor(*compressor, channels_, *gains_[i]));
    } else {
      made.push_back(cpu::make_keyed_compressor(*compressor, channels_, *gains_[i]));
    }
  }
  return made;
}

void StemBus::push(const Render& render, std::vector<std::unique_ptr<Stage>> stages, AudioSink& out,
                   const Check& check) const {
  AudioSink* first = &out;
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    (*stage)->connect(*first);
    first = stage->get();
  }
  constexpr std::int64_t kBlock = BlockBuffers::kFrames;
  AlignedArray<float> planes(static_cast<std::size_t>(kBlock * channels_));
  for (std::int64_t at = 0; at < frames_; at += kBlock) {
    check();
    const MutableAudioView frames{planes.data(), channels_, std::min(kBlock, frames_ - at), kBlock};
    render(at, frames);
    first->take(frames);
  }
  first->finish();
}

}  // namespace lathe
