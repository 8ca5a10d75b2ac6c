#include "kernels/tonal_balance/balance_line.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr double kSmoothing_oct = 1.0 / 6, kSmoothingBins = 2;
constexpr double kUnder_db = -400;  // stands for no power at all

// Rounding to 16 bits with triangular dither is -140 dB a Hz at 44.1 kHz; music of 16 bits ends a little above.
constexpr double kNoise_db_hz = -138;
constexpr double kLowest_hz = 20;
constexpr double kFaintHigh_db = 80, kFaintLow_db = 60;
constexpr double kCliffHigh_db = 18, kCliffLow_db = 24;
constexpr int kCliffHighPoints = kBalancePerOctave / 4, kCliffLowPoints = kBalancePerOctave / 2;
// Cliffs are looked for outside the middle: between the notes of sparse music there are some, too.
constexpr double kLowFrom_hz = 200, kHighFrom_hz = 2000;

double window_at(double octaves, double half_width) {
  const double u = octaves / half_width;
  return std::abs(u) >= 1 ? 0 : 0.5 + 0.5 * std::cos(std::numbers::pi * u);
}

double density_at(const std::vector<double>& power, double bin_hz, double centre_hz) {
  const double half_width = std::max(kSmoothing_oct, std::log2(1 + kSmoothingBins * bin_hz / centre_hz));
  const double ratio = std::exp2(half_width);
  const auto first = static_cast<std::size_t>(std::max(1.0, std::ceil(centre_hz / ratio / bin_hz)));
  const auto last =
      static_cast<std::size_t>(std::min(static_cast<double>(power.size()) - 1, std::floor(centre_hz * ratio / bin_hz)));
  double sum = 0, weights = 0;
  for (std::size_t k = first; k <= last; ++k) {
    const double w = window_at(std::log2(static_cast<double>(k) * bin_hz / centre_hz), half_width);
    sum += w * power[k];
    weights += w;
  }
  return weights > 0 ? sum / (weights * bin_hz) : 0;
}

int point_near(double frequency_hz) {
  return kBalanceMiddle + static_cast<int>(std::lround(kBalancePerOctave * std::log2(frequency_hz / 1000)));
}

void find_energy(double nyquist_hz, BalanceLine& line) {
  // Power an octave: what the ear, and a band of an equaliser, go by.
  const auto level = [&line](int i) { return line.db[static_cast<std::size_t>(i)] + power_to_db(balance_hz(i)); };
  int top = 0;
  while (top < kBalancePoints && balance_hz(top) < nyquist_hz) ++top;
  if (top == 0) return;
  int peak = 0;
  for (int i = 1; i < top; ++i) {
    if (level(i) > level(peak)) peak = i;
  }
  const auto is_real = [&](int i, double faint_db) {
    return line.db[static_cast<std::size_t>(i)] > kNoise_db_hz && level(i) > level(peak) - faint_db;
  };
  if (!is_real(peak, 1)) return;
  const int high_from = point_near(kHighFrom_hz), low_from = point_near(kLowFrom_hz);
  line.first = line.last = peak;
  while (line.last + 1 < top && is_real(line.last + 1, kFaintHigh_db)) {
    const int beyond = line.last + kCliffHighPoints;
    if (line.last >= high_from && beyond < top && level(line.last) - level(beyond) > kCliffHigh_db) break;
    ++line.last;
  }
  while (line.first > 0 && balance_hz(line.first - 1) >= kLowest_hz && is_real(line.first - 1, kFaintLow_db)) {
    const int beyond = line.first - kCliffLowPoints;
    if (line.first <= low_from && beyond >= 0 && level(line.first) - level(beyond) > kCliffLow_db) break;
    --line.first;
  }
}

}  // namespace

double balance_hz(int point) {
  return 1000 * std::exp2(static_cast<double>(point - kBalanceMiddle) / kBalancePerOctave);
}

double balance_at(const std::vector<double>& points, double frequency_hz) {
  const double place = frequency_hz <= 0 ? 0 : kBalanceMiddle + kBalancePerOctave * std::log2(frequency_hz / 1000);
  if (place <= 0) return points.front();
  if (place >= kBalancePoints - 1) return points.back();
  const auto i = static_cast<std::size_t>(place);
  const double part = place - static_cast<double>(i);
  return points[i] + part * (points[i + 1] - points[i]);
}

BalanceLine balance_of(const std::vector<double>& power, double bin_hz) {
  BalanceLine line;
  if (power.size() < 2) return line;
  line.db.assign(kBalancePoints, kUnder_db);
  const double nyquist_hz = bin_hz * static_cast<double>(power.size() - 1);
  for (int i = 0; i < kBalancePoints && balance_hz(i) < nyquist_hz; ++i) {
    line.db[static_cast<std::size_t>(i)] = std::max(kUnder_db, power_to_db(density_at(power, bin_hz, balance_hz(i))));
  }
  find_energy(nyquist_hz, line);
  return line;
}

BalanceLine mean_balance(const std::vector<BalanceLine>& lines, const std::vector<double>& weighted) {
  BalanceLine mean;
  mean.db.assign(kBalancePoints, kUnder_db);
  mean.first = kBalancePoints;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    if (lines[l].is_empty()) continue;
    mean.first = std::min(mean.first, lines[l].first);
    mean.last = std::max(mean.last, lines[l].last);
  }
  for (int i = mean.first; i <= mean.last; ++i) {
    double sum = 0;
    int count = 0;
    for (std::size_t l = 0; l < lines.size(); ++l) {
      if (!lines[l].holds(i)) continue;
      sum += db_to_power(lines[l].db[static_cast<std::size_t>(i)]) / weighted[l];
      ++count;
    }
    if (count > 0) mean.db[static_cast<std::size_t>(i)] = power_to_db(sum / count);
  }
  return mean;
}

}  // namespace lathe
