#include "kernels/restoration/hum_model.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe {

double HumModel::turns(double time_s) const {
  const double steady = freq_hz * time_s;
  if (count == 0) return steady;
  const double at = (time_s - first_s) / hop_s, last = static_cast<double>(count - 1);
  const auto value = [&](std::int64_t m) { return phase[static_cast<std::size_t>(m)]; };
  double angle;
  if (count < 2) {
    angle = value(0);
  } else if (at <= 0) {
    angle = value(0) + at * (value(1) - value(0));
  } else if (at >= last) {
    angle = value(count - 1) + (at - last) * (value(count - 1) - value(count - 2));
  } else {
    const auto m = std::min(static_cast<std::int64_t>(at), count - 2);
    const double t = at - static_cast<double>(m);
    const double p1 = value(m), p2 = value(m + 1);
    const double p0 = m > 0 ? value(m - 1) : 2 * p1 - p2, p3 = m + 2 < count ? value(m + 2) : 2 * p2 - p1;
    angle = p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
  }
  return steady + angle / (2 * std::numbers::pi);
}

Complex64 HumModel::amplitude(int channel, int line, double time_s) const {
  if (count == 0) return {};
  const Complex64* row = a.data() + (channel * lines + line) * count;
  const double at = std::clamp((time_s - first_s) / hop_s, 0.0, static_cast<double>(count - 1));
  const auto m = static_cast<std::int64_t>(at);
  const double t = at - static_cast<double>(m);
  return m + 1 < count ? (1 - t) * row[m] + t * row[m + 1] : row[m];
}

}  // namespace lathe
