#include "host/report/audit_html.h"

#include <fmt/format.h>

#include <ostream>
#include <stdexcept>

#include "host/report/audit_page.h"
#include "host/report/audit_plot.h"
#include "host/report/audit_text.h"

namespace lathe {
namespace {

constexpr const char* kFigureHeads =
    "<th class=\"w-figure\">LUFS</th><th class=\"w-figure\">LRA</th><th class=\"w-figure\">max S</th>"
    "<th class=\"w-figure\">dBTP</th>";

// Isolated, so that its writing direction stays its own.
std::string isolated(std::string_view bytes) { return "<bdi>" + html_text(bytes) + "</bdi>"; }

std::string folded(const std::string& summary, const std::string& details) {
  return "<details><summary>" + summary + "</summary><div class=\"more\">" + details + "</div></details>";
}

std::string items(const std::vector<Finding>& findings, const std::vector<ProfileResult>& profiles) {
  std::string list;
  for (const Finding& finding : findings) {
    list += fmt::format("<li class=\"{0}\">{0}: {1}</li>", word(finding.severity), html_text(finding_text(finding)));
  }
  for (const ProfileResult& result : profiles) {
    list += fmt::format("<li class=\"{}\">{}</li>", word(result.verdict), html_text(verdict_text(result)));
  }
  return list.empty() ? "" : "<ul>" + list + "</ul>";
}

std::string verdict_cell(AuditState state, const std::vector<ProfileResult>& profiles) {
  const std::string_view outcome = outcome_word(state, profiles);
  std::vector<std::string> failed;
  for (const ProfileResult& result : profiles) {
    if (result.verdict == Verdict::fail) failed.push_back(result.name);
  }
  std::string whose;
  if (failed.size() == 1) whose = " <small>" + html_text(failed.front()) + "</small>";
  if (failed.size() > 1) whose = fmt::format(" <small>{} profiles</small>", failed.size());
  return fmt::format("<td class=\"v {0}\">{0}{1}</td>", outcome, whose);
}

std::string figure_cells(const std::optional<LoudnessFigures>& f) {
  std::string cells;
  for (const auto figure : {&LoudnessFigures::integrated_lufs, &LoudnessFigures::loudness_range_lu,
                            &LoudnessFigures::max_short_term_lufs, &LoudnessFigures::true_peak_dbtp}) {
    cells += "<td>" + (f ? figure_text((*f).*figure, 1) : "") + "</td>";
  }
  return cells;
}

std::string codes_cell(const std::vector<Finding>& findings) {
  std::string codes;
  for (const Finding& finding : findings) codes += (codes.empty() ? "" : ", ") + finding.code;
  return "<td>" + html_text(codes) + "</td>";
}

std::string format_text(const FileAudit& file) {
  if (file.sample_rate_hz <= 0) return "";
  return fmt::format("{}, {:g} kHz, {} ch", file.encoding, file.sample_rate_hz / 1000.0, file.channels);
}

// All that has no column of its own.
std::string more_of(const FileAudit& file) {
  std::string more;
  if (!file.reason.empty()) more += "<p>" + html_text(file.reason) + "</p>";
  more += loudness_plot(file) + items(file.findings, file.profiles);
  if (const auto f = figures_of(file)) {
    std::string line = fmt::format("max momentary {} LUFS, sample peak {} dBFS", figure_text(f->max_momentary_lufs, 1),
                                   figure_text(f->sample_peak_dbfs, 1));
    if (file.below_20khz_lufs) line += fmt::format(", {} LUFS below 20 kHz", figure_text(*file.below_20khz_lufs, 1));
    more += "<p class=\"soft\">" + line + "</p>";
  }
  std::string tags = html_text(file.container);
  for (const auto& [name, value] : file.tags)
    tags += (tags.empty() ? "" : " · ") + html_text(name) + " " + isolated(value);
  if (!tags.empty()) more += "<p class=\"soft\">" + tags + "</p>";
  if (!file.payload_hash.empty()) more += "<p class=\"soft\">XXH3-128 " + html_text(file.payload_hash) + "</p>";
  return more;
}

class AuditHtml final : public AuditWriter {
 public:
  AuditHtml(std::ostream& out, const AuditHead& head) : out_(out) {
    out_ << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         << "<meta http-equiv=\"Content-Security-Policy\" content=\"" << kAuditPolicy << "\">"
         << "<meta name=\"viewport\" content=\"width=device-width\"><title>Loudness audit</title><style>" << kAuditStyle
         << "</style></head>\n<body>" << plot_definitions() << "<header><h1>Loudness audit</h1>";
    out_ << fmt::format("<p class=\"soft\">{}, {}<br>{}<br>{}</p></header>\n", html_text(head.engine),
                        html_text(head.backend), html_text(head.standard), html_text(head.filter));
    profiles(head.profiles);
    out_ << "<section class=\"files\"><h2>Files</h2><label><input type=\"checkbox\" id=\"only\"> only what fails, "
            "cannot "
         << "be measured, or has findings</label>\n<table class=\"rows sortable\"><thead><tr><th>file</th>"
         << "<th class=\"w-verdict\">verdict</th>" << kFigureHeads << "<th class=\"w-figure\">length</th>"
         << "<th class=\"w-format\">format</th><th class=\"w-findings\">findings</th></tr></thead><tbody>\n";
  }

  void file(const FileAudit& file) override {
    if (is_after_files_) throw std::logic_error("an audit's files come before its albums");
    const std::string name =
        isolated(file.path.filename().string()) + " <small>" + isolated(file.path.parent_path().string()) + "</small>";
    const std::string length = file.sample_rate_hz > 0 ? duration_text(file.duration_s()) : "";
    out_ << row_start(is_clean(file.state, file.profiles, file.findings)) << folded(name, more_of(file)) << "</td>"
         << verdict_cell(file.state, file.profiles) << figure_cells(figures_of(file)) << "<td>" << length
         << "</td><td class=\"format\">" << html_text(format_text(file)) << "</td>" << codes_cell(file.findings)
         << "</tr>\n";
  }

  void album(const AlbumAudit& album) override {
    end_files();
    if (!has_albums_) {
      out_ << "<section class=\"albums\"><h2>Albums</h2><table class=\"rows sortable\"><thead><tr><th>album</th>"
           << "<th class=\"w-verdict\">verdict</th>" << kFigureHeads << "<th class=\"w-figure\">tracks</th>"
           << "<th class=\"w-findings\">findings</th></tr></thead><tbody>\n";
    }
    has_albums_ = true;
    const AuditState state = state_of(album);
    const std::string more = items(album.findings, album.profiles);
    out_ << row_start(is_clean(state, album.profiles, album.findings))
         << (more.empty() ? isolated(album.path) : folded(isolated(album.path), more)) << "</td>"
         << verdict_cell(state, album.profiles) << figure_cells(album.figures) << "<td>" << album.tracks << "</td>"
         << codes_cell(album.findings) << "</tr>\n";
  }

  void finish(const AuditSummary& summary) override {
    end_files();
    if (has_albums_) out_ << "</tbody></table></section>\n";
    this->summary(summary);
    out_ << "<script>" << kAuditScript << "</script></body></html>\n";
    if (!out_.flush()) throw std::runtime_error("the HTML report could not be written whole");
  }

 private:
  static const char* row_start(bool is_clean_row) { return is_clean_row ? "<tr class=\"ok\"><td>" : "<tr><td>"; }

  void end_files() {
    if (!is_after_files_) out_ << "</tbody></table></section>\n";
    is_after_files_ = true;
  }

  void profiles(const std::vector<AuditHead::Profile>& profiles) {
    if (profiles.empty()) return;
    out_ << "<section class=\"profiles\"><h2>Profiles</h2><table><thead><tr><th>name</th><th>title</th><th>version</th>"
         << "<th>status</th><th>source</th><th>date</th></tr></thead><tbody>\n";
    for (const AuditHead::Profile& p : profiles) {
      out_ << "<tr>";
      for (const std::string* cell : {&p.name, &p.title, &p.version, &p.status, &p.source, &p.date}) {
        out_ << "<td>" << html_text(*cell) << "</td>";
      }
      out_ << "</tr>\n";
    }
    out_ << "</tbody></table></section>\n";
  }

  void summary(const AuditSummary& summary) {
    out_ << "<section class=\"summary\"><h2>Summary</h2>";
    if (summary.was_interrupted) {
      out_ << "<p class=\"interrupted\">Interrupted: there are files that were not looked at.</p>";
    }
    out_ << "<ul class=\"tiles\">";
    tile(std::to_string(summary.files), "files");
    tile(std::to_string(summary.measured), "measured");
    tile(std::to_string(summary.unmeasurable), "unmeasurable");
    tile(std::to_string(summary.unreadable), "unreadable");
    if (summary.remembered > 0) tile(std::to_string(summary.remembered), "remembered from an earlier audit");
    tile(duration_text(summary.audio_s), fmt::format("of audio in {:.1f} s", summary.wall_s));
    for (const auto& [profile, count] : summary.failed_by_profile) tile(std::to_string(count), "fail " + profile);
    for (const auto& [code, count] : summary.findings_by_code) tile(std::to_string(count), code);
    out_ << "</ul></section>\n";
  }

  void tile(const std::string& figure, const std::string& what) {
    out_ << "<li><b>" << figure << "</b> " << html_text(what) << "</li>";
  }

  std::ostream& out_;
  bool is_after_files_ = false;
  bool has_albums_ = false;
};

}  // namespace

std::string html_text(std::string_view bytes) {
  std::string escaped;
  for (const char c : visible_text(bytes)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::unique_ptr<AuditWriter> make_audit_html(std::ostream& out, const AuditHead& head) {
  return std::make_unique<AuditHtml>(out, head);
}

}  // namespace lathe
