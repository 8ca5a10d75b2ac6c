#include "tests/kernels/stage_subjects.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/gain/gain.h"
#include "kernels/limiter/limiter.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/pcm/pcm.h"

namespace lathe::test {
namespace {

constexpr double kRate = 48000;

StageSubject equalizer(std::string name, std::vector<EqBand> bands) {
  const auto design = std::make_shared<const LinearPhaseEqDesign>(std::move(bands), kRate);
  StageSubject subject;
  subject.name = std::move(name);
  subject.process = [design](const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
    return run_stage(*cpu::make_linear_phase_eq(design, in.channels()), in, cuts);
  };
  return subject;
}

EqBand on(BandChannel channel, EqBand band) {
  band.channel = channel;
  return band;
}

// Peaks by samples alone: what is tested here is the curve and its use, not the measuring before it.
FloatTrack limited(const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
  const std::int64_t groups = (in.frames() + kPeakGroup - 1) / kPeakGroup;
  std::vector<float> peaks(static_cast<std::size_t>(groups), 0.0f);
  for (int c = 0; c < in.channels(); ++c) {
    for (std::size_t n = 0; n < in.channel(c).size(); ++n)
      peaks[n / kPeakGroup] = std::max(peaks[n / kPeakGroup], std::abs(in.channel(c)[n]));
  }
  LimiterSettings settings;
  settings.sample_rate_hz = kRate;
  settings.ceiling = 0.5;
  LimiterCurve curve(settings, groups);
  curve.shape(peaks, 2.0);
  FloatTrack out = in;
  std::int64_t first = 0;
  for (const std::int64_t count : cuts) {
    for (int c = 0; c < in.channels(); ++c) {
      apply_limited_gain(in.view().channel(c) + first, count, 2.0, curve.reduction().data() + first / kPeakGroup,
                         out.view().channel(c) + first);
    }
    first += count;
  }
  return out;
}

StageSubject quantizer(std::string name, Encoding encoding, Dither dither) {
  StageSubject subject;
  subject.name = std::move(name);
  subject.cut_multiple = 16;
  subject.silence_stays_silent = dither == Dither::none;
  subject.process = [encoding, dither](const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
    FloatTrack out = in;
    const Quantizer pack(encoding, dither, 20);
    std::int64_t first = 0;
    for (const std::int64_t count : cuts) {
      const auto samples = static_cast<std::size_t>(count * in.channels());
      std::vector<std::int32_t> steps(samples);
      std::vector<std::byte> bytes(4 * samples + kPcmSlackBytes);
      pack.pack(out.view().slice(first, count), first, steps.data(), bytes.data());
      first += count;
    }
    return out;
  };
  return subject;
}

}  // namespace

std::vector<StageSubject> all_stages() {
  std::vector<StageSubject> all;
  StageSubject gain;
  gain.name = "gain";
  gain.process = [](const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
    return run_stage(*cpu::make_gain(0.7, in.channels()), in, cuts);
  };
  all.push_back(gain);

  all.push_back(equalizer("eq without bands", {}));
  all.push_back(equalizer("eq, short kernel", {{BandType::high_shelf, 8000, 3}}));
  all.push_back(
      equalizer("eq, long kernel", {{BandType::high_pass, 24, 0, 0.7, 24}, {BandType::bell, 320, -1.2, 0.9}}));
  all.push_back(equalizer("eq of the bass alone", {{BandType::high_pass, 22}}));
  all.push_back(equalizer("eq, left and right", {on(BandChannel::left, {BandType::bell, 500, 6, 1}),
                                                 on(BandChannel::right, {BandType::high_pass, 60})}));
  all.push_back(equalizer("eq, mid and side", {on(BandChannel::side, {BandType::high_pass, 120}),
                                               on(BandChannel::mid, {BandType::bell, 2000, 2, 1})}));
  all.back().channels_are_independent = false;

  StageSubject limiter;
  limiter.name = "limiter";
  limiter.process = limited;
  limiter.cut_multiple = kPeakGroup;
  limiter.channels_are_independent = false;
  all.push_back(limiter);

  all.push_back(quantizer("16 bits", Encoding::pcm16, Dither::none));
  all.push_back(quantizer("16 bits with dither", Encoding::pcm16, Dither::tpdf));
  all.push_back(quantizer("24 bits with dither", Encoding::pcm24, Dither::tpdf));
  all.push_back(quantizer("32 bits", Encoding::pcm32, Dither::none));
  return all;
}

}  // namespace lathe::test
