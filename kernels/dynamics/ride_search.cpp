// Finds the ride of a track: see gain_ride.h.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels/dynamics/gain_ride.h"
#include "kernels/math/decibel.h"
#include "kernels/math/number_text.h"

namespace lathe {
namespace {

constexpr double kGridS = 0.1;
constexpr std::int64_t kGridHops = 10;
constexpr double kEnoughLu = 0.05;  // of the range asked for: a tenth of what is promised
constexpr int kMostRounds = 6;
constexpr int kTries = 12;  // halvings of the factor: within 0.0003

using Curve = std::vector<double>;

// Sums of neighbours in O(1) each, whatever the width.
Curve box_mean(const Curve& in, std::int64_t reach) {
  const auto count = static_cast<std::int64_t>(in.size());
  const auto at = [&](std::int64_t k) {
    return in[static_cast<std::size_t>(std::clamp<std::int64_t>(k, 0, count - 1))];
  };
  Curve out(in.size());
  double sum = 0;
  for (std::int64_t k = -reach; k <= reach; ++k) sum += at(k);
  for (std::int64_t k = 0; k < count; ++k) {
    out[static_cast<std::size_t>(k)] = sum / static_cast<double>(2 * reach + 1);
    sum += at(k + reach + 1) - at(k - reach);
  }
  return out;
}

// Three means in a row, together as long as the window: within 2 % of a raised cosine.
Curve smoothed(const Curve& in, double window_s) {
  const std::int64_t reach = std::llround(window_s / kGridS / 6);
  if (reach < 1) return in;
  return box_mean(box_mean(box_mean(in, reach), reach), reach);
}

Curve held_to_slope(const Curve& in) {
  constexpr double kStep = GainRide::kMostSlope * kGridS * 0.999;  // knots are not quite on the grid
  Curve above = in, below = in;
  for (std::size_t k = 1; k < in.size(); ++k) {
    above[k] = std::max(above[k], above[k - 1] - kStep);
    below[k] = std::min(below[k], below[k - 1] + kStep);
  }
  for (std::size_t k = in.size() - 1; k-- > 0;) {
    above[k] = std::max(above[k], above[k + 1] - kStep);
    below[k] = std::min(below[k], below[k + 1] + kStep);
  }
  for (std::size_t k = 0; k < in.size(); ++k) above[k] = 0.5 * (above[k] + below[k]);
  return above;
}

// The track's energies on the grid, and what a gain makes of its loudness.
class Grid {
 public:
  explicit Grid(const HopEnergies& hops) {
    frames_ = hops.sample_rate_hz * kGridS;
    for (std::size_t k = 0; k < hops.energy.size(); k += kGridHops) {
      double sum = 0;
      for (std::size_t j = k; j < std::min(k + kGridHops, hops.energy.size()); ++j) sum += hops.energy[j];
      energy_.push_back(sum);
    }
  }

  std::size_t size() const { return energy_.size(); }

  // Mean squares over 3 s from each place of the grid on, the last 1.5 s into silence, as a range is made of; `gain` in
  // dB, or none.
  Curve short_terms(const Curve& gain_db) const {
    Curve sum(energy_.size() + 1, 0.0);
    for (std::size_t k = 0; k < energy_.size(); ++k)
      sum[k + 1] = sum[k] + energy_[k] * (gain_db.empty() ? 1.0 : db_to_power(gain_db[k]));
    Curve powers;
    for (std::size_t k = 0; k + kWindow / 2 <= energy_.size(); ++k)
      powers.push_back((sum[std::min(k + kWindow, energy_.size())] - sum[k]) / (kWindow * frames_));
    return powers;
  }

  double range(const Curve& gain_db) const { return gated_range(short_terms(gain_db)); }

  // Loudness of the 3 s about each place, of what sounds in them, drawn straight over what the gates of the range leave
  // out. Nothing where all of it is left out.
  Curve loudness(const Curve& gain_db) const {
    const double gate = gate_of(short_terms(gain_db)), sounds = kSounds * gate * frames_;
    Curve sum(energy_.size() + 1, 0.0), count(energy_.size() + 1, 0.0);
    for (std::size_t k = 0; k < energy_.size(); ++k) {
      const double energy = energy_[k] * (gain_db.empty() ? 1.0 : db_to_power(gain_db[k]));
      const bool is_heard = energy >= sounds;
      sum[k + 1] = sum[k] + (is_heard ? energy : 0);
      count[k + 1] = count[k] + (is_heard ? 1 : 0);
    }
    Curve known(energy_.size(), 0.0);
    std::vector<std::size_t> places;
    for (std::size_t k = 0; k < energy_.size(); ++k) {
      const std::size_t first = k < kWindow / 2 ? 0 : k - kWindow / 2, end = std::min(energy_.size(), k + kWindow / 2);
      const double heard = count[end] - count[first], power = (sum[end] - sum[first]) / (heard * frames_);
      if (heard < kFewest || !(power >= gate)) continue;
      known[k] = loudness_of_power(power);
      places.push_back(k);
    }
    if (places.empty()) return {};
    for (std::size_t k = 0; k < places.front(); ++k) known[k] = known[places.front()];
    for (std::size_t k = places.back(); k < known.size(); ++k) known[k] = known[places.back()];
    for (std::size_t p = 0; p + 1 < places.size(); ++p) {
      const std::size_t from = places[p], to = places[p + 1];
      for (std::size_t k = from + 1; k < to; ++k) {
        const double part = static_cast<double>(k - from) / static_cast<double>(to - from);
        known[k] = known[from] + part * (known[to] - known[from]);
      }
    }
    return known;
  }

 private:
  static constexpr std::size_t kWindow = 30;
  static constexpr double kFewest = 5;    // tenths of a second that sound, for a loudness
  static constexpr double kSounds = 0.1;  // of the gate: a tenth of a second that is 10 LU quieter is a rest

  static double gate_of(const Curve& powers) {
    const double absolute = db_to_power(-70.0 + 0.691);
    double sum = 0, count = 0;
    for (const double p : powers) {
      if (p >= absolute) sum += p, count += 1;
    }
    return std::max(absolute, count > 0 ? 0.01 * sum / count : absolute);
  }

  double frames_ = 0;
  Curve energy_;
};

struct Ridden {
  Curve gain_db;
  double range_lu = 0, factor = 0;
};

// The gain for a factor after some rounds.
Curve ridden(const Grid& grid, const Curve& loudness, double level, double factor, int rounds, double window_s) {
  Curve asked(loudness.size()), gain(loudness.size(), 0.0);
  double window = window_s;
  for (int round = 0; round < rounds; ++round, window /= 2) {
    const Curve now = round == 0 ? loudness : grid.loudness(gain);
    for (std::size_t k = 0; k < asked.size(); ++k) asked[k] = level + (1 - factor) * (loudness[k] - level) - now[k];
    const Curve more = smoothed(asked, window);
    for (std::size_t k = 0; k < gain.size(); ++k) gain[k] += more[k];
    gain = held_to_slope(gain);
  }
  return gain;
}

// The factor that brings the range nearest to the one asked for. Up to 1 the range falls as the factor rises, but for
// what steep edges do to it; more than 1 makes up for edges that the slope leaves.
Ridden best_of(const Grid& grid, const Curve& loudness, double level, int rounds, const RideSettings& settings) {
  const auto at = [&](double factor) {
    Ridden one{ridden(grid, loudness, level, factor, rounds, settings.window_s), 0, factor};
    one.range_lu = grid.range(one.gain_db);
    return one;
  };
  Ridden best;
  double low = 0, high = 0;
  for (const double factor : {1.0, 0.5, 0.75, 1.25, 1.5}) {
    Ridden one = at(factor);
    if (best.factor == 0 || one.range_lu < best.range_lu) best = std::move(one);
    if (best.range_lu > settings.range_lu) continue;
    high = factor;
    break;
  }
  if (high == 0) return best;
  for (int i = 0; i < kTries && std::abs(best.range_lu - settings.range_lu) > 0.2 * kEnoughLu; ++i) {
    Ridden one = at((low + high) / 2);
    (one.range_lu > settings.range_lu ? low : high) = one.factor;
    if (std::abs(one.range_lu - settings.range_lu) < std::abs(best.range_lu - settings.range_lu)) best = std::move(one);
  }
  return best;
}

// A ride moves levels against each other and leaves the whole as loud as it was, so that a chain without a loudness
// target does not get louder; and no passage is raised beyond reason, such as the end of a fade.
void keep_loudness(const HopEnergies& hops, double level, Curve& gain_db) {
  constexpr double kMostUpDb = 15;
  HopEnergies after = hops;
  for (std::size_t k = 0; k < hops.energy.size(); ++k)
    after.energy[k] *= db_to_power(gain_db[std::min(k / kGridHops, gain_db.size() - 1)]);
  const double shift = level - integrated_loudness(after);
  if (!std::isfinite(shift)) return;
  for (double& gain : gain_db) gain = std::min(gain + shift, kMostUpDb);
}

// The gain at knots, which lie as near to a tenth of a second apart as their spacing lets them.
std::vector<double> at_knots(const Curve& gain_db, double sample_rate_hz) {
  const double step = static_cast<double>(GainRide::spacing_frames(sample_rate_hz)) / sample_rate_hz / kGridS;
  std::vector<double> knots;
  // The grid's values are for the middle of their tenths.
  for (double at = -0.5; at < static_cast<double>(gain_db.size()) + step; at += step) {
    const double place = std::clamp(at, 0.0, static_cast<double>(gain_db.size() - 1));
    const auto k = static_cast<std::size_t>(place);
    const double next = gain_db[std::min(k + 1, gain_db.size() - 1)];
    knots.push_back(gain_db[k] + (place - static_cast<double>(k)) * (next - gain_db[k]));
  }
  return knots;
}

// The range of the track with the ride's own gain on every hop.
double ridden_range(const HopEnergies& hops, const GainRide& ride) {
  HopEnergies after = hops;
  for (std::size_t k = 0; k < hops.energy.size(); ++k) {
    const double at = (static_cast<double>(k) + 0.5) * hops.sample_rate_hz / 100 / static_cast<double>(ride.spacing());
    const auto knot = std::min(static_cast<std::size_t>(at), ride.knots().size() - 2);
    const double from = ride.knots()[knot], to = ride.knots()[knot + 1];
    const double gain = from + (to - from) * std::min(1.0, at - static_cast<double>(knot));
    after.energy[k] *= gain * gain;
  }
  return loudness_range(after);
}

void note_gain(const GainRide& ride, double sample_rate_hz, RideReading& reading) {
  const std::vector<double>& knots = ride.knots_db();
  const double step_s = static_cast<double>(ride.spacing()) / sample_rate_hz;
  for (std::size_t k = 0; k < knots.size(); ++k) {
    reading.most_up_db = std::max(reading.most_up_db, knots[k]);
    reading.most_down_db = std::max(reading.most_down_db, -knots[k]);
    if (k > 0) reading.steepest_db_s = std::max(reading.steepest_db_s, std::abs(knots[k] - knots[k - 1]) / step_s);
  }
}

}  // namespace

void RideSettings::check() const {
  if (!(range_lu >= 0 && range_lu <= 30))
    throw std::invalid_argument("level: range_lu is " + number_text(range_lu) + "; it must be 0 to 30");
  if (!(window_s >= 0.4 && window_s <= 120))
    throw std::invalid_argument("level: window_s is " + number_text(window_s) + "; it must be 0.4 to 120");
}

FoundRide find_ride(const HopEnergies& hops, const RideSettings& settings) {
  settings.check();
  FoundRide found;
  RideReading& reading = found.reading;
  reading.range_before_lu = reading.range_after_lu = loudness_range(hops);
  if (reading.range_before_lu <= settings.range_lu) return found;
  const Grid grid(hops);
  const Curve loudness = grid.loudness({});
  const double level = integrated_loudness(hops);
  if (loudness.empty() || !std::isfinite(level)) return found;
  Ridden best;
  for (int rounds = 1; rounds <= kMostRounds; ++rounds) {
    Ridden one = best_of(grid, loudness, level, rounds, settings);
    const bool is_better = rounds == 1 || one.range_lu < best.range_lu;
    if (is_better) best = std::move(one);
    if (best.range_lu <= settings.range_lu + kEnoughLu) break;
  }
  constexpr std::string_view kTooSteep = "the gain would have to move by more than 1 dB a second";
  if (best.range_lu >= reading.range_before_lu) {
    reading.reason = kTooSteep;
    return found;
  }
  keep_loudness(hops, level, best.gain_db);
  const auto ride = std::make_shared<const GainRide>(hops.sample_rate_hz, at_knots(best.gain_db, hops.sample_rate_hz));
  reading.range_after_lu = ridden_range(hops, *ride);
  reading.factor = best.factor;
  note_gain(*ride, hops.sample_rate_hz, reading);
  if (reading.range_after_lu > settings.range_lu + 0.5) reading.reason = kTooSteep;
  found.ride = ride;
  return found;
}

}  // namespace lathe
