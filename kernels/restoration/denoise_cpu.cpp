// The denoiser's passes in lanes: sixteen frames side by side.
#include <algorithm>

#include "kernels/restoration/denoise_passes.h"
#include "kernels/restoration/pair_denoiser.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

const DenoiseKernels& kernels() {
  return pick_level(sse2::denoise_kernels, avx2::denoise_kernels, avx512::denoise_kernels);
}

// All channels through the windows of one bank.
class BankRun {
 public:
  BankRun(const DenoiseTransform& transform, const std::vector<PairWeights>& weights, const HissGain& gain)
      : transform_(transform) {
    for (const PairWeights& pair : weights) pairs_.emplace_back(transform, pair, gain);
  }

  std::int64_t block() const { return kFftLanes * transform_.hop(); }

  // The next group of frames, of which the first starts `lead` frames before the track.
  void push(TrackReader& track, std::int64_t lead) {
    const AudioView in = track.read(group_++ * block() - lead, transform_.span(transform_.hop()));
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      const int c = static_cast<int>(2 * p);
      pairs_[p].push(in.channel(c), c + 1 < in.channels ? in.channel(c + 1) : nullptr);
    }
  }

  // What the group before the last one pushed takes away.
  const float* removed(int channel) const { return pairs_[static_cast<std::size_t>(channel) / 2].removed(channel % 2); }

 private:
  const DenoiseTransform& transform_;
  std::vector<PairDenoiser> pairs_;
  std::int64_t group_ = 0;
};

class LanePasses final : public DenoisePasses {
 public:
  LanePasses(Tier tier, double sample_rate_hz)
      : sample_rate_hz_(sample_rate_hz),
        survey_transform_(noise_survey_transform(sample_rate_hz)),
        banks_(denoise_banks(tier, sample_rate_hz)) {}

  NoiseSurvey survey(TrackReader& track, std::int64_t from, std::int64_t to) override {
    return survey_noise(survey_transform_, sample_rate_hz_, track, from, to, kMostSurveyedFrames);
  }

  double remove(TrackReader& track, const std::vector<std::vector<PairWeights>>& weights, const HissGain& gain,
                AudioSink& out) override {
    const int channels = track.channels();
    const DenoiseTransform& longest = banks_.front().transform;
    const std::int64_t frames = track.frames(), lead = longest.points() - longest.hop();
    std::vector<BankRun> runs;
    for (std::size_t b = 0; b < banks_.size(); ++b) {
      runs.emplace_back(banks_[b].transform, weights[b], gain);
      runs.back().push(track, lead);
    }
    const std::int64_t block = runs.front().block();
    AlignedArray<float> removed(static_cast<std::size_t>(block * channels));
    double power = 0;
    for (std::int64_t start = -lead; start < frames; start += block) {
      take_away(track, runs, block, lead, removed);
      const std::int64_t from = std::max<std::int64_t>(start, 0), to = std::min(start + block, frames);
      if (to <= from) continue;
      const AudioView in = track.read(from, to - from);
      for (int c = 0; c < channels; ++c)
        power += kernels().subtract_from(in.channel(c), to - from, removed.data() + c * block + (from - start));
      out.take({removed.data() + (from - start), channels, to - from, block});
    }
    out.finish();
    return power;
  }

 private:
  // Fills `removed` (rows of `block` samples) with what all banks take from the next block.
  static void take_away(TrackReader& track, std::vector<BankRun>& runs, std::int64_t block, std::int64_t lead,
                        AlignedArray<float>& removed) {
    std::fill_n(removed.data(), removed.size(), 0.0f);
    for (BankRun& run : runs) {
      for (std::int64_t at = 0; at < block; at += run.block()) {
        run.push(track, lead);
        for (int c = 0; c < track.channels(); ++c)
          kernels().add(run.removed(c), run.block(), removed.data() + c * block + at);
      }
    }
  }

  double sample_rate_hz_;
  DenoiseTransform survey_transform_;
  std::vector<DenoiseBank> banks_;
};

}  // namespace

namespace cpu {

std::unique_ptr<Restorer> make_denoise(const DenoiseSettings& settings, const RestorationFormat& format) {
  check_denoise(settings, format);
  return make_denoise_on(std::make_unique<LanePasses>(settings.common.tier, format.sample_rate_hz), settings, format);
}

}  // namespace cpu
}  // namespace lathe
