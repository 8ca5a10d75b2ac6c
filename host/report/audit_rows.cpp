#include "host/report/audit_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/report/audit_html.h"
#include "host/report/audit_plot.h"
#include "host/report/audit_text.h"

namespace lathe {
namespace {

// Names that a cell of two lines has room for.
constexpr std::size_t kNamesInACell = 2;

// Isolated, so that its writing direction stays its own. ASCII has none that would spread; a page of thousands of rows
// goes without the element.
std::string isolated(std::string_view bytes) {
  const bool is_ascii =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
  return is_ascii ? html_text(bytes) : "<bdi>" + html_text(bytes) + "</bdi>";
}

std::string first_names(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesInACell); ++i) {
    text += (i > 0 ? ", " : "") + html_text(names[i]);
  }
  return names.size() > kNamesInACell ? fmt::format("{} +{}", text, names.size() - kNamesInACell) : text;
}

std::string row_start(bool is_clean_row, const std::vector<ProfileResult>& results,
                      const std::vector<AuditHead::Profile>& profiles) {
  std::string classes = is_clean_row ? " ok" : "";
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    const bool fails = std::any_of(results.begin(), results.end(), [&](const ProfileResult& result) {
      return result.verdict == Verdict::fail && result.name == profiles[i].name;
    });
    if (fails) classes += fmt::format(" f{}", i);
  }
  return classes.empty() ? "<tr>" : "<tr class=\"" + classes.substr(1) + "\">";
}

// The folder and the one above it: where in a catalogue a file lies.
std::string place_of(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path(), above = folder.parent_path();
  return above.has_filename() ? (above.filename() / folder.filename()).string() : folder.string();
}

std::string verdict_cell(AuditState state, const std::vector<ProfileResult>& results) {
  const std::string_view outcome = outcome_word(state, results);
  std::vector<std::string> names;
  for (const ProfileResult& result : results) {
    if (state == AuditState::measured && word(result.verdict) == outcome) names.push_back(result.name);
  }
  const bool are_all = names.size() == results.size() && names.size() > kNamesInACell;
  const std::string whose = are_all ? fmt::format("all {} profiles", names.size()) : first_names(names);
  return "<td>" + chip(outcome) + (whose.empty() ? "" : " <small>" + whose + "</small>") + "</td>";
}

std::string figure_cells(const std::optional<LoudnessFigures>& f) {
  std::string cells;
  for (const auto figure : {&LoudnessFigures::integrated_lufs, &LoudnessFigures::loudness_range_lu,
                            &LoudnessFigures::max_short_term_lufs, &LoudnessFigures::true_peak_dbtp}) {
    cells += "<td>" + (f ? figure_text((*f).*figure, 1) : "") + "</td>";
  }
  return cells;
}

std::string codes_cell(const std::vector<AuditFinding>& findings) {
  std::vector<std::string> codes;
  for (const AuditFinding& finding : findings) codes.push_back(finding.code);
  return "<td>" + first_names(codes) + "</td>";
}

std::string format_text(const FileAudit& file) {
  if (file.sample_rate_hz <= 0) return "";
  return fmt::format("{} {}, {:g} kHz, {} ch", file.container, file.encoding, file.sample_rate_hz / 1000.0,
                     file.channels);
}

std::string verdict_item(const ProfileResult& result) {
  std::string text = chip(word(result.verdict)) + " " + html_text(result.name);
  if (!result.reasons.empty()) text += ": " + html_text(reasons_text(result));
  if (const std::string playback = playback_text(result); !playback.empty()) {
    text += (result.reasons.empty() ? ": plays at " : "; plays at ") + playback;
  }
  for (const std::string& note : own_notes(result)) text += " (" + html_text(note) + ")";
  return "<li>" + text + "</li>";
}

// Nothing measured, nothing judged: that every profile cannot judge it goes without saying.
std::string items(AuditState state, const std::vector<AuditFinding>& findings,
                  const std::vector<ProfileResult>& results) {
  std::string list;
  if (state == AuditState::measured) {
    for (const ProfileResult& result : results) list += verdict_item(result);
  }
  for (const AuditFinding& finding : findings) {
    list += "<li>" + chip(word(finding.severity)) + " " + html_text(finding_text(finding)) + "</li>";
  }
  return list.empty() ? "" : "<ul>" + list + "</ul>";
}

// All that has no column of its own.
std::string more_of(const FileAudit& file) {
  std::vector<std::string> facts;
  if (const auto f = figures_of(file)) {
    facts.push_back(fmt::format("max momentary {} LUFS", figure_text(f->max_momentary_lufs, 1)));
    facts.push_back(fmt::format("sample peak {} dBFS", figure_text(f->sample_peak_dbfs, 1)));
    if (file.true_peak_at_s) facts.push_back("true peak at " + duration_text(*file.true_peak_at_s));
    if (file.below_20khz_lufs) facts.push_back(figure_text(*file.below_20khz_lufs, 1) + " LUFS below 20 kHz");
  }
  for (const auto& [name, value] : file.tags) facts.push_back(html_text(name) + ": " + isolated(value));
  facts.push_back(isolated(file.path.string()));
  if (!file.payload_hash.empty()) facts.push_back("samples' XXH3-128 " + html_text(file.payload_hash));
  const std::string reason = file.reason.empty() ? "" : "<p>" + html_text(file.reason) + "</p>";
  return reason + loudness_plot(file) + items(file.state, file.findings, file.profiles) +
         fmt::format("<p class=\"facts\">{}</p>", fmt::join(facts, " \u00B7 "));
}

std::string signed_text(float value) {
  const std::string text = figure_text(static_cast<double>(value), 1);
  return text.empty() || text.front() == '-' ? text : "+" + text;
}

// "-14.1 LUFS (+4.1)" on the left, whose it is and what else it measures on the right.
std::string ladder_item(const LadderTrack& track, const LadderFigures& middle) {
  const LadderFigures &f = track.figures, away = distance_of(f, middle);
  const std::string name = isolated(std::filesystem::path(track.path).filename().string());
  if (!track.is_measured)
    return "<li><span>-</span><span>" + name + " <small>" + html_text(track.reason) + "</small></span></li>";
  std::vector<std::string> more;
  const auto add = [&more](const char* what, float value, const char* unit, float distance) {
    const std::string figure = figure_text(static_cast<double>(value), 1), from = signed_text(distance);
    if (figure.empty()) return;
    more.push_back(fmt::format("{} {} {}{}", what, figure, unit, from.empty() ? "" : " (" + from + ")"));
  };
  add("range", f.loudness_range_lu, "LU", away.loudness_range_lu);
  add("peak to loudness", f.peak_to_loudness_db, "dB", away.peak_to_loudness_db);
  add("side to mid", f.octaves.width_db, "dB", away.octaves.width_db);
  add("left to right", f.octaves.balance_db, "dB", away.octaves.balance_db);
  const std::string from = signed_text(away.integrated_lufs);
  return fmt::format("<li><span>{} LUFS{}</span><span>{} <small>{}</small></span></li>",
                     figure_text(static_cast<double>(f.integrated_lufs), 1), from.empty() ? "" : " (" + from + ")",
                     name, fmt::join(more, " \u00B7 "));
}

// What stands out of an album, and each of its tracks against its middle.
std::string ladder_text(const AlbumLadder& ladder) {
  const std::string summary = ladder_summary(ladder);
  if (summary.empty()) return "";
  std::string text = "<p>Consistency: " + html_text(summary) + "</p><ul>";
  for (const LadderOutlier& outlier : ladder.outliers)
    text += "<li>" + chip(word(Severity::info)) + "<span>" + html_text(outlier.message) + "</span></li>";
  if (ladder.tracks.size() > 1) {
    for (const LadderTrack& track : ladder.tracks) text += ladder_item(track, ladder.middle);
  }
  return text + "</ul>";
}

std::string folded(const std::string& name, const std::string& place, const std::string& more) {
  const std::string where = place.empty() ? "" : " <small>" + place + "</small>";
  return "<th scope=\"row\"><details><summary>" + name + where + "</summary><div>" + more + "</div></details></th>";
}

}  // namespace

const std::string_view kFileHeads =
    "<thead role=\"rowgroup\"><tr><th scope=\"col\">File</th><th scope=\"col\">Verdict</th>"
    "<th scope=\"col\">Integrated <small>LUFS</small></th><th scope=\"col\">Range <small>LU</small></th>"
    "<th scope=\"col\">Max S <small>LUFS</small></th><th scope=\"col\">True peak <small>dBTP</small></th>"
    "<th scope=\"col\">Length</th><th scope=\"col\">Format</th><th scope=\"col\">Findings</th></tr></thead>";

const std::string_view kAlbumHeads =
    "<thead role=\"rowgroup\"><tr><th scope=\"col\">Album</th><th scope=\"col\">Verdict</th>"
    "<th scope=\"col\">Integrated <small>LUFS</small></th><th scope=\"col\">Range <small>LU</small></th>"
    "<th scope=\"col\">Max S <small>LUFS</small></th><th scope=\"col\">True peak <small>dBTP</small></th>"
    "<th scope=\"col\">Tracks</th><th scope=\"col\">Findings</th></tr></thead>";

std::string chip(std::string_view word) { return fmt::format("<b class=\"{0}\">{0}</b>", word); }

std::string file_row(const FileAudit& file, const std::vector<AuditHead::Profile>& profiles) {
  const std::string length = file.sample_rate_hz > 0 ? duration_text(file.duration_s()) : "";
  return row_start(is_clean(file.state, file.profiles, file.findings), file.profiles, profiles) +
         folded(isolated(file.path.filename().string()), isolated(place_of(file.path)), more_of(file)) +
         verdict_cell(file.state, file.profiles) + figure_cells(figures_of(file)) + "<td>" + length + "</td><td>" +
         html_text(format_text(file)) + "</td>" + codes_cell(file.findings) + "</tr>\n";
}

std::string album_row(const AlbumAudit& album, const std::vector<AuditHead::Profile>& profiles) {
  const AuditState state = state_of(album);
  const std::filesystem::path path = album.path;
  const std::string name = path.has_filename() ? path.filename().string() : album.path;
  const std::string more = items(state, album.findings, album.profiles) + ladder_text(album.ladder) +
                           "<p class=\"facts\">" + isolated(album.path) + "</p>";
  return row_start(is_clean(state, album.profiles, album.findings), album.profiles, profiles) +
         folded(isolated(name), "", more) + verdict_cell(state, album.profiles) + figure_cells(album.figures) + "<td>" +
         fmt::to_string(album.tracks) + "</td>" + codes_cell(album.findings) + "</tr>\n";
}

}  // namespace lathe
