#include "tests/kernels/stage_subjects.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <variant>

#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/gain/gain.h"
#include "kernels/limiter/limiter.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/pcm/pcm.h"
#include "tests/support/eq_ways.h"

namespace lathe::test {
namespace {

constexpr double kSubjectRate = 48000;

StageSubject subject_of(std::string name, auto process) {
  StageSubject subject;
  subject.name = std::move(name);
  subject.process = std::move(process);
  return subject;
}

std::unique_ptr<Stage> stage_of(const ChainStep& step, int channels) {
  if (const auto* eq = std::get_if<std::shared_ptr<const LinearPhaseEqDesign>>(&step))
    return cpu::make_linear_phase_eq(*eq, channels);
  if (const auto* stereo = std::get_if<std::shared_ptr<const StereoDesign>>(&step))
    return cpu::make_stereo(*stereo, channels);
  if (const auto* compressor = std::get_if<std::shared_ptr<const CompressorDesign>>(&step))
    return cpu::make_compressor(*compressor, channels);
  if (const auto* ride = std::get_if<std::shared_ptr<const GainRide>>(&step))
    return cpu::make_gain_ride(*ride, channels);
  return cpu::make_gain(std::get<double>(step), channels);
}

StereoSettings guarded_stereo() {
  StereoSettings settings;
  settings.bands = {{250, 0.5}, {std::nullopt, 1.6}};
  settings.mono_below_hz = 100;
  settings.min_correlation = 0.2;
  settings.max_mono_loss_db = 1.5;
  settings.balance_db = 1;
  return settings;
}

std::shared_ptr<const CompressorDesign> compressor(LevelDetector detector, double link, bool in_bands) {
  CompressorSettings settings;
  settings.sample_rate_hz = kSubjectRate;
  settings.detector = detector;
  settings.link = link;
  settings.sidechain_high_pass_hz = 60;
  settings.bands = {{-40, 4, 6, 5, 60}};
  if (in_bands) {
    settings.crossovers_hz = {300, 3000};
    settings.bands = {{-40, 4, 6, 5, 60}, {-40, 1}, {-50, 2, 0, 2, 40}};
  }
  return std::make_shared<const CompressorDesign>(settings);
}

// A step before the limiter: on the CPU as a stage that is pushed through, elsewhere as a first pass.
StageSubject step(TestBackend backend, std::string name, const ChainStep& of) {
  if (backend != TestBackend::cpu) {
    return subject_of(std::move(name), [backend, of](const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
      return run_steps(backend, {of}, kSubjectRate, in, cuts);
    });
  }
  return subject_of(std::move(name), [of](const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
    return run_stage(*stage_of(of, in.channels()), in, cuts);
  });
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
  settings.sample_rate_hz = kSubjectRate;
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
    Quantizer pack(encoding, dither, 20, OnStep::dithered, kSubjectRate);
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

std::vector<StageSubject> stages_of(TestBackend backend) {
  std::vector<StageSubject> all;
  all.push_back(step(backend, "gain", 0.7));
  for (const EqWay& way : eq_ways(kSubjectRate)) {
    all.push_back(step(backend, way.name, way.design));
    all.back().channels_are_independent = way.channels_are_independent;
  }
  StereoSettings flat;
  flat.width = 1.4;
  for (const auto& [name, settings] :
       {std::pair{"stereo, one width", flat}, std::pair{"stereo, guarded", guarded_stereo()}}) {
    all.push_back(step(backend, name, std::make_shared<const StereoDesign>(settings, kSubjectRate)));
    all.back().channels_are_independent = false;
  }
  all.push_back(step(backend, "compressor, peak", compressor(LevelDetector::peak, 0, false)));
  all.push_back(step(backend, "compressor, rms, linked", compressor(LevelDetector::rms, 1, false)));
  all.back().channels_are_independent = false;
  all.push_back(step(backend, "compressor in bands", compressor(LevelDetector::rms, 0, true)));
  all.push_back(
      step(backend, "gain ride", std::make_shared<const GainRide>(kSubjectRate, std::vector<double>{0, 3, -2, 1})));
  if (backend != TestBackend::cpu) return all;

  all.push_back(subject_of("limiter", limited));
  all.back().cut_multiple = kPeakGroup;
  all.back().channels_are_independent = false;

  all.push_back(quantizer("16 bits", Encoding::pcm16, Dither::none));
  all.push_back(quantizer("16 bits with dither", Encoding::pcm16, Dither::tpdf));
  all.push_back(quantizer("24 bits with dither", Encoding::pcm24, Dither::tpdf));
  all.push_back(quantizer("16 bits with shaped-strong dither", Encoding::pcm16, Dither::shaped_strong));
  all.push_back(quantizer("24 bits with shaped dither", Encoding::pcm24, Dither::shaped));
  all.push_back(quantizer("32 bits", Encoding::pcm32, Dither::none));
  return all;
}

}  // namespace lathe::test
