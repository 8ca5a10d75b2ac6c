#include "tests/host/report/sample_audit.h"

#include <limits>

#include "host/report/audit_csv.h"
#include "host/report/audit_html.h"
#include "host/report/audit_json.h"
#include "host/report/audit_table.h"

namespace lathe::testing {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

FileAudit readable_file(const std::string& path) {
  FileAudit file;
  file.path = path;
  file.album = "/music/album";
  file.container = "WAV";
  file.encoding = "24-bit";
  file.sample_rate_hz = 44100;
  file.channels = 2;
  file.channel_mask = 3;
  file.frames = 44100 * 187;
  file.size_bytes = 49480244;
  file.payload_hash = "00112233445566778899aabbccddeeff";
  file.tags = {{"title", "One"}, {"artist", "Somebody"}, {"isrc", "DEA991900001"}};
  return file;
}

FileAudit passing_file() {
  FileAudit file = readable_file("/music/album/01 One.wav");
  file.state = AuditState::measured;
  file.figures = {-14.02, 6.13, -9.2, -11.24, -1.31, -1.4};
  file.profiles = {judged("spotify", Verdict::pass), judged("ebu-r128", Verdict::pass)};
  file.profiles[0].playback_gain_db = 0.02;
  file.profiles[0].playback_lufs = -14.0;
  return file;
}

FileAudit failing_file() {
  FileAudit file = readable_file("/music/album/02 Two.wav");
  file.state = AuditState::measured;
  file.figures = {-8.5, 0.0, -6.0, -7.1, 0.26, 0.0};
  file.below_20khz_lufs = -8.51;
  file.stereo_correlation = 0.5;
  file.mono_loss_db = -1.25;
  file.true_peak_at_s = 61.25;
  file.findings = {
      {"clipped-runs", Severity::error, "12 runs of clipped samples", 12.3, {{"longest_ms", 0.3}, {"runs", 12}}},
      {"dual-mono", Severity::info, "both channels are the same", std::nullopt, {}}};
  file.profiles = {judged("spotify", Verdict::fail, {"true peak 0.3 dBTP is above -1.0", "and louder than -14"}),
                   judged("ebu-r128", Verdict::unmeasurable, {"needs a dialogue measurement"})};
  file.profiles[0].playback_gain_db = -5.5;
  file.profiles[0].playback_lufs = -14.0;
  file.profiles[0].is_limited_by_peak = true;
  file.profiles[0].notes = {"codec not judged", "not judged: the codec"};
  LoudnessSeries series;
  for (int i = 0; i < 1870; ++i) {
    const float level = -20.0F + 10.0F * static_cast<float>(i % 100) / 100.0F;
    series.momentary_lufs.push_back(i < 3 ? kNothing : level);
    series.short_term_lufs.push_back(i < 29 ? kNothing : level - 1);
  }
  file.series = series;
  return file;
}

FileAudit silent_file() {
  FileAudit file = readable_file("/music/album/03 Nothing.wav");
  file.state = AuditState::unmeasurable;
  file.reason_code = "SILENCE";
  file.reason = "silence: no 400 ms block is above -70 LUFS";
  file.profiles = {judged("spotify", Verdict::unmeasurable, {"has no loudness"})};
  return file;
}

FileAudit truncated_file() {
  FileAudit file;
  file.path = "/music/album/04 Cut.wav";
  file.album = "/music/album";
  file.reason_code = "TRUNCATED";
  file.reason = "ends 1200 bytes early";
  return file;
}

void say(std::vector<AuditFinding>& findings, const std::string& text) {
  for (AuditFinding& finding : findings) {
    finding.code = finding.message = text;
    if (!finding.figures.empty()) finding.figures = {{text, 1.0}};
  }
}

void say(std::vector<ProfileResult>& profiles, const std::string& text) {
  for (ProfileResult& result : profiles) {
    result.name = result.version = text;
    for (std::string& reason : result.reasons) reason = text;
    for (std::string& note : result.notes) note = text;
  }
}

void say(FileAudit& file, const std::string& text) {
  file.path = "/music/" + text + "/" + text;
  for (std::string* field :
       {&file.album, &file.reason_code, &file.reason, &file.container, &file.encoding, &file.payload_hash}) {
    if (!field->empty()) *field = text;
  }
  for (auto& tag : file.tags) tag.second = text;
  if (!file.tags.empty()) file.tags[text] = text;
  say(file.findings, text);
  say(file.profiles, text);
}

}  // namespace

const std::string kHostileText =
    "=1+1;@x\"><script>alert(1)</script>' onload=\"x\" &amp; \xE2\x80\xAE gnp \x1b[31m\r\n+2\t-3 \xFF end";

std::vector<std::pair<std::string, MakeWriter>> all_writers() {
  return {{"json", make_audit_json},
          {"csv", make_audit_csv},
          {"table", [](std::ostream& out, const AuditHead& head) { return make_audit_table(out, head); }},
          {"html", make_audit_html}};
}

ProfileResult judged(const std::string& name, Verdict verdict, std::vector<std::string> reasons) {
  ProfileResult result;
  result.name = name;
  result.version = name == "spotify" ? "2" : "1";
  result.verdict = verdict;
  result.reasons = std::move(reasons);
  return result;
}

SampleAudit sample_audit() {
  SampleAudit audit;
  audit.head = {"lathe 0.1.0", "ITU-R BS.1770-5", "true peak: 16x", "cpu/avx2", {}};
  audit.head.profiles = {{"spotify", "Spotify", "2", "official", "https://support.spotify.com/loudness", "2026-01-01"},
                         {"ebu-r128", "EBU R 128", "1", "official", "EBU Tech 3343", "2023-11-01"}};
  audit.files = {passing_file(), failing_file(), silent_file(), truncated_file()};
  audit.head.profiles[0].limits = "true peak at most -1 dBTP";
  audit.head.profiles[0].playback = "plays at -14 LUFS";
  audit.head.profiles[1].limits = "-23 \u00B10.2 LUFS";
  audit.head.profiles[1].not_judged = {"the codec"};
  audit.head.subject = "music";
  audit.head.date = "2026-11-28";
  AlbumAudit album{"/music/album", 2, LoudnessFigures{-10.4, 5.0, -6.0, -7.1, 0.26, 0.0}, {}, {}};
  album.findings = {{"album-spread", Severity::warning, "tracks lie 5.5 LU apart", std::nullopt, {{"spread_lu", 5.5}}}};
  album.profiles = {judged("spotify", Verdict::fail, {"true peak 0.3 dBTP is above -1.0"})};
  audit.albums = {album, {"/music/empty", 0, std::nullopt, {}, {}}};
  audit.summary = {4, 2, 1, 1, 1, {{"spotify", 1}}, {{"clipped-runs", 1}, {"dual-mono", 1}}, 561, 0.5, false};
  return audit;
}

SampleAudit audit_saying(const std::string& text) {
  SampleAudit audit = sample_audit();
  AuditHead& head = audit.head;
  for (std::string* field : {&head.engine, &head.standard, &head.filter, &head.backend, &head.subject, &head.date}) {
    *field = text;
  }
  for (AuditHead::Profile& p : head.profiles) {
    for (std::string* field : {&p.name, &p.title, &p.version, &p.status, &p.source, &p.date, &p.limits, &p.playback}) {
      *field = text;
    }
    for (std::string& what : p.not_judged) what = text;
  }
  for (FileAudit& file : audit.files) say(file, text);
  for (AlbumAudit& album : audit.albums) {
    album.path = text;
    say(album.findings, text);
    say(album.profiles, text);
  }
  audit.summary.failed_by_profile = {{text, 1}};
  audit.summary.findings_by_code = {{text, 1}};
  return audit;
}

std::string report_of(const SampleAudit& audit, const MakeWriter& make) {
  std::ostringstream out;
  const auto writer = make(out, audit.head);
  for (const FileAudit& file : audit.files) writer->file(file);
  for (const AlbumAudit& album : audit.albums) writer->album(album);
  writer->finish(audit.summary);
  return out.str();
}

}  // namespace lathe::testing
