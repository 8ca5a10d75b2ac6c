#include "host/report/audit_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

#include "host/report/audit_text.h"
#include "host/report/track_json.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

Json optional_number(const std::optional<double>& value) { return value ? json_number(*value) : Json(nullptr); }

Json number_or_null(double value, bool is_known) { return is_known ? json_number(value) : Json(nullptr); }

void add_figures(Json& json, const std::optional<LoudnessFigures>& figures) {
  const LoudnessFigures f = figures.value_or(LoudnessFigures{});
  const bool is_known = figures.has_value();
  json["integrated_lufs"] = number_or_null(f.integrated_lufs, is_known);
  json["loudness_range_lu"] = number_or_null(f.loudness_range_lu, is_known);
  json["max_momentary_lufs"] = number_or_null(f.max_momentary_lufs, is_known);
  json["max_short_term_lufs"] = number_or_null(f.max_short_term_lufs, is_known);
  json["true_peak_dbtp"] = number_or_null(f.true_peak_dbtp, is_known);
  json["sample_peak_dbfs"] = number_or_null(f.sample_peak_dbfs, is_known);
}

Json finding_json(const Finding& finding) {
  Json figures = Json::object();
  for (const auto& [key, value] : finding.figures) figures[key] = json_number(value);
  return {{"code", finding.code},
          {"severity", word(finding.severity)},
          {"message", finding.message},
          {"at_s", optional_number(finding.at_s)},
          {"figures", figures}};
}

Json result_json(const ProfileResult& result) {
  Json json{{"name", result.name},
            {"version", result.version},
            {"verdict", word(result.verdict)},
            {"reasons", result.reasons},
            {"notes", result.notes}};
  if (result.playback_gain_db || result.playback_lufs) {
    json["playback_gain_db"] = optional_number(result.playback_gain_db);
    json["playback_lufs"] = optional_number(result.playback_lufs);
    json["limited_by_peak"] = result.is_limited_by_peak;
  }
  return json;
}

void add_findings_and_profiles(Json& json, const std::vector<Finding>& findings,
                               const std::vector<ProfileResult>& profiles) {
  json["findings"] = Json::array();
  for (const Finding& finding : findings) json["findings"].push_back(finding_json(finding));
  json["profiles"] = Json::array();
  for (const ProfileResult& result : profiles) json["profiles"].push_back(result_json(result));
}

// To a thousandth: a series is as long as its track.
Json levels_json(const std::vector<float>& levels) {
  Json json = Json::array();
  for (const float level : levels) json.push_back(json_number(std::round(static_cast<double>(level) * 1e3) / 1e3));
  return json;
}

Json file_json(const FileAudit& file) {
  const bool is_known = file.sample_rate_hz > 0;
  Json json{{"path", file.path.string()},
            {"album", file.album},
            {"state", word(file.state)},
            {"reason_code", file.reason_code},
            {"reason", file.reason},
            {"container", file.container},
            {"encoding", file.encoding},
            {"sample_rate_hz", is_known ? Json(file.sample_rate_hz) : Json(nullptr)},
            {"channels", is_known ? Json(file.channels) : Json(nullptr)},
            {"channel_mask", is_known ? Json(file.channel_mask) : Json(nullptr)},
            {"channel_layout", file.channel_layout},
            {"channel_layout_assumed", file.is_layout_assumed},
            {"frames", is_known ? Json(file.frames) : Json(nullptr)},
            {"duration_s", number_or_null(file.duration_s(), is_known)},
            {"size_bytes", file.size_bytes},
            {"payload_hash", file.payload_hash},
            {"remembered", file.is_remembered}};
  add_figures(json, figures_of(file));
  if (file.below_20khz_lufs) json["below_20khz_lufs"] = json_number(*file.below_20khz_lufs);
  if (file.stereo_correlation) json["stereo_correlation"] = json_number(*file.stereo_correlation);
  if (file.mono_loss_db) json["mono_loss_db"] = json_number(*file.mono_loss_db);
  if (file.true_peak_at_s) json["true_peak_at_s"] = json_number(*file.true_peak_at_s);
  json["tags"] = Json(file.tags);
  add_findings_and_profiles(json, file.findings, file.profiles);
  if (file.series) {
    json["series"] = {{"step_s", json_number(file.series->step_s)},
                      {"momentary_lufs", levels_json(file.series->momentary_lufs)},
                      {"short_term_lufs", levels_json(file.series->short_term_lufs)}};
  }
  return json;
}

Json album_json(const AlbumAudit& album) {
  Json json{{"path", album.path}, {"state", word(state_of(album))}, {"tracks", album.tracks}};
  add_figures(json, album.figures);
  add_findings_and_profiles(json, album.findings, album.profiles);
  return json;
}

Json summary_json(const AuditSummary& summary) {
  return {{"files", summary.files},
          {"measured", summary.measured},
          {"unmeasurable", summary.unmeasurable},
          {"unreadable", summary.unreadable},
          {"remembered", summary.remembered},
          {"failed_by_profile", Json(summary.failed_by_profile)},
          {"findings_by_code", Json(summary.findings_by_code)},
          {"audio_s", json_number(summary.audio_s)},
          {"wall_s", json_number(summary.wall_s)},
          {"realtime_factor", number_or_null(summary.audio_s / summary.wall_s, summary.wall_s > 0)},
          {"interrupted", summary.was_interrupted}};
}

Json head_json(const AuditHead& head) {
  Json json{{"schema", "lathe.audit.v1"}, {"engine", head.engine},   {"standard", head.standard},
            {"filter", head.filter},      {"backend", head.backend}, {"profiles", Json::array()}};
  for (const AuditHead::Profile& p : head.profiles) {
    json["profiles"].push_back({{"name", p.name},
                                {"title", p.title},
                                {"version", p.version},
                                {"status", p.status},
                                {"source", p.source},
                                {"date", p.date},
                                {"limits", p.limits},
                                {"playback", p.playback},
                                {"not_judged", p.not_judged}});
  }
  return json;
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

class AuditJson final : public AuditWriter {
 public:
  AuditJson(std::ostream& out, const AuditHead& head) : out_(out) {
    const std::string text = dumped(head_json(head));
    out_ << std::string_view(text).substr(0, text.size() - 1) << ",\n\"files\": [";
  }

  void file(const FileAudit& file) override {
    if (is_in_albums_) throw std::logic_error("an audit's files come before its albums");
    out_ << separator_ << dumped(file_json(file));
    separator_ = ",\n";
  }

  void album(const AlbumAudit& album) override {
    begin_albums();
    out_ << separator_ << dumped(album_json(album));
    separator_ = ",\n";
  }

  void finish(const AuditSummary& summary) override {
    begin_albums();
    out_ << "\n],\n\"summary\": " << dumped(summary_json(summary)) << "}\n" << std::flush;
    if (!out_) throw std::runtime_error("the JSON report could not be written whole");
  }

 private:
  void begin_albums() {
    if (is_in_albums_) return;
    is_in_albums_ = true;
    out_ << "\n],\n\"albums\": [";
    separator_ = "\n";
  }

  std::ostream& out_;
  const char* separator_ = "\n";
  bool is_in_albums_ = false;
};

}  // namespace

std::unique_ptr<AuditWriter> make_audit_json(std::ostream& out, const AuditHead& head) {
  return std::make_unique<AuditJson>(out, head);
}

}  // namespace lathe
