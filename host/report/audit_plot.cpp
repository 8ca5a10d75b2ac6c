#include "host/report/audit_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/report/audit_text.h"

namespace lathe {
namespace {

constexpr double kTopDb = 3, kBottomDb = -60;
constexpr double kLeft = 34, kRight = 634, kTop = 8, kBottom = 134;
constexpr std::size_t kMostPoints = 300;

double y_of(double db) {
  const double part = (kTopDb - std::clamp(db, kBottomDb, kTopDb)) / (kTopDb - kBottomDb);
  return kTop + part * (kBottom - kTop);
}

double x_of(double at_s, double duration_s) {
  return kLeft + (kRight - kLeft) * std::clamp(at_s / duration_s, 0.0, 1.0);
}

// The loudest value of each stretch, joined; a gap where a stretch has none.
std::string curve(const std::vector<float>& levels, double step_s, double duration_s) {
  const std::size_t values_a_point = (levels.size() + kMostPoints - 1) / kMostPoints;
  std::string path;
  bool is_drawing = false;
  for (std::size_t start = 0; start < levels.size(); start += values_a_point) {
    const std::size_t end = std::min(start + values_a_point, levels.size());
    float loudest = -std::numeric_limits<float>::infinity();
    for (std::size_t i = start; i < end; ++i) loudest = std::max(loudest, levels[i]);  // a NaN loses
    if (!std::isfinite(loudest)) {
      is_drawing = false;
      continue;
    }
    path += fmt::format("{}{:.0f} {:.1f}", is_drawing ? 'L' : 'M', x_of(static_cast<double>(end) * step_s, duration_s),
                        y_of(loudest));
    is_drawing = true;
  }
  return path;
}

std::string level_line(const char* kind, double db) {
  return fmt::format("<path class=\"{}\" d=\"M{:.0f} {:.1f}H{:.0f}\"/>", kind, kLeft, y_of(db), kRight);
}

std::string peak_mark(double dbtp, const std::optional<double>& at_s, double duration_s) {
  if (!std::isfinite(dbtp)) return "";
  const double y = y_of(dbtp);
  const std::string label = figure_text(dbtp, 1) + " dBTP";
  if (!at_s) {
    return level_line("peak line", dbtp) +
           fmt::format("<text class=\"end\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>", kRight, y + 11, label);
  }
  const double x = x_of(*at_s, duration_s);
  const bool is_at_the_right = x > (kLeft + kRight) / 2;
  return fmt::format(
      "<path class=\"peak\" d=\"M{0:.1f} {1:.1f}l-4 -7h8z\"/><text{2} x=\"{3:.0f}\" y=\"{4:.1f}\">{5}</text>", x, y,
      is_at_the_right ? " class=\"end\"" : "", x + (is_at_the_right ? -7 : 7), y + 4, label);
}

}  // namespace

std::string plot_definitions() {
  std::string grid;
  for (const int db : {0, -20, -40, -60}) {
    grid += level_line("grid", db) +
            fmt::format("<text class=\"end\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>", kLeft - 4, y_of(db) + 4, db);
  }
  return "<svg class=\"defs\" aria-hidden=\"true\"><defs><g id=\"grid\">" + grid + "</g></defs></svg>";
}

std::string loudness_plot(const FileAudit& file) {
  if (!file.series || !(file.series->step_s > 0)) return "";
  const LoudnessSeries& series = *file.series;
  const std::size_t values = std::max(series.momentary_lufs.size(), series.short_term_lufs.size());
  if (values == 0) return "";
  const double duration_s = std::max(file.duration_s(), static_cast<double>(values) * series.step_s);
  const std::optional<LoudnessFigures> figures = figures_of(file);
  std::string svg = fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 640 152\" role=\"img\" aria-label=\"Momentary and short-term loudness over "
      "time\">"
      "<use href=\"#grid\"/><path class=\"momentary\" d=\"{}\"/><path class=\"short\" d=\"{}\"/>",
      curve(series.momentary_lufs, series.step_s, duration_s),
      curve(series.short_term_lufs, series.step_s, duration_s));
  if (figures && std::isfinite(figures->integrated_lufs)) svg += level_line("integrated", figures->integrated_lufs);
  if (figures) svg += peak_mark(figures->true_peak_dbtp, file.true_peak_at_s, duration_s);
  svg +=
      fmt::format("<text x=\"{:.0f}\" y=\"148\">0:00</text><text class=\"end\" x=\"{:.0f}\" y=\"148\">{}</text></svg>",
                  kLeft, kRight, duration_text(duration_s));
  return svg;
}

}  // namespace lathe
