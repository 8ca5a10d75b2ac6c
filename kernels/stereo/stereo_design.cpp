#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/fft/real_fft_double.h"
#include "kernels/math/number_text.h"
#include "kernels/stereo/stereo.h"

namespace lathe {
namespace {

// A transition between two bands: a quarter of an octave to either side of their edge.
constexpr double kHalfTransition = 1.189207115002721;
// Nothing of the side below, all of it above; the contract's corners lie a little further out.
constexpr double kMonoUpTo = 0.72, kMonoFree = 1.6;
// 0.02 dB, under a width of 0.1 as if that were asked for.
constexpr double kTolerance = 0.0023, kLeastWidth = 0.1;

void expect(bool holds, const char* field, double value, const char* range) {
  if (!holds)
    throw std::invalid_argument("StereoSettings: " + std::string(field) + " is " + number_text(value) +
                                "; it must be " + range);
}

// 0 up to `from`, 1 above `to`, a raised cosine of the logarithm between.
double rise(double frequency_hz, double from, double to) {
  if (frequency_hz <= from) return 0;
  if (frequency_hz >= to) return 1;
  return 0.5 - 0.5 * std::cos(std::numbers::pi * std::log(frequency_hz / from) / std::log(to / from));
}

// Where one band goes over into the next.
struct Transition {
  double from_hz, to_hz, change;
};

std::vector<Transition> transitions(const StereoSettings& settings) {
  std::vector<Transition> all;
  const std::vector<StereoBand>& bands = settings.bands;
  for (std::size_t i = 0; i + 1 < bands.size(); ++i) {
    const double edge = *bands[i].up_to_hz;
    double below = kHalfTransition, above = kHalfTransition;
    // Where a band is narrow its transitions meet in its middle, at the latest.
    if (i > 0) below = std::min(below, std::sqrt(edge / *bands[i - 1].up_to_hz));
    if (bands[i + 1].up_to_hz) above = std::min(above, std::sqrt(*bands[i + 1].up_to_hz / edge));
    all.push_back({edge / below, edge * above, bands[i + 1].width - bands[i].width});
  }
  return all;
}

}  // namespace

void StereoSettings::check() const {
  const auto check_width = [](double w) { expect(w >= 0 && w <= 2, "width", w, "0 to 2"); };
  check_width(width);
  double edge = 0;
  for (std::size_t i = 0; i < bands.size(); ++i) {
    check_width(bands[i].width);
    if (!bands[i].up_to_hz) {
      if (i + 1 < bands.size())
        throw std::invalid_argument("StereoSettings: only the last band may leave out up_to_hz");
      continue;
    }
    const double up_to = *bands[i].up_to_hz;
    expect(up_to >= 20 && up_to <= 192000, "up_to_hz", up_to, "20 to 192000");
    expect(up_to > edge, "up_to_hz", up_to, "above that of the band before");
    edge = up_to;
  }
  if (mono_below_hz)
    expect(*mono_below_hz >= 20 && *mono_below_hz <= 1000, "mono_below_hz", *mono_below_hz, "20 to 1000");
  if (min_correlation)
    expect(*min_correlation >= -1 && *min_correlation <= 1, "min_correlation", *min_correlation, "-1 to 1");
  if (max_mono_loss_db)
    expect(*max_mono_loss_db >= 0 && *max_mono_loss_db <= 24, "max_mono_loss_db", *max_mono_loss_db, "0 to 24");
  expect(balance_db >= -12 && balance_db <= 12, "balance_db", balance_db, "-12 to 12");
}

bool StereoSettings::changes_nothing() const {
  const bool is_flat =
      bands.empty() ? width == 1
                    : std::all_of(bands.begin(), bands.end(), [](const StereoBand& band) { return band.width == 1; });
  return is_flat && !mono_below_hz && !limits().holds_anything() && balance_db == 0;
}

StereoLimits StereoSettings::limits() const {
  StereoLimits limits;
  if (max_mono_loss_db) limits.most_side = std::pow(10.0, *max_mono_loss_db / 10) - 1;
  if (min_correlation && *min_correlation >= 0)
    limits.most_side = std::min(limits.most_side, (1 - *min_correlation) / (1 + *min_correlation));
  if (min_correlation && *min_correlation < 0) limits.correlation = *min_correlation;
  return limits;
}

StereoDesign::StereoDesign(StereoSettings settings, double sample_rate_hz)
    : settings_(std::move(settings)), sample_rate_hz_(sample_rate_hz) {
  settings_.check();
  if (!(sample_rate_hz > 0)) throw std::invalid_argument("StereoDesign: the sample rate must be above 0");
  limits_ = settings_.limits();
  block_frames_ = static_cast<std::int64_t>(std::ceil(sample_rate_hz / 100));
  design_filter();
}

double StereoDesign::width_at(double frequency_hz) const {
  double width = settings_.bands.empty() ? settings_.width : settings_.bands.front().width;
  for (const Transition& t : transitions(settings_)) width += t.change * rise(frequency_hz, t.from_hz, t.to_hz);
  if (settings_.mono_below_hz)
    width *= rise(frequency_hz, kMonoUpTo * *settings_.mono_below_hz, kMonoFree * *settings_.mono_below_hz);
  return width;
}

double StereoDesign::left_gain() const { return std::pow(10.0, -settings_.balance_db / 40); }
double StereoDesign::right_gain() const { return std::pow(10.0, settings_.balance_db / 40); }

// As equalisers are designed (eq_design.h): the target on a dense grid, cut at the shortest power of two that will do.
void StereoDesign::design_filter() {
  double narrowest_hz = sample_rate_hz_;
  for (const Transition& t : transitions(settings_)) {
    if (t.change != 0) narrowest_hz = std::min(narrowest_hz, t.to_hz - t.from_hz);
  }
  if (settings_.mono_below_hz)
    narrowest_hz = std::min(narrowest_hz, (kMonoFree - kMonoUpTo) * *settings_.mono_below_hz);
  if (narrowest_hz == sample_rate_hz_) return;

  std::int64_t half = 32;
  while (static_cast<double>(half) < sample_rate_hz_ / narrowest_hz) half *= 2;
  const std::int64_t points = 32 * half;
  std::vector<double> target(static_cast<std::size_t>(points) + 1);
  for (std::size_t k = 0; k < target.size(); ++k)
    target[k] = width_at(static_cast<double>(k) * sample_rate_hz_ / 2 / static_cast<double>(points));
  std::vector<double> impulse = even_transform(target);
  for (double& h : impulse) h /= 2.0 * static_cast<double>(points);
  std::vector<double> taps;
  for (; half <= points / 2; half *= 2) {
    taps = cut_kernel(impulse, half - 1);
    std::vector<double> padded(target.size(), 0.0);
    std::copy(taps.begin(), taps.end(), padded.begin());
    const std::vector<double> response = even_transform(padded);
    worst_deviation_ = 0;
    double worst = 0;
    for (std::size_t k = 0; k < target.size(); ++k) {
      const double off = std::abs(response[k] - target[k]);
      worst_deviation_ = std::max(worst_deviation_, off);
      worst = std::max(worst, off / std::max(target[k], kLeastWidth));
    }
    if (worst <= kTolerance) break;
  }
  std::vector<double> identity(taps.size(), 0.0);
  identity[0] = 1;
  mid_ = std::make_shared<const OverlapSaveKernel>(identity);
  side_ = std::make_shared<const OverlapSaveKernel>(taps);
}

void check_stereo_channels(int channels) {
  if (channels < 1 || channels > 2) {
    throw std::invalid_argument("the stage stereo needs a stereo track; this one has " + std::to_string(channels) +
                                " channels");
  }
}

}  // namespace lathe
