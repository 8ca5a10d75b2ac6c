#include "host/report/audit_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/report/audit_text.h"

namespace lathe {
namespace {

// One scale for every track, so that plots can be compared: music and speech from -54 LUFS up, and what a true peak
// goes over full scale.
constexpr double kTopDb = 3, kBottomDb = -54;
constexpr int kLeft = 36, kRight = 816, kTop = 22, kBottom = 174;
constexpr std::size_t kMostPoints = 260;
constexpr int kMostTicks = 8;

int y_of(double db) {
  const double part = (kTopDb - std::clamp(db, kBottomDb, kTopDb)) / (kTopDb - kBottomDb);
  return static_cast<int>(std::lround(kTop + part * (kBottom - kTop)));
}

int x_of(double at_s, double duration_s) {
  return static_cast<int>(std::lround(kLeft + (kRight - kLeft) * std::clamp(at_s / duration_s, 0.0, 1.0)));
}

struct Point {
  int x, y;
};
using Run = std::vector<Point>;

// The loudest value of each stretch, in runs without a gap: a gap is a stretch that has none.
std::vector<Run> runs_of(const std::vector<float>& levels, double step_s, double duration_s) {
  const std::size_t values_a_point = (levels.size() + kMostPoints - 1) / kMostPoints;
  std::vector<Run> runs;
  bool is_drawing = false;
  for (std::size_t start = 0; start < levels.size(); start += values_a_point) {
    const std::size_t end = std::min(start + values_a_point, levels.size());
    float loudest = -std::numeric_limits<float>::infinity();
    for (std::size_t i = start; i < end; ++i) loudest = std::max(loudest, levels[i]);  // a NaN loses
    const bool is_level = std::isfinite(loudest);
    if (is_level && !is_drawing) runs.emplace_back();
    if (is_level) runs.back().push_back({x_of(static_cast<double>(end) * step_s, duration_s), y_of(loudest)});
    is_drawing = is_level;
  }
  return runs;
}

// Relative to the point before, which is half as long to write.
std::string joined(const Run& run) {
  std::string path = "l";
  for (std::size_t i = 1; i < run.size(); ++i) {
    path += fmt::format("{}{} {}", i > 1 ? " " : "", run[i].x - run[i - 1].x, run[i].y - run[i - 1].y);
  }
  return run.size() > 1 ? path : "h1";  // a point by itself is seen, too
}

std::string curve(const std::vector<Run>& runs) {
  std::string path;
  for (const Run& run : runs) path += fmt::format("M{} {}{}", run.front().x, run.front().y, joined(run));
  return path;
}

std::string area(const std::vector<Run>& runs) {
  std::string path;
  for (const Run& run : runs) {
    path += fmt::format("M{} {}V{}{}V{}z", run.front().x, kBottom, run.front().y, joined(run), kBottom);
  }
  return path;
}

std::string level_line(const char* kind, double db) {
  return fmt::format("<path class=\"{}\" d=\"M{} {}H{}\"/>", kind, kLeft, y_of(db), kRight);
}

std::string label(const char* anchor, int x, int y, const std::string& text) {
  const std::string classes = *anchor ? fmt::format(" class=\"{}\"", anchor) : "";
  return fmt::format("<text{} x=\"{}\" y=\"{}\">{}</text>", classes, x, y, text);
}

std::string peak_mark(double dbtp, const std::optional<double>& at_s, double duration_s) {
  if (!std::isfinite(dbtp)) return "";
  const int y = y_of(dbtp);
  const std::string figure = figure_text(dbtp, 1) + " dBTP";
  if (!at_s) return level_line("peak line", dbtp) + label("", kRight + 6, y + 4, figure);
  const int x = x_of(*at_s, duration_s);
  return fmt::format("<path class=\"peak\" d=\"M{} {}l-5-9h10z\"/>", x, y) + label("", kRight + 6, y + 4, figure);
}

// The shortest round step that leaves room for its figures.
double tick_step_s(double duration_s) {
  for (const double step_s : {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400}) {
    if (duration_s / step_s <= kMostTicks) return step_s;
  }
  return duration_s / kMostTicks;
}

std::string time_axis(double duration_s) {
  std::string lines, figures;
  const double step_s = tick_step_s(duration_s);
  for (int i = 0; i * step_s <= duration_s; ++i) {
    const int x = x_of(i * step_s, duration_s);
    lines += fmt::format("M{} {}v4", x, kBottom);
    figures += label("mid", x, kBottom + 16, duration_text(i * step_s));
  }
  return "<path d=\"" + lines + "\"/>" + figures;
}

std::string legend() {
  const auto key = [](int x, const char* kind, const char* shape, const char* name) {
    return fmt::format("<path class=\"{}\" d=\"M{} {}\"/>", kind, x, shape) + label("", x + 26, 12, name);
  };
  return key(kLeft, "momentary", "3h20v10h-20z", "momentary (400 ms)") +
         key(kLeft + 160, "short", "8h20", "short-term (3 s)") + key(kLeft + 300, "integrated", "8h20", "integrated") +
         key(kLeft + 410, "peak", "12l5-9h-10z", "true peak");
}

std::string description(const std::optional<LoudnessFigures>& f, double duration_s) {
  std::string text = "Momentary and short-term loudness over " + duration_text(duration_s);
  if (!f) return text;
  return text + fmt::format(": integrated {} LUFS, true peak {} dBTP", figure_text(f->integrated_lufs, 1),
                            figure_text(f->true_peak_dbtp, 1));
}

}  // namespace

std::string plot_definitions() {
  std::string grid;
  for (int db = 0; db >= kBottomDb; db -= 12) {
    grid += level_line("grid", db) + label("end", kLeft - 6, y_of(db) + 4, fmt::to_string(db));
  }
  return "<svg class=\"defs\" aria-hidden=\"true\"><defs><g id=\"grid\">" + legend() + grid + "</g></defs></svg>";
}

std::string loudness_plot(const FileAudit& file) {
  if (!file.series || !(file.series->step_s > 0)) return "";
  const LoudnessSeries& series = *file.series;
  const std::size_t values = std::max(series.momentary_lufs.size(), series.short_term_lufs.size());
  if (values == 0) return "";
  const double duration_s = std::max(file.duration_s(), static_cast<double>(values) * series.step_s);
  const std::optional<LoudnessFigures> figures = figures_of(file);
  std::string svg = fmt::format("<svg class=\"plot\" viewBox=\"0 0 880 196\" role=\"img\" aria-label=\"{}\">",
                                description(figures, duration_s));
  svg += "<path class=\"momentary\" d=\"" + area(runs_of(series.momentary_lufs, series.step_s, duration_s)) + "\"/>" +
         "<use href=\"#grid\"/>" + time_axis(duration_s) + "<path class=\"short\" d=\"" +
         curve(runs_of(series.short_term_lufs, series.step_s, duration_s)) + "\"/>";
  if (figures && std::isfinite(figures->integrated_lufs)) {
    svg +=
        level_line("integrated", figures->integrated_lufs) +
        label("", kRight + 6, y_of(figures->integrated_lufs) + 4, figure_text(figures->integrated_lufs, 1) + " LUFS");
  }
  if (figures) svg += peak_mark(figures->true_peak_dbtp, file.true_peak_at_s, duration_s);
  return svg + "</svg>";
}

}  // namespace lathe
