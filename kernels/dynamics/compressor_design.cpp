#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/math/number_text.h"

#include "kernels/dynamics/compressor.h"

namespace lathe {
namespace {

void hold_in(double value, double low, double high, const std::string& name) {
  if (value >= low && value <= high) return;
  throw std::invalid_argument("compress: " + name + " is " + number_text(value) + "; it must be " + number_text(low) +
                              " to " + number_text(high));
}

void check_band(const CompressorBand& band) {
  hold_in(band.threshold_db, -80, 0, "threshold_db");
  hold_in(band.ratio, 1, 100, "ratio");
  hold_in(band.knee_db, 0, 40, "knee_db");
  hold_in(band.attack_ms, 0.01, 1000, "attack_ms");
  hold_in(band.release_ms, 1, 10000, "release_ms");
  hold_in(band.makeup_db, -24, 24, "makeup_db");
  hold_in(band.max_gain_reduction_db, 0, std::numeric_limits<double>::infinity(), "max_gain_reduction_db");
}

}  // namespace

bool CompressorBand::changes_nothing() const {
  return makeup_db == 0 && (ratio == 1 || threshold_db >= 0 || max_gain_reduction_db == 0);
}

bool CompressorSettings::acts(int band) const {
  return mix > 0 && !bands[static_cast<std::size_t>(band)].changes_nothing();
}

bool CompressorSettings::changes_nothing() const {
  for (std::size_t b = 0; b < bands.size(); ++b) {
    if (acts(static_cast<int>(b))) return false;
  }
  return true;
}

void CompressorSettings::check() const {
  if (!(sample_rate_hz >= 4000))
    throw std::invalid_argument("compress: sample_rate_hz is " + number_text(sample_rate_hz));
  hold_in(lookahead_ms, 0, 50, "lookahead_ms");
  hold_in(sidechain_high_pass_hz, 0, 1000, "sidechain_high_pass_hz");
  hold_in(mix, 0, 1, "mix");
  hold_in(link, 0, 1, "link");
  if (bands.empty()) throw std::invalid_argument("compress: there is no band");
  if (bands.size() != crossovers_hz.size() + 1) {
    throw std::invalid_argument("compress: " + std::to_string(crossovers_hz.size()) + " crossovers_hz make " +
                                std::to_string(crossovers_hz.size() + 1) + " bands; there are " +
                                std::to_string(bands.size()));
  }
  double before = 0;
  for (const double hz : crossovers_hz) {
    hold_in(hz, 20, 20000, "crossovers_hz");
    if (!(hz > before)) throw std::invalid_argument("compress: crossovers_hz must rise");
    before = hz;
  }
  for (const CompressorBand& band : bands) check_band(band);
}

CompressorDesign::CompressorDesign(CompressorSettings settings) : settings_(std::move(settings)) {
  settings_.check();
  const double rate = settings_.sample_rate_hz, group_ms = 1000.0 * kGroup / rate;
  for (const CompressorBand& band : settings_.bands) {
    const double ratio = band.threshold_db >= 0 ? 1 : band.ratio;
    bands_.push_back({gain_law(band.threshold_db, ratio, band.knee_db, band.max_gain_reduction_db),
                      std::exp(-group_ms / band.attack_ms), std::exp(-group_ms / band.release_ms)});
  }
  if (settings_.detector == LevelDetector::peak) {
    before_ = static_cast<std::int64_t>(std::ceil(kHoldMs / group_ms));
  } else {
    before_ = after_ = std::llround(kWindowMs / group_ms);
    double sum = 0;
    std::vector<double> weights;
    for (std::int64_t k = -before_; k <= after_; ++k) {
      const double turn = static_cast<double>(k) / static_cast<double>(before_ + 1);
      weights.push_back(0.54 + 0.46 * std::cos(std::numbers::pi * turn));
      sum += weights.back();
    }
    // Twice the mean square: a full-scale sine's is a half.
    for (const double w : weights) window_.push_back(static_cast<float>(2 * w / (sum * kGroup)));
  }
  look_ahead_ = std::llround(settings_.lookahead_ms / group_ms);
  if (bands() > 1 && !changes_nothing()) {
    std::vector<bool> is_needed;
    for (int e = 0; e + 1 < bands(); ++e) is_needed.push_back(acts(e) || acts(e + 1));
    split_.emplace(settings_.crossovers_hz, is_needed, rate);
  } else if (bands() == 1 && settings_.sidechain_high_pass_hz > 0) {
    side_chain_ = side_chain_filter(settings_.sidechain_high_pass_hz, rate);
  }
}

std::int64_t CompressorDesign::wait_frames() const {
  constexpr std::int64_t kGrid = 128;
  return (kGroup * (look_ahead_ + after_) + kGrid - 1) / kGrid * kGrid;
}

// What is used, and a chunk of 32 groups at whose end what is known may lie.
std::int64_t CompressorDesign::device_halo_frames() const {
  return kGroup * (look_ahead_ + after_ + 32 + 2) + (split_ ? split_->half() : 0);
}

std::int64_t CompressorDesign::bytes(int channels) const {
  constexpr std::int64_t kLevels = 4;  // powers, decibels and gains of groups, in bytes a frame
  if (!split_) return channels * (4 * (2 * 8192 + 2 * wait_frames()) + kLevels * (8192 + wait_frames()));
  const std::int64_t step = 2 * split_->hop(), band = step + wait_frames(), points = split_->points();
  const std::int64_t held = split_->half() + wait_frames() + step + split_->half() + points;
  return channels * (4 * (held + step) + bands() * (4 + kLevels) * band) + 4 * points * (6 + 2 * bands());
}

StageAccount stage_account(const CompressorDesign& design, const std::vector<CompressorAccount>& accounts) {
  StageAccount account;
  for (std::size_t b = 0; b < accounts.size(); ++b) {
    const std::string band = accounts.size() == 1 ? std::string() : "band_" + std::to_string(b + 1) + "_";
    const CompressorAccount& of = accounts[b];
    account.figures.emplace_back(band + "max_gain_reduction_db", of.max_reduction_db);
    account.figures.emplace_back(band + "mean_gain_reduction_db", of.mean_reduction_db);
    account.figures.emplace_back(band + "share_over_1_db", of.share_over_1_db);
    if (design.acts(static_cast<int>(b))) account.curves.push_back({band + "gain_reduction_db", 1.0, of.by_second_db});
  }
  account.figures.emplace_back("latency_frames", 0);
  return account;
}

SideChainFilter side_chain_filter(double freq_hz, double sample_rate_hz) {
  // The two integrators of a state-variable filter by the trapezoidal rule.
  const double g = std::tan(std::numbers::pi * std::min(freq_hz / sample_rate_hz, 0.45)), k = std::numbers::sqrt2;
  const double a1 = 1 / (1 + g * (g + k)), a2 = g * a1, a3 = g * a2;
  const double a[2][2] = {{2 * a1 - 1, -2 * a2}, {2 * a2, 1 - 2 * a3}}, b[2] = {2 * a2, 2 * a3};
  const double c[2] = {-k * a1 - a2, k * a2 - (1 - a3)}, d = 1 - k * a2 - a3;
  SideChainFilter filter{{{a[0][0], a[0][1]}, {a[1][0], a[1][1]}}, {b[0], b[1]}, {c[0], c[1]}, d, {}, {}};
  double power[2][2] = {{1, 0}, {0, 1}};
  for (int n = 0; n < 8; ++n) {
    for (int j = 0; j < 2; ++j) filter.ring[n][j] = c[0] * power[0][j] + c[1] * power[1][j];
    double next[2][2];
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) next[i][j] = a[i][0] * power[0][j] + a[i][1] * power[1][j];
    }
    std::copy(&next[0][0], &next[0][0] + 4, &power[0][0]);
  }
  std::copy(&power[0][0], &power[0][0] + 4, &filter.group_a[0][0]);
  return filter;
}

}  // namespace lathe
