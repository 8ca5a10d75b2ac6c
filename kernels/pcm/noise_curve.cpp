#include "kernels/pcm/noise_curve.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

namespace lathe {
namespace {

constexpr int kTaps = NoiseCurve::kTaps;
constexpr int kPoints = 8192;  // of the frequency axis: 23 Hz apart at 384 kHz
// How much of the weighting is A-weighting's, and how much louder the noise may be in all.
struct CurveGoal {
  double a_share, most_db;
};
// Tried at shares of 0.5 to 1 and 3 to 8 dB: softer by A-weighting up to 15 and to 20 kHz alike, and at the threshold
// still by half of what there is to gain.
constexpr CurveGoal kShaped{0.9, 4};
// 16 dB: noise of 16 bits stays under -80 dBFS, and twice that buys 1 dB at the threshold.
constexpr CurveGoal kStrong{0.5, 16};

using Taps = std::array<double, kTaps + 1>;  // of H, the first is 1

// The error filter of the best predictor for the autocorrelation r.
Taps levinson(const Taps& r) {
  Taps a{};
  a[0] = 1;
  double error = r[0];
  for (std::size_t i = 1; i <= kTaps; ++i) {
    double sum = r[i];
    for (std::size_t k = 1; k < i; ++k) sum += a[k] * r[i - k];
    const double reflection = -sum / error;
    const Taps before = a;
    for (std::size_t k = 1; k < i; ++k) a[k] += reflection * before[i - k];
    a[i] = reflection;
    error *= 1 - reflection * reflection;
  }
  return a;
}

double power_gain(const Taps& a) {
  double sum = 0;
  for (const double v : a) sum += v * v;
  return sum;
}

double heard_weighting(double freq_hz, double a_share) {
  return std::pow(a_weighting(freq_hz), a_share) * std::pow(threshold_weighting(freq_hz), 1 - a_share);
}

template <class Weighting>
double weighted_db(const NoiseCurve& curve, double up_to_hz, Weighting weighting) {
  const double top = std::min(up_to_hz, curve.sample_rate_hz / 2);
  double shaped = 0, white = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double freq = 20 + (top - 20) * (i + 0.5) / kPoints;
    shaped += weighting(freq) * curve.power_at(freq);
    white += weighting(freq);
  }
  return 10 * std::log10(shaped / white);
}

}  // namespace

double a_weighting(double freq_hz) {
  const double f2 = freq_hz * freq_hz;
  const double amplitude =
      1.2589 * 12194.0 * 12194.0 * f2 * f2 /
      ((f2 + 20.6 * 20.6) * std::sqrt((f2 + 107.7 * 107.7) * (f2 + 737.9 * 737.9)) * (f2 + 12194.0 * 12194.0));
  return amplitude * amplitude;
}

double threshold_weighting(double freq_hz) {
  const double khz = std::max(freq_hz, 20.0) / 1000;  // the formula holds from 20 Hz
  const double threshold_db =
      3.64 * std::pow(khz, -0.8) - 6.5 * std::exp(-0.6 * (khz - 3.3) * (khz - 3.3)) + 1e-3 * std::pow(khz, 4);
  return std::pow(10.0, -threshold_db / 10);
}

double NoiseCurve::power_at(double freq_hz) const {
  double re = 1, im = 0;
  for (int k = 0; k < kTaps; ++k) {
    const double phase = 2 * std::numbers::pi * freq_hz / sample_rate_hz * (k + 1);
    const double tap = taps_q16[static_cast<std::size_t>(k)] * 0x1p-16;
    re += tap * std::cos(phase);
    im -= tap * std::sin(phase);
  }
  return re * re + im * im;
}

double NoiseCurve::heard_db(double up_to_hz) const {
  return weighted_db(*this, up_to_hz, [this](double freq_hz) { return heard_weighting(freq_hz, a_share); });
}
double NoiseCurve::threshold_db(double up_to_hz) const { return weighted_db(*this, up_to_hz, threshold_weighting); }
double NoiseCurve::a_weighted_db(double up_to_hz) const { return weighted_db(*this, up_to_hz, a_weighting); }

double NoiseCurve::power_db() const {
  double sum = 1;
  for (const std::int32_t tap : taps_q16) sum += (tap * 0x1p-16) * (tap * 0x1p-16);
  return 10 * std::log10(sum);
}

NoiseCurve noise_curve(Dither dither, double sample_rate_hz) {
  if (!is_shaped(dither)) throw std::invalid_argument("noise_curve: this dither is not shaped");
  if (!(sample_rate_hz >= 8000 && sample_rate_hz <= 384000)) {
    throw std::invalid_argument("noise_curve: sample_rate_hz is " + std::to_string(sample_rate_hz) +
                                "; it must be 8000 to 384000");
  }
  const CurveGoal goal = dither == Dither::shaped ? kShaped : kStrong;
  Taps spectrum{};  // its autocorrelation, of mean power 1
  for (int i = 0; i < kPoints; ++i) {
    const double angle = (i + 0.5) / kPoints;
    const double weight = heard_weighting(angle * sample_rate_hz / 2, goal.a_share);
    for (std::size_t k = 0; k <= kTaps; ++k)
      spectrum[k] += weight * std::cos(std::numbers::pi * angle * static_cast<double>(k));
  }
  const double mean = spectrum[0];
  for (double& v : spectrum) v /= mean;

  const double most = std::pow(10.0, goal.most_db / 10);
  const auto shaped_at = [&](double lambda_db) {
    Taps raised = spectrum;
    raised[0] += std::pow(10.0, lambda_db / 10);
    return levinson(raised);
  };
  double low_db = -120, high_db = 30;  // of lambda; what is below rounds away, with what is above nothing is shaped
  for (int step = 0; step < 50; ++step) {
    const double middle_db = (low_db + high_db) / 2;
    (power_gain(shaped_at(middle_db)) > most ? low_db : high_db) = middle_db;
  }
  const Taps taps = shaped_at(high_db);
  NoiseCurve curve;
  curve.sample_rate_hz = sample_rate_hz;
  curve.a_share = goal.a_share;
  for (std::size_t k = 0; k < kTaps; ++k)
    curve.taps_q16[k] = static_cast<std::int32_t>(std::lround(taps[k + 1] * 0x1p16));
  return curve;
}

}  // namespace lathe
