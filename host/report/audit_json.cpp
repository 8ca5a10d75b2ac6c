#include "host/report/audit_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <stdexcept>

#include "host/report/audit_text.h"
#include "host/report/ladder_json.h"

namespace lathe {
namespace {

void add_figures(JsonText& json, const std::optional<LoudnessFigures>& figures) {
  const auto add = [&](const char* name, double LoudnessFigures::*figure) {
    json.key(name);
    figures ? json.number((*figures).*figure) : json.null();
  };
  add("integrated_lufs", &LoudnessFigures::integrated_lufs);
  add("loudness_range_lu", &LoudnessFigures::loudness_range_lu);
  add("max_momentary_lufs", &LoudnessFigures::max_momentary_lufs);
  add("max_short_term_lufs", &LoudnessFigures::max_short_term_lufs);
  add("true_peak_dbtp", &LoudnessFigures::true_peak_dbtp);
  add("sample_peak_dbfs", &LoudnessFigures::sample_peak_dbfs);
}

void add_finding(JsonText& json, const AuditFinding& finding) {
  json.begin_object();
  json.key("code").text(finding.code);
  json.key("severity").text(word(finding.severity));
  json.key("message").text(finding.message);
  json.key("at_s").number(finding.at_s);
  json.key("figures").numbers(finding.figures);
  json.end_object();
}

void add_result(JsonText& json, const ProfileResult& result) {
  json.begin_object();
  json.key("name").text(result.name);
  json.key("version").text(result.version);
  json.key("verdict").text(word(result.verdict));
  json.key("reasons").texts(result.reasons);
  json.key("notes").texts(result.notes);
  if (result.playback_gain_db || result.playback_lufs) {
    json.key("playback_gain_db").number(result.playback_gain_db);
    json.key("playback_lufs").number(result.playback_lufs);
    json.key("limited_by_peak").boolean(result.is_limited_by_peak);
  }
  json.end_object();
}

void add_findings_and_profiles(JsonText& json, const std::vector<AuditFinding>& findings,
                               const std::vector<ProfileResult>& profiles) {
  json.key("findings").begin_array();
  for (const AuditFinding& finding : findings) add_finding(json, finding);
  json.end_array();
  json.key("profiles").begin_array();
  for (const ProfileResult& result : profiles) add_result(json, result);
  json.end_array();
}

// To a thousandth: a series is as long as its track.
void add_levels(JsonText& json, const std::vector<float>& levels) {
  json.begin_array();
  for (const float level : levels) json.number(std::round(static_cast<double>(level) * 1e3) / 1e3);
  json.end_array();
}

}  // namespace

void add_file_entry(JsonText& json, const FileAudit& file, const std::function<void(JsonText&)>& add_more) {
  const bool is_known = file.sample_rate_hz > 0;
  const auto integer = [&](const char* name, std::int64_t value) {
    json.key(name);
    is_known ? json.integer(value) : json.null();
  };
  json.begin_object();
  json.key("path").text(file.path.native());
  json.key("album").text(file.album);
  json.key("state").text(word(file.state));
  json.key("reason_code").text(file.reason_code);
  json.key("reason").text(file.reason);
  json.key("container").text(file.container);
  json.key("encoding").text(file.encoding);
  integer("sample_rate_hz", file.sample_rate_hz);
  integer("channels", file.channels);
  integer("channel_mask", file.channel_mask);
  json.key("channel_layout").text(file.channel_layout);
  json.key("channel_layout_assumed").boolean(file.is_layout_assumed);
  integer("frames", file.frames);
  json.key("duration_s").number(is_known ? std::optional(file.duration_s()) : std::nullopt);
  json.key("size_bytes").integer(file.size_bytes);
  json.key("payload_hash").text(file.payload_hash);
  json.key("remembered").boolean(file.is_remembered);
  add_figures(json, figures_of(file));
  if (file.below_20khz_lufs) json.key("below_20khz_lufs").number(*file.below_20khz_lufs);
  if (file.stereo_correlation) json.key("stereo_correlation").number(*file.stereo_correlation);
  if (file.mono_loss_db) json.key("mono_loss_db").number(*file.mono_loss_db);
  if (file.true_peak_at_s) json.key("true_peak_at_s").number(*file.true_peak_at_s);
  json.key("tags").texts(file.tags);
  add_findings_and_profiles(json, file.findings, file.profiles);
  if (file.series) {
    json.key("series").begin_object();
    json.key("step_s").number(file.series->step_s);
    json.key("momentary_lufs");
    add_levels(json, file.series->momentary_lufs);
    json.key("short_term_lufs");
    add_levels(json, file.series->short_term_lufs);
    json.end_object();
  }
  if (add_more) add_more(json);
  json.end_object();
}

namespace {

void add_album(JsonText& json, const AlbumAudit& album) {
  json.begin_object();
  json.key("path").text(album.path);
  json.key("state").text(word(state_of(album)));
  json.key("tracks").integer(album.tracks);
  json.key("joins").integer(album.joins);
  add_figures(json, album.figures);
  add_findings_and_profiles(json, album.findings, album.profiles);
  json.key("consistency").json(ladder_json(album.ladder).dump());
  json.end_object();
}

void add_summary(JsonText& json, const AuditSummary& summary) {
  json.begin_object();
  json.key("files").integer(summary.files);
  json.key("measured").integer(summary.measured);
  json.key("unmeasurable").integer(summary.unmeasurable);
  json.key("unreadable").integer(summary.unreadable);
  json.key("remembered").integer(summary.remembered);
  json.key("failed_by_profile").integers(summary.failed_by_profile);
  json.key("findings_by_code").integers(summary.findings_by_code);
  json.key("audio_s").number(summary.audio_s);
  json.key("wall_s").number(summary.wall_s);
  json.key("realtime_factor");
  summary.wall_s > 0 ? json.number(summary.audio_s / summary.wall_s) : json.null();
  json.key("interrupted").boolean(summary.was_interrupted);
  json.end_object();
}

// Left open: files, albums and the summary follow.
void begin_document(JsonText& json, const AuditHead& head) {
  json.begin_object();
  json.key("schema").text("lathe.audit.v1");
  json.key("engine").text(head.engine);
  json.key("standard").text(head.standard);
  json.key("filter").text(head.filter);
  json.key("backend").text(head.backend);
  json.key("profiles").begin_array();
  for (const AuditHead::Profile& p : head.profiles) {
    json.begin_object();
    json.key("name").text(p.name);
    json.key("title").text(p.title);
    json.key("version").text(p.version);
    json.key("status").text(p.status);
    json.key("source").text(p.source);
    json.key("date").text(p.date);
    json.key("limits").text(p.limits);
    json.key("playback").text(p.playback);
    json.key("not_judged").texts(p.not_judged);
    json.end_object();
  }
  json.end_array();
}

class AuditJson final : public AuditWriter {
 public:
  AuditJson(std::ostream& out, const AuditHead& head) : out_(out) {
    begin_document(json_, head);
    out_ << json_.view() << ",\n\"files\": [";
  }

  void file(const FileAudit& file) override {
    if (is_in_albums_) throw std::logic_error("an audit's files come before its albums");
    json_.clear();
    add_file_entry(json_, file);
    end_row();
  }

  void album(const AlbumAudit& album) override {
    begin_albums();
    json_.clear();
    add_album(json_, album);
    end_row();
  }

  void finish(const AuditSummary& summary) override {
    begin_albums();
    json_.clear();
    add_summary(json_, summary);
    out_ << "\n],\n\"summary\": " << json_.view() << "}\n" << std::flush;
    if (!out_) throw std::runtime_error("the JSON report could not be written whole");
  }

 private:
  void end_row() {
    out_ << separator_ << json_.view();
    separator_ = ",\n";
  }

  void begin_albums() {
    if (is_in_albums_) return;
    is_in_albums_ = true;
    out_ << "\n],\n\"albums\": [";
    separator_ = "\n";
  }

  std::ostream& out_;
  JsonText json_;
  const char* separator_ = "\n";
  bool is_in_albums_ = false;
};

}  // namespace

std::unique_ptr<AuditWriter> make_audit_json(std::ostream& out, const AuditHead& head) {
  return std::make_unique<AuditJson>(out, head);
}

}  // namespace lathe
