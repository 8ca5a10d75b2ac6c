#include "kernels/tonal_balance/match_curve.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "kernels/math/decibel.h"
#include "kernels/math/k_weighting.h"

namespace lathe {
namespace {

constexpr double kSlope_db_oct = 24;
constexpr int kRounding = 2;                      // points on each side over which the curve's corners are rounded
constexpr double kNoBand_db = -300;               // a balance below it is that of no file: mean_balance
constexpr int kSmoothed = kBalancePerOctave / 6;  // points
constexpr double kMonoSide = 1e-6;                // a side 60 dB under the whole is none
constexpr int kLeastRange = kBalancePerOctave;
constexpr double kNothing_db = 0.005;                        // a curve that stays under it is none
constexpr double kHeard_from_hz = 50, kHeard_to_hz = 16000;  // where deviations are counted

double total_of(const std::vector<double>& power) {
  double sum = 0;
  for (const double p : power) sum += p;
  return sum;
}

bool has_side(const LongTermSpectrum& spectrum) {
  return !spectrum.side.empty() && total_of(spectrum.side) > kMonoSide * total_of(spectrum.power);
}

std::vector<double> mid_of(const LongTermSpectrum& spectrum) {
  std::vector<double> mid = spectrum.power;
  for (std::size_t k = 0; k < mid.size(); ++k) mid[k] = std::max(0.0, mid[k] - spectrum.side[k]);
  return mid;
}

// K-weighted power that belongs to each point of the grid.
std::vector<double> weighted_by_point(const std::vector<double>& power, double bin_hz) {
  const double rate = 2 * bin_hz * static_cast<double>(power.size() - 1);
  const auto sections = k_weighting(rate);
  std::vector<double> sums(kBalancePoints, 0.0);
  for (std::size_t k = 1; k < power.size(); ++k) {
    const double f = static_cast<double>(k) * bin_hz;
    const double h = magnitude(sections[0], f, rate) * magnitude(sections[1], f, rate);
    const long point = kBalanceMiddle + std::lround(kBalancePerOctave * std::log2(f / 1000));
    sums[static_cast<std::size_t>(std::clamp(point, 0L, kBalancePoints - 1L))] += power[k] * h * h;
  }
  return sums;
}

// Of all curves of at most `step` a point, the one halfway between the nearest above and the nearest below.
void limit_slope(std::vector<double>& curve, double step) {
  std::vector<double> above = curve, below = curve;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    above[i] = std::max(above[i], above[i - 1] - step);
    below[i] = std::min(below[i], below[i - 1] + step);
  }
  for (std::size_t i = curve.size() - 1; i-- > 0;) {
    above[i] = std::max(above[i], above[i + 1] - step);
    below[i] = std::min(below[i], below[i + 1] + step);
  }
  for (std::size_t i = 0; i < curve.size(); ++i) curve[i] = 0.5 * (above[i] + below[i]);
}

// Corners would make a long kernel.
void round_corners(std::vector<double>& curve) {
  const std::vector<double> from = curve;
  const int last = static_cast<int>(from.size()) - 1;
  for (int i = 0; i <= last; ++i) {
    double sum = 0, weights = 0;
    for (int d = -kRounding; d <= kRounding; ++d) {
      const double w = 0.5 + 0.5 * std::cos(std::numbers::pi * d / (kRounding + 1));
      sum += w * from[static_cast<std::size_t>(std::clamp(i + d, 0, last))];
      weights += w;
    }
    curve[static_cast<std::size_t>(i)] = sum / weights;
  }
}

// A signal of the track, and what it is to become.
struct Part {
  std::vector<double> difference;  // aim less track, between first and last
  int first = 0, last = -1;
  std::vector<double> weighted;  // K-weighted power by point
  bool is_heard(int i) const {
    return i >= first && i <= last && balance_hz(i) >= kHeard_from_hz && balance_hz(i) <= kHeard_to_hz;
  }
};

// Where no file of a folder has energy nothing is known of the difference: it goes on straight from one side to the
// other. What lies within the balance's smoothing of such a gap is half of it.
void bridge_gaps(const BalanceLine& aim, Part& part) {
  const auto has_band = [&aim](int i) { return aim.db[static_cast<std::size_t>(i)] > kNoBand_db; };
  while (part.first <= part.last && !has_band(part.first)) ++part.first;
  while (part.last >= part.first && !has_band(part.last)) --part.last;
  const auto is_known = [&](int i) {
    for (int at = std::max(part.first, i - kSmoothed); at <= std::min(part.last, i + kSmoothed); ++at) {
      if (!has_band(at)) return false;
    }
    return true;
  };
  for (int i = part.first + 1; i < part.last; ++i) {
    if (is_known(i)) continue;
    int end = i;
    while (end < part.last && !is_known(end)) ++end;
    const double from = part.difference[static_cast<std::size_t>(i - 1)];
    const double step = (part.difference[static_cast<std::size_t>(end)] - from) / (end - i + 1);
    for (int at = i; at < end; ++at) part.difference[static_cast<std::size_t>(at)] = from + step * (at - i + 1);
    i = end;
  }
}

Part make_part(const std::vector<double>& power, double bin_hz, const BalanceLine& aim) {
  const BalanceLine track = balance_of(power, bin_hz);
  Part part;
  part.first = std::max(track.first, aim.first);
  part.last = std::min(track.last, aim.last);
  part.weighted = weighted_by_point(power, bin_hz);
  if (track.is_empty() || aim.is_empty()) part.last = part.first - 1;
  part.difference.assign(kBalancePoints, 0.0);
  for (auto i = static_cast<std::size_t>(part.first); static_cast<int>(i) <= part.last; ++i)
    part.difference[i] = aim.db[i] - track.db[i];
  bridge_gaps(aim, part);
  return part;
}

std::vector<double> limited(const Part& part, double offset_db, const MatchEqSettings& settings) {
  std::vector<double> curve(kBalancePoints, 0.0);
  if (part.last < part.first) return curve;
  const auto at = [&](int i) {
    return std::clamp(settings.strength * (part.difference[static_cast<std::size_t>(i)] - offset_db), -settings.max_db,
                      settings.max_db);
  };
  for (int i = 0; i < kBalancePoints; ++i) {
    const bool is_inside = i >= part.first && i <= part.last;
    curve[static_cast<std::size_t>(i)] = is_inside ? at(i) : std::min(0.0, at(i < part.first ? part.first : part.last));
  }
  limit_slope(curve, kSlope_db_oct / kBalancePerOctave);
  round_corners(curve);
  return curve;
}

// The offset at which the parts' curves leave their K-weighted power as it was: it falls as the offset rises.
double level_offset(const std::vector<Part>& parts, const MatchEqSettings& settings) {
  double was = 0;
  for (const Part& part : parts) was += total_of(part.weighted);
  double low = -400, high = 400;
  for (int step = 0; step < 60; ++step) {
    const double offset = 0.5 * (low + high);
    double is = 0;
    for (const Part& part : parts) {
      const std::vector<double> curve = limited(part, offset, settings);
      for (std::size_t i = 0; i < curve.size(); ++i) is += part.weighted[i] * db_to_power(curve[i]);
    }
    (is > was ? low : high) = offset;
  }
  return 0.5 * (low + high);
}

// RMS of difference - curve about its mean over all parts; an empty curve is 0 dB.
double deviation(const std::vector<Part>& parts, const std::vector<std::vector<double>>& curves) {
  double sum = 0, squares = 0;
  int count = 0;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    for (int i = 0; i < kBalancePoints; ++i) {
      if (!parts[p].is_heard(i)) continue;
      const auto at = static_cast<std::size_t>(i);
      const double d = parts[p].difference[at] - (curves.empty() ? 0 : curves[p][at]);
      sum += d;
      squares += d * d;
      ++count;
    }
  }
  if (count == 0) return 0;
  const double mean = sum / count;
  return std::sqrt(std::max(0.0, squares / count - mean * mean));
}

void describe(const std::vector<Part>& parts, const std::vector<std::vector<double>>& curves, MatchCurve& match) {
  double squares = 0;
  int count = 0;
  match.from_hz = balance_hz(parts.front().first);
  match.to_hz = balance_hz(parts.front().last);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    for (int i = parts[p].first; i <= parts[p].last; ++i) {
      const double gain = curves[p][static_cast<std::size_t>(i)];
      match.largest_boost_db = std::max(match.largest_boost_db, gain);
      match.largest_cut_db = std::min(match.largest_cut_db, gain);
      squares += gain * gain;
      ++count;
    }
  }
  match.change_rms_db = std::sqrt(squares / std::max(count, 1));
  match.deviation_before_db = deviation(parts, {});
  match.deviation_after_db = deviation(parts, curves);
}

}  // namespace

void MatchEqSettings::check() const {
  if (!(strength >= 0 && strength <= 1)) throw std::invalid_argument("match_eq: strength must be from 0 to 1");
  if (!(max_db >= 0 && max_db <= 24)) throw std::invalid_argument("match_eq: max_db must be from 0 to 24");
}

ToneAim aim_of(const std::vector<LongTermSpectrum>& spectra) {
  std::vector<BalanceLine> whole, mid, side;
  std::vector<double> weighted;
  bool is_stereo = true;
  for (const LongTermSpectrum& spectrum : spectra) {
    if (spectrum.is_empty()) continue;
    whole.push_back(balance_of(spectrum.power, spectrum.bin_hz));
    weighted.push_back(k_weighted_power(spectrum));
    is_stereo = is_stereo && has_side(spectrum);
    if (!is_stereo) continue;
    mid.push_back(balance_of(mid_of(spectrum), spectrum.bin_hz));
    side.push_back(balance_of(spectrum.side, spectrum.bin_hz));
  }
  if (whole.empty()) return {};
  if (!is_stereo) return {mean_balance(whole, weighted), {}, {}};
  return {mean_balance(whole, weighted), mean_balance(mid, weighted), mean_balance(side, weighted)};
}

MatchCurve match_curve(const LongTermSpectrum& track, const ToneAim& aim, const MatchEqSettings& settings) {
  settings.check();
  MatchCurve match;
  if (track.is_empty()) {
    match.why_not = "the track has no loud parts";
    return match;
  }
  const bool is_wide = settings.stereo_width && !aim.side.is_empty() && has_side(track);
  std::vector<Part> parts;
  if (is_wide) {
    parts.push_back(make_part(mid_of(track), track.bin_hz, aim.mid));
    parts.push_back(make_part(track.side, track.bin_hz, aim.side));
  } else {
    parts.push_back(make_part(track.power, track.bin_hz, aim.whole));
  }
  if (parts.front().last - parts.front().first < kLeastRange) {
    match.why_not = "there is no octave in which both have energy";
    return match;
  }
  const double offset = level_offset(parts, settings);
  std::vector<std::vector<double>> curves;
  double largest = 0;
  for (const Part& part : parts) {
    curves.push_back(limited(part, offset, settings));
    for (const double gain : curves.back()) largest = std::max(largest, std::abs(gain));
  }
  if (largest < kNothing_db) curves.assign(parts.size(), std::vector<double>(kBalancePoints, 0.0));
  describe(parts, curves, match);
  if (largest < kNothing_db) return match;
  match.db = std::move(curves[0]);
  if (is_wide) match.side_db = std::move(curves[1]);
  return match;
}

}  // namespace lathe
