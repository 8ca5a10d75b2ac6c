#include "scheduler/cli/master_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "host/report/audit_html.h"
#include "host/report/audit_page.h"
#include "host/report/audit_text.h"

namespace lathe::cli {
namespace {

using Json = nlohmann::ordered_json;

// A figure of an object that may be null: "-14.0", or nothing.
std::string figure(const Json& track, const char* part, const char* key) {
  const Json& object = track.at(part);
  if (!object.is_object() || !object.contains(key) || !object.at(key).is_number()) return "";
  return figure_text(object.at(key).get<double>(), 1);
}

std::string text(const Json& track, const char* key) { return track.value(key, std::string()); }

bool is_failed(const Json& track) { return text(track, "state") == "FAILED" || text(track, "state") == "QUARANTINED"; }

// Quoted; what a spreadsheet would compute gets an apostrophe.
std::string cell(std::string value) {
  if (!value.empty() && std::string_view("=+-@\t\r").find(value[0]) != std::string_view::npos) value.insert(0, "'");
  std::string quoted = "\"";
  for (const char c : value) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string summary_text(const Json& report) {
  const Json& summary = report.at("summary");
  std::string line = fmt::format("{} tracks: {} mastered, {} unchanged, {} failed", summary.at("tracks").get<long>(),
                                 summary.at("done").get<long>(), summary.at("unchanged").get<long>(),
                                 summary.at("failed").get<long>());
  if (summary.at("left").get<long>() > 0) line += fmt::format(", {} left", summary.at("left").get<long>());
  return line + fmt::format("; {} of audio in {}", duration_text(summary.at("audio_s").get<double>()),
                            duration_text(summary.at("wall_s").get<double>()));
}

// Those that need attention first, else as they were submitted.
std::vector<const Json*> by_need(const Json& report) {
  std::vector<const Json*> tracks;
  for (const Json& track : report.at("tracks")) tracks.push_back(&track);
  std::ranges::stable_partition(tracks, [](const Json* track) { return is_failed(*track); });
  return tracks;
}

// Albums of several tracks that say whether their tracks go together.
std::vector<const Json*> compared_albums(const Json& report) {
  std::vector<const Json*> albums;
  for (const Json& album : report.at("albums")) {
    if (album.contains("consistency") && album.at("consistency").at("tracks").size() > 1) albums.push_back(&album);
  }
  return albums;
}

}  // namespace

void write_master_table(std::ostream& out, const Json& report) {
  for (const Json& track : report.at("tracks")) {
    const std::string reason = text(track, "reason");
    out << fmt::format("{:<11} {:>5} -> {:>5} LUFS, {:>5} dBTP  {}\n", text(track, "state"),
                       figure(track, "before", "integrated_lufs"), figure(track, "after", "integrated_lufs"),
                       figure(track, "after", "true_peak_dbtp"), visible_text(text(track, "input")));
    if (!reason.empty()) out << "            " << visible_text(reason) << '\n';
  }
  for (const Json* album : compared_albums(report)) {
    const Json& consistency = album->at("consistency");
    out << "album " << visible_text(text(*album, "path")) << ": " << text(consistency, "summary") << '\n';
    for (const Json& outlier : consistency.at("outliers"))
      out << "            " << visible_text(text(outlier, "message")) << '\n';
  }
  out << summary_text(report) << '\n';
}

void write_master_csv(std::ostream& out, const Json& report) {
  out << "input,state,reason_code,reason,before_lufs,after_lufs,after_dbtp,asked_lufs,outputs\r\n";
  for (const Json& track : report.at("tracks")) {
    std::string outputs;
    for (const Json& output : track.at("outputs")) outputs += (outputs.empty() ? "" : "\n") + text(output, "path");
    out << cell(text(track, "input")) << ',' << text(track, "state") << ',' << cell(text(track, "reason_code")) << ','
        << cell(text(track, "reason")) << ',' << figure(track, "before", "integrated_lufs") << ','
        << figure(track, "after", "integrated_lufs") << ',' << figure(track, "after", "true_peak_dbtp") << ','
        << figure(track, "asked", "integrated_lufs") << ',' << cell(outputs) << "\r\n";
  }
}

void write_master_page(std::ostream& out, const Json& report) {
  out << "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" "
         "content=\""
      << kAuditPolicy << "\"><title>Masters</title><style>" << kAuditStyle << "</style></head><body><h1>Masters</h1><p>"
      << html_text(summary_text(report)) << "</p><p>" << html_text(text(report, "engine")) << ", "
      << html_text(text(report, "backend")) << ", recipe " << html_text(text(report, "recipe_sha256"))
      << "</p><table><thead><tr><th>State</th><th>Track</th><th>LUFS "
         "before</th><th>LUFS</th><th>dBTP</th><th>Reason</th>"
         "</tr></thead><tbody>\n";
  for (const Json* track : by_need(report)) {
    out << "<tr><td><b" << (is_failed(*track) ? " class=\"FAIL\"" : "") << '>' << html_text(text(*track, "state"))
        << "</b></td><td>" << html_text(text(*track, "input")) << "</td><td>"
        << figure(*track, "before", "integrated_lufs") << "</td><td>" << figure(*track, "after", "integrated_lufs")
        << "</td><td>" << figure(*track, "after", "true_peak_dbtp") << "</td><td>" << html_text(text(*track, "reason"))
        << "</td></tr>\n";
  }
  out << "</tbody></table>\n";
  for (const Json* album : compared_albums(report)) {
    const Json& consistency = album->at("consistency");
    out << "<section><h2>" << html_text(text(*album, "path")) << "</h2><p>" << html_text(text(consistency, "summary"))
        << "</p><ul>";
    for (const Json& outlier : consistency.at("outliers"))
      out << "<li>" << html_text(text(outlier, "message")) << "</li>";
    out << "</ul></section>\n";
  }
  out << "<script>" << kAuditScript << "</script></body></html>\n";
}

}  // namespace lathe::cli
