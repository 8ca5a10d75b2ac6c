#include "kernels/tonal_balance/resonance.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lathe {
namespace {

constexpr double kLowQuarter = 0.25;
// The least that the low quarter itself has to stand above its surroundings, whatever the neighbours do: half of
// min_prominence_db.
constexpr double kStandsShare = 0.5;
// In all but this share of the segments it has to stand above its surroundings at all.
constexpr double kAway = 0.1;
// How much of a narrow bell's gain is seen at the least: 6 dB at a Q of 35 and 700 Hz are 4 dB.
constexpr double kSeenShare = 0.6;
// A ridge's prominence may swing this much more than its neighbours': a resonance planted in noise does by a fifth,
// from chance, and notes of real music by a quarter to three times as much.
constexpr double kMoreSpread = 1.25;
// Where a baseline is taken: from 1/8 to 1/2 octave to each side.
constexpr int kBaseNear = RidgeGrid::kPerOctave / 8, kBaseFar = RidgeGrid::kPerOctave / 2;
constexpr int kFitReach = RidgeGrid::kPerOctave / 8;
// Two ridges nearer than this are one.
constexpr int kApart = 3;
// How well two frequencies have to fit a ratio: 12 cents, what a ridge's place may be off by and strings are.
constexpr double kFits_oct = 0.01;
// A bell of 1/6 octave at half its gain has a Q of 8.65. What looks narrower than kLineQ is a line: a tone that is
// often played. Of 43 real tracks 20 had a ridge to propose before lines were left alone, and 8 after.
constexpr double kWidestQ = 8.65, kLineQ = 36, kNarrowestQ = 64;
constexpr int kQSteps = 24;

struct Curves {
  std::vector<double> low, median, spread;  // of the prominence
};

Curves curves_of(const RidgeMeter& meter) {
  Curves curves;
  for (int i = 0; i < meter.grid().size(); ++i) {
    const ProminenceHistogram& of = meter.at(i);
    curves.low.push_back(of.percentile(kLowQuarter));
    curves.median.push_back(of.percentile(0.5));
    curves.spread.push_back(of.spread());
  }
  return curves;
}

// The median of a curve around a point, without the point's own surroundings.
double around(const std::vector<double>& curve, int point) {
  std::vector<double> values;
  for (int d = kBaseNear; d <= kBaseFar; ++d) {
    if (point - d >= 0) values.push_back(curve[static_cast<std::size_t>(point - d)]);
    if (point + d < static_cast<int>(curve.size())) values.push_back(curve[static_cast<std::size_t>(point + d)]);
  }
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Ridge {
  int point = 0;
  double place = 0;     // on the grid, between points
  double height = 0;    // above the neighbours, in the low quarter or the median, whichever is less
  double stands = 0;    // of the low quarter above its surroundings
  bool swings = false;  // more than its neighbours
};

// The top of a parabola through three points, from the middle one.
double top_of(double before, double at, double after) {
  const double bend = before - 2 * at + after;
  return bend < 0 ? std::clamp(0.5 * (before - after) / bend, -0.5, 0.5) : 0;
}

std::vector<Ridge> ridges_of(const Curves& curves) {
  std::vector<Ridge> ridges;
  const int size = static_cast<int>(curves.low.size());
  for (int i = kApart; i + kApart < size; ++i) {
    const auto from = curves.low.begin() + (i - kApart);
    if (std::max_element(from, from + 2 * kApart + 1) != from + kApart) continue;
    const auto at = static_cast<std::size_t>(i);
    Ridge ridge;
    ridge.point = i;
    ridge.place = i + top_of(curves.low[at - 1], curves.low[at], curves.low[at + 1]);
    ridge.stands = curves.low[at];
    const double low = ridge.stands - around(curves.low, i), median = curves.median[at] - around(curves.median, i);
    ridge.height = std::min(low, median);
    ridge.swings = curves.spread[at] > kMoreSpread * around(curves.spread, i);
    ridges.push_back(ridge);
  }
  return ridges;
}

// Whether another ridge that stays is of one harmonic series with this one.
bool is_of_a_series(const Ridge& ridge, const std::vector<Ridge>& ridges, double least_db) {
  static const double kRatios[] = {2, 3, 4, 1.5, 1 / 2.0, 1 / 3.0, 1 / 4.0, 2 / 3.0};
  for (const Ridge& other : ridges) {
    if (other.point == ridge.point || other.stands < kStandsShare * least_db || other.height < least_db) continue;
    const double apart_oct = (other.place - ridge.place) / RidgeGrid::kPerOctave;
    for (const double ratio : kRatios) {
      if (std::abs(apart_oct - std::log2(ratio)) < kFits_oct) return true;
    }
  }
  return false;
}

// What a bell would look like in the place of the curve, `reach` points to each side of `point`.
class BellView {
 public:
  BellView(const RidgeMeter& meter, int point, double place)
      : meter_(meter), point_(point), hz_(meter.grid().hz_at(place)), power_(static_cast<std::size_t>(meter.bins())) {}

  double hz() const { return hz_; }

  // A point's prominence above its neighbours', as a ridge's height is.
  const double* of(double gain_db, double q) {
    const EqBand bell{BandType::bell, hz_, gain_db, q};
    const auto squared = [&](std::int64_t bin) {
      const double h = magnitude(bell, static_cast<double>(bin) * meter_.bin_hz());
      return h * h;
    };
    // The Hann window spreads a bin's power over its neighbours: a quarter of it to each.
    double before = squared(0), at = squared(0);
    for (std::int64_t k = 0; k < meter_.bins(); ++k) {
      const double after = squared(k + 1);
      power_[static_cast<std::size_t>(k)] = (0.25 * before + at + 0.25 * after) / 1.5;
      before = at;
      at = after;
    }
    meter_.grid().prominence(power_.data(), 1, levels_, seen_);
    const double base = around(seen_, point_);
    for (double& db : seen_) db -= base;
    return seen_.data() + point_;
  }

 private:
  const RidgeMeter& meter_;
  int point_;
  double hz_;
  std::vector<double> power_, levels_, seen_;
};

// The bell whose top is as high as the ridge and whose sides fit it best.
Resonance fitted(const RidgeMeter& meter, const Curves& curves, const Ridge& ridge) {
  BellView view(meter, ridge.point, ridge.place);
  const double low_base = around(curves.low, ridge.point), median_base = around(curves.median, ridge.point);
  const auto seen = [&](int point) {
    const auto i = static_cast<std::size_t>(point);
    return 0.5 * (curves.low[i] - low_base + curves.median[i] - median_base);
  };
  const double scale = ridge.height / seen(ridge.point);
  Resonance best;
  best.freq_hz = view.hz();
  double least = -1;
  for (int step = 0; step < kQSteps; ++step) {
    // From half the width that is allowed: what fits best there is too wide.
    const double q = 0.6 * kWidestQ * std::pow(kNarrowestQ / (0.6 * kWidestQ), step / (kQSteps - 1.0));
    double gain_db = ridge.height;
    for (int round = 0; round < 4; ++round)
      gain_db = std::clamp(gain_db + ridge.height - *view.of(gain_db, q), 0.1, 36.0);
    const double* bell = view.of(gain_db, q);
    double error = 0;
    for (int d = -kFitReach; d <= kFitReach; ++d) {
      const int i = ridge.point + d;
      if (i < 0 || i >= meter.grid().size()) continue;
      const double off = scale * seen(i) - bell[d];
      error += off * off;
    }
    if (least >= 0 && error >= least) continue;
    least = error;
    best.q = q;
    best.prominence_db = gain_db;
  }
  return best;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("eq: ") + what);
}

}  // namespace

void ResonanceSettings::check() const {
  require(max_cuts >= 1 && max_cuts <= 16, "max_cuts must be from 1 to 16");
  require(max_cut_db >= 0.1 && max_cut_db <= 12, "max_cut_db must be from 0.1 to 12");
  require(from_hz >= 60 && from_hz <= 20000, "from_hz must be from 60 to 20000");
  require(to_hz > from_hz && to_hz <= 20000, "to_hz must be above from_hz, to 20000");
  require(min_prominence_db >= 1 && min_prominence_db <= 24, "min_prominence_db must be from 1 to 24");
}

std::vector<Resonance> find_resonances(const RidgeMeter& meter, const ResonanceSettings& settings) {
  settings.check();
  std::vector<Resonance> found;
  if (meter.loud_segments() < kLeastRidgeSegments) return found;
  const Curves curves = curves_of(meter);
  const std::vector<Ridge> ridges = ridges_of(curves);
  const double least_db = settings.min_prominence_db;
  for (const Ridge& ridge : ridges) {
    if (ridge.height < kSeenShare * least_db || ridge.stands < kStandsShare * least_db || ridge.swings) continue;
    if (meter.at(ridge.point).percentile(kAway) < 0 || is_of_a_series(ridge, ridges, least_db)) continue;
    Resonance resonance = fitted(meter, curves, ridge);
    if (resonance.q < kWidestQ || resonance.q > kLineQ || resonance.prominence_db < least_db) continue;
    resonance.cut_db = std::min(settings.max_cut_db, resonance.prominence_db);
    resonance.share_of_time = meter.at(ridge.point).share_above(0.5 * ridge.height);
    found.push_back(resonance);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Resonance& a, const Resonance& b) { return a.prominence_db > b.prominence_db; });
  if (found.size() > static_cast<std::size_t>(settings.max_cuts))
    found.resize(static_cast<std::size_t>(settings.max_cuts));
  std::sort(found.begin(), found.end(), [](const Resonance& a, const Resonance& b) { return a.freq_hz < b.freq_hz; });
  return found;
}

EqBand longest_cut(const ResonanceSettings& settings) {
  return {BandType::bell, settings.from_hz, -settings.max_cut_db, kLineQ};
}

}  // namespace lathe
