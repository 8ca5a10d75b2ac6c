#include "host/compare/compare_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "host/report/audit_text.h"
#include "host/report/track_json.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

Json audited_json(const FileAudit& file) {
  const std::optional<LoudnessFigures> figures = figures_of(file);
  const auto figure = [&figures](double LoudnessFigures::*which) {
    return figures ? json_number((*figures).*which) : Json(nullptr);
  };
  return {{"path", json_text(file.path)},
          {"state", word(file.state)},
          {"reason", file.reason},
          {"container", file.container},
          {"encoding", file.encoding},
          {"sample_rate_hz", file.sample_rate_hz},
          {"channels", file.channels},
          {"frames", file.frames},
          {"duration_s", json_number(file.duration_s())},
          {"integrated_lufs", figure(&LoudnessFigures::integrated_lufs)},
          {"true_peak_dbtp", figure(&LoudnessFigures::true_peak_dbtp)},
          {"sample_peak_dbfs", figure(&LoudnessFigures::sample_peak_dbfs)}};
}

Json difference_of(const std::optional<double>& loudness, const FileComparison& pair) {
  if (!loudness) return {{"integrated_lu", nullptr}, {"true_peak_db", nullptr}};
  return {{"integrated_lu", json_number(*loudness)},
          {"true_peak_db", json_number(pair.b.figures.true_peak_dbtp - pair.a.figures.true_peak_dbtp)}};
}

void add_alignment(Json& json, const FileComparison& pair) {
  const bool is_same = pair.state == PairState::same;
  const bool is_aligned = is_same || (pair.alignment && pair.alignment->is_found);
  json["aligned"] = is_aligned;
  if (!is_aligned || is_same) {
    json["delay_frames"] = is_same ? Json(0) : Json(nullptr);
    json["delay_s"] = is_same ? Json(0.0) : Json(nullptr);
    json["fraction_frames"] = is_same ? Json(0.0) : Json(nullptr);
    json["correlation"] = pair.alignment ? json_number(pair.alignment->correlation) : Json(nullptr);
    json["polarity"] = is_same ? Json("SAME") : Json(nullptr);
    json["channels_swapped"] = is_same ? Json(false) : Json(nullptr);
    return;
  }
  const Alignment& alignment = *pair.alignment;
  const auto inverted = std::ranges::count(alignment.is_inverted, true);
  json["delay_frames"] = alignment.delay_frames;
  json["delay_s"] = json_number(static_cast<double>(alignment.delay_frames) / pair.compared_at_hz);
  json["fraction_frames"] = json_number(std::round(alignment.fraction_frames * 1000) / 1000);
  json["correlation"] = json_number(alignment.correlation);
  json["polarity"] = inverted == 0 ? "SAME" : inverted == std::ssize(alignment.is_inverted) ? "INVERTED" : "MIXED";
  json["channels_swapped"] = alignment.is_swapped;
}

void add_null(Json& json, const FileComparison& pair) {
  const bool is_same = pair.state == PairState::same;
  NullFindings null;
  if (pair.null) null = *pair.null;
  const bool has_figures = is_same || pair.null;
  json["gain_db"] = has_figures ? json_number(null.gain_db) : Json(nullptr);
  json["channel_gains_db"] = Json::array();
  for (const double gain : null.channel_gains_db) json["channel_gains_db"].push_back(json_number(gain));
  json["frames_compared"] = is_same ? pair.a.frames : null.frames;
  json["same_share"] = has_figures ? json_number(is_same ? 1.0 : null.same_share) : Json(nullptr);
  json["residual_db"] = json_number(null.residual_db);
  json["worst_residual_db"] = json_number(null.worst_residual_db);
  json["worst_at_s"] = json_number(null.worst_at_s);
  json["peak_residual_dbfs"] = json_number(null.peak_residual_dbfs);
  json["loudness_matched_residual_db"] = json_number(null.matched_residual_db);
  json["first_difference_s"] = json_number(null.first_difference_s);
  json["spans"] = Json::array();
  for (const NullSpan& span : null.spans)
    json["spans"].push_back({{"from_s", json_number(span.from_s)},
                             {"to_s", json_number(span.to_s)},
                             {"residual_db", json_number(span.residual_db)}});
  json["spans_not_listed"] = null.spans_not_listed;
}

Json pair_json(const FileComparison& pair) {
  Json json{{"state", word(pair.state)}, {"reason", pair.reason},     {"summary", pair.summary},
            {"notes", pair.notes},       {"a", audited_json(pair.a)}, {"b", audited_json(pair.b)}};
  if (pair.state == PairState::unreadable) return json;
  json["same_samples"] = pair.state == PairState::same;
  json["same_when_aligned"] =
      pair.state == PairState::same || (pair.null && !pair.null->residual_db && pair.null->gain_db == 0);
  json["compared_at_hz"] = pair.compared_at_hz;
  json["compared_channels"] = pair.compared_channels;
  add_alignment(json, pair);
  add_null(json, pair);
  json["difference"] = difference_of(pair.loudness_difference_lu(), pair);
  return json;
}

void write_levels(std::ostream& out, const FileComparison& pair) {
  const auto shown = [](double value) { return std::isfinite(value) ? figure_text(value, 1) : "-"; };
  if (pair.a.state != AuditState::measured && pair.b.state != AuditState::measured) return;
  out << fmt::format("  loudness {} and {} LUFS, true peak {} and {} dBTP\n", shown(pair.a.figures.integrated_lufs),
                     shown(pair.b.figures.integrated_lufs), shown(pair.a.figures.true_peak_dbtp),
                     shown(pair.b.figures.true_peak_dbtp));
}

void write_null(std::ostream& out, const NullFindings& null) {
  if (!null.residual_db) return;
  out << fmt::format("  difference {:.1f} dB of A; worst second at {:.1f} s: {:.1f} dB; peak {:.1f} dBFS\n",
                     *null.residual_db, *null.worst_at_s, *null.worst_residual_db, *null.peak_residual_dbfs);
  if (null.first_difference_s) out << fmt::format("  first differs at {:.3f} s\n", *null.first_difference_s);
  std::vector<NullSpan> worst = null.spans;
  std::ranges::sort(worst, std::greater(), &NullSpan::residual_db);
  if (worst.size() > 5) worst.resize(5);
  for (const NullSpan& span : worst)
    out << fmt::format("  differs most from {:.1f} to {:.1f} s: {:.1f} dB\n", span.from_s, span.to_s, span.residual_db);
}

}  // namespace

std::size_t ComparisonReport::count(PairState state) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(pairs, [state](const FileComparison& pair) { return pair.state == state; }));
}

Json compare_json(const ComparisonReport& report) {
  Json doc{{"schema", "lathe.compare.v1"}, {"engine", report.engine}, {"pairs", Json::array()}};
  for (const FileComparison& pair : report.pairs) doc["pairs"].push_back(pair_json(pair));
  for (const auto& [key, paths] : {std::pair("only_in_a", &report.only_a), std::pair("only_in_b", &report.only_b)}) {
    doc[key] = Json::array();
    for (const std::filesystem::path& path : *paths) doc[key].push_back(json_text(path));
  }
  for (const UnlistedFolder& folder : report.unlisted)
    doc["unlisted"].push_back({{"path", json_text(folder.path)}, {"reason", folder.reason}});
  doc["summary"] = {{"pairs", report.pairs.size()},
                    {"same", report.count(PairState::same)},
                    {"different", report.count(PairState::different)},
                    {"unreadable", report.count(PairState::unreadable)},
                    {"only_in_a", report.only_a.size()},
                    {"only_in_b", report.only_b.size()}};
  return doc;
}

void write_compare_text(std::ostream& out, const ComparisonReport& report) {
  for (const FileComparison& pair : report.pairs) {
    out << fmt::format("{:<10}  {}  |  {}\n", word(pair.state), visible_text(pair.a.path.native()),
                       visible_text(pair.b.path.native()));
    out << "  " << visible_text(pair.state == PairState::unreadable ? pair.reason : pair.summary) << '\n';
    for (const std::string& note : pair.notes) out << "  " << visible_text(note) << '\n';
    if (pair.state != PairState::different) continue;
    write_levels(out, pair);
    if (pair.null) write_null(out, *pair.null);
  }
  for (const std::filesystem::path& path : report.only_a) out << "only in A   " << visible_text(path.native()) << '\n';
  for (const std::filesystem::path& path : report.only_b) out << "only in B   " << visible_text(path.native()) << '\n';
  for (const UnlistedFolder& folder : report.unlisted)
    out << fmt::format("{:<10}  {}: {}\n", "UNREADABLE", visible_text(folder.path.native()),
                       visible_text(folder.reason));
  if (report.pairs.size() + report.only_a.size() + report.only_b.size() > 1)
    out << fmt::format("{} pairs: {} the same, {} different, {} unreadable; {} only in A, {} only in B\n",
                       report.pairs.size(), report.count(PairState::same), report.count(PairState::different),
                       report.count(PairState::unreadable), report.only_a.size(), report.only_b.size());
}

}  // namespace lathe
