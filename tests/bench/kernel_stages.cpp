// The kernels on a whole track in memory, in the blocks that the program uses; each with what it costs by its
// equations.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "host/mastering/recipe_chain.h"
#include "host/recipe/recipe.h"
#include "kernels/dynamics/compressor.h"
#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/limiter/limiter.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/math/decibel.h"
#include "kernels/pcm/pcm.h"
#include "tests/bench/stage_table.h"

namespace lathe::bench {
namespace {

constexpr std::int64_t kBlock = 16384;  // frames: as host/mastering pushes them

class Discard final : public AudioSink {
 public:
  void take(AudioView) override {}
  void finish() override {}
};

template <class Push>
void in_blocks(AudioView audio, Push&& push) {
  for (std::int64_t first = 0; first < audio.frames; first += kBlock)
    push(audio.slice(first, std::min(kBlock, audio.frames - first)), first);
}

void time_unpack(StageTable& table) {
  const Music& music = table.music();
  AlignedArray<float> out(static_cast<std::size_t>(2 * music.stride));
  // One multiplication by 2^-23; 3 bytes in, 4 out.
  table.time("unpack 24-bit PCM", {1, 0, 3 + 4}, [&] {
    for (std::int64_t first = 0; first < music.frames; first += kBlock) {
      unpack_pcm(music.pcm24.data() + 6 * first, Encoding::pcm24,
                 MutableAudioView{out.data() + first, 2, std::min(kBlock, music.frames - first), music.stride});
    }
  });
}

void time_meter(StageTable& table, const std::string& name, bool true_peak) {
  // The filter's equations (k_filter.h): 9 for the high-pass, 8 for the shelf, 2 for the energy, and 4 multiply-adds
  // that carry a sample to the next lane's state; a maximum for the sample peak. What true peak interpolates depends on
  // the music (only where the answer could be) and is not counted.
  const SampleCost cost{9 + 8 + 2 + 8 + 1, 0, 4};
  table.time(name, cost, [&] {
    LoudnessMeter meter({kSampleRateHz, {1.0, 1.0}, true_peak, false});
    in_blocks(table.music().view(), [&](AudioView block, std::int64_t) { meter.take(block); });
    meter.finish();
  });
}

// Every group, as if each could hold the peak. For each two of T taps a sum, a difference and P - 1 multiply-adds
// (interpolation.h); for each two phases a sum and a maximum, and one more for the middle one.
void time_interpolation(StageTable& table, const std::string& name, const InterpolationBank& bank,
                        std::vector<float>& peaks) {
  const AudioView audio = table.music().view();
  const std::int64_t frames = (audio.frames + 15) / 16 * 16;
  table.time(name, {static_cast<double>(bank.taps * bank.phases + bank.phases - 1), 0, 4 + 4.0 / kPeakGroup}, [&] {
    std::fill(peaks.begin(), peaks.end(), 0.0f);
    for (std::int64_t first = 0; first < frames; first += kBlock) {
      for (int c = 0; c < 2; ++c) {
        interpolation_kernels().group_peaks(bank, audio.channel(c) + first, std::min(kBlock, frames - first),
                                            peaks.data() + first / kPeakGroup);
      }
    }
  });
}

void time_eq(StageTable& table, const std::string& name, const std::vector<EqBand>& bands) {
  const auto design = std::make_shared<const LinearPhaseEqDesign>(bands, kSampleRateHz);
  // Two blocks of a channel in one complex transform of N points there and one back, 5 N log2 N each (Cooley and
  // Tukey), 2 N for the real response; they give 2 hops of output.
  SampleCost cost{0, 0, 4 + 4};
  for (const auto& pass : design->passes()) {
    const auto points = static_cast<double>(pass.first->points());
    cost.float_flops += (10 * points * std::log2(points) + 2 * points) / (2 * static_cast<double>(pass.first->hop()));
  }
  // The bass alone: 8 multiply-adds a sample down, 8 back up, and the transform of every F-th.
  if (const BassKernel* bass = design->bass()) {
    const auto points = static_cast<double>(bass->low().points());
    cost.float_flops += 32 + (10 * points * std::log2(points) + 2 * points) /
                                 (2 * static_cast<double>(bass->low().hop() * bass->factor()));
  }
  table.time(fmt::format("linear-phase EQ, {} ({} taps)", name, 2 * design->longest_half() + 1), cost, [&] {
    Discard discard;
    const auto eq = cpu::make_linear_phase_eq(design, 2);
    eq->connect(discard);
    in_blocks(table.music().view(), [&](AudioView block, std::int64_t) { eq->take(block); });
    eq->finish();
  });
}

void time_limiter(StageTable& table, const std::vector<float>& peaks) {
  const Music& music = table.music();
  const double ceiling = db_to_amplitude(-1),
               drive = ceiling * db_to_amplitude(6) / *std::max_element(peaks.begin(), peaks.end());
  LimiterCurve curve({kSampleRateHz, ceiling, 0}, static_cast<std::int64_t>(peaks.size()));
  curve.shape(peaks, drive);
  std::int64_t limited = 0;
  for (const GroupSpan& span : curve.spans()) limited += span.end - span.first;
  // A group in a span (limiter.h; at 44.1 kHz half the attack is 8 groups, the bridge 72, the window of maxima 19): 2
  // for the need, 7 + 7 + 5 steps of windows, 17 multiply-adds of smoothing, 1 for the floor; in float64 2 for the
  // release, 3 maxima, and 4 for what is sustained in 8 groups. All others are one comparison.
  const double groups_a_sample = static_cast<double>(limited) / static_cast<double>(music.sample_count());
  const SampleCost shape{groups_a_sample * (2 + 19 + 34 + 1), groups_a_sample * 5.5, 2 * 4.0 / (2 * kPeakGroup)};
  table.time("limiter curve, 6 dB of reduction", shape, [&] { curve.shape(peaks, drive); });

  AlignedArray<float> out(static_cast<std::size_t>(2 * music.stride));
  // from + step * ramp, times the sample: 3; 4 more a group for `from` and `step`.
  table.time("limiter gain", {3 + 4.0 / kPeakGroup, 0, 4 + 4 + 4.0 / kPeakGroup}, [&] {
    in_blocks(music.view(), [&](AudioView block, std::int64_t first) {
      for (int c = 0; c < 2; ++c) {
        apply_limited_gain(block.channel(c), block.frames, drive, curve.reduction().data() + first / kPeakGroup,
                           out.data() + c * music.stride + first);
      }
    });
  });
}

void time_compressor(StageTable& table, const std::string& name, const std::vector<double>& crossovers_hz) {
  CompressorSettings settings;
  settings.sample_rate_hz = kSampleRateHz;
  settings.sidechain_high_pass_hz = 60;
  settings.crossovers_hz = crossovers_hz;
  settings.bands.assign(crossovers_hz.size() + 1, CompressorBand{});
  const auto design = std::make_shared<const CompressorDesign>(settings);
  // Of each band: a square and a sum, the window's multiply-adds once a group, and the gain: base + x (from + step
  // ramp). Both channels share one curve: 15 operations in float64 a group for its level, the knee, the recursion, the
  // gain.
  const auto bands = static_cast<double>(settings.bands.size());
  SampleCost cost{bands * (2 + 2 * static_cast<double>(design->window().size()) / kPeakGroup + 4),
                  bands * 80 / (2 * kPeakGroup), 4 + 4};
  if (const BandSplit* split = design->split()) {
    const auto points = static_cast<double>(split->points());
    cost.float_flops += bands * (5 * points * std::log2(points) + 2 * points) / (2 * static_cast<double>(split->hop()));
  } else {
    cost.double_flops += 17;  // the side chain's filter, twice two states
  }
  table.time("compressor, " + name, cost, [&] {
    Discard discard;
    const auto stage = cpu::make_compressor(design, 2);
    stage->connect(discard);
    in_blocks(table.music().view(), [&](AudioView block, std::int64_t) { stage->take(block); });
    stage->finish();
  });
}

void time_pack(StageTable& table) {
  const Music& music = table.music();
  const AudioView audio = music.view();
  AlignedArray<float> samples(static_cast<std::size_t>(2 * music.stride));
  for (int c = 0; c < 2; ++c) std::copy_n(audio.channel(c), audio.frames, samples.data() + c * music.stride);
  std::vector<std::int32_t> steps(static_cast<std::size_t>(2 * kBlock));
  std::vector<std::byte> bytes(music.pcm24.size());
  // Scale and add noise, two bounds, scale back, and the noise's own scale: 6. The noise itself is integer work (seven
  // rounds of Philox for two samples). 4 bytes in, 4 back as what was written, 3 out; the steps in between stay in the
  // cache. What shaping feeds back is integer work too, and one frame waits for the other.
  for (const auto& [name, dither] : {std::pair{"quantise, dither, pack 24-bit PCM", Dither::tpdf},
                                     {"quantise with shaped dither, pack 24-bit PCM", Dither::shaped}}) {
    table.time(name, {6, 0, 4 + 4 + 3}, [&] {
      Quantizer quantizer(Encoding::pcm24, dither, 1, OnStep::dithered, kSampleRateHz);
      for (std::int64_t first = 0; first < music.frames; first += kBlock) {
        quantizer.pack(
            MutableAudioView{samples.data() + first, 2, std::min(kBlock, music.frames - first), music.stride}, first,
            steps.data(), bytes.data() + 6 * first);
      }
    });
  }
}

std::vector<EqBand> bands_of(const std::string& recipe) {
  const Chain chain = chain_of(RecipeSource::load(recipe).effective().recipe);
  std::vector<EqBand> bands;
  for (const ChainStage& stage : chain.stages) {
    if (const auto* eq = std::get_if<EqStage>(&stage)) bands.insert(bands.end(), eq->bands.begin(), eq->bands.end());
  }
  return bands;
}

}  // namespace

void time_kernels(StageTable& table) {
  time_unpack(table);
  time_meter(table, "K-weighting meter", false);
  time_meter(table, "K-weighting meter with true peak", true);
  std::vector<float> peaks(static_cast<std::size_t>((table.music().frames + 15) / 16 * 2));
  time_interpolation(table, "true peak at 16x, every group", answer_bank(), peaks);
  time_interpolation(table, "true peak at 4x, every group", search_bank(), peaks);
  time_eq(table, "recipe streaming", bands_of("streaming"));
  time_eq(table, "12 Hz high-pass", {{.type = BandType::high_pass, .freq_hz = 12, .slope_db_oct = 24}});
  time_eq(table, "two bells",
          {{.type = BandType::bell, .freq_hz = 800, .gain_db = -1.5, .q = 0.8},
           {.type = BandType::bell, .freq_hz = 4000, .gain_db = 1, .q = 0.8}});
  time_compressor(table, "side chain over 60 Hz", {});
  time_compressor(table, "4 bands", {120, 900, 6000});
  time_limiter(table, peaks);
  time_pack(table);
}

}  // namespace lathe::bench
