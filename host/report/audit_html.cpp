#include "host/report/audit_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "host/report/audit_page.h"
#include "host/report/audit_plot.h"
#include "host/report/audit_rows.h"
#include "host/report/audit_text.h"

namespace lathe {
namespace {

// A browser lays a body of rows out when it comes into view, so what 50,000 rows cost is what is seen of them.
constexpr int kRowsABody = 50;

struct Tally {
  std::int64_t passed = 0, failed = 0, unmeasurable = 0;

  void count(Verdict verdict) {
    ++(verdict == Verdict::pass ? passed : verdict == Verdict::fail ? failed : unmeasurable);
  }
};

// Hides what a chosen filter leaves out: `ok` rows, or those that do not fail the profile of this number. Asked of the
// fieldset, not of the body: a browser asks again with every row that arrives.
std::string filter_rules(std::size_t profiles) {
  std::string rules = "fieldset:has(#attention:checked)~.rows tr.ok{display:none}";
  for (std::size_t i = 0; i < profiles; ++i) {
    rules += fmt::format("fieldset:has(#fails{0}:checked)~.rows tbody tr:not(.f{0}){{display:none}}", i);
  }
  return rules;
}

// Shares of a whole as a bar; its figures stand beside it.
std::string share_bar(const Tally& tally) {
  const double all = static_cast<double>(std::max<std::int64_t>(tally.passed + tally.failed + tally.unmeasurable, 1));
  std::string bar = "<svg class=\"bar\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">";
  double at = 0;
  for (const auto& [kind, count] :
       {std::pair{"FAIL", tally.failed}, {"UNMEASURABLE", tally.unmeasurable}, {"PASS", tally.passed}}) {
    const double width = 100 * static_cast<double>(count) / all;
    if (count > 0) bar += fmt::format("<path class=\"{}\" d=\"M{:.2f} 0h{:.2f}v1h-{:.2f}z\"/>", kind, at, width, width);
    at += width;
  }
  return bar + "</svg>";
}

class AuditHtml final : public AuditWriter {
 public:
  AuditHtml(std::ostream& out, const AuditHead& head)
      : out_(out), profiles_(head.profiles), tallies_(head.profiles.size()) {
    const std::string subject = head.subject.empty() ? "" : ": " + html_text(head.subject);
    out_ << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         << "<meta http-equiv=\"Content-Security-Policy\" content=\"" << kAuditPolicy << "\">"
         << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Loudness audit" << subject
         << "</title><style>" << kAuditStyle << filter_rules(profiles_.size()) << "</style></head>\n<body>"
         << plot_definitions() << "<header><h1>Loudness audit" << subject << "</h1><p>"
         << (head.date.empty() ? "" : html_text(head.date) + ". ")
         << fmt::format("Measured by {} with {} on {}; {}.</p>", html_text(head.standard), html_text(head.engine),
                        html_text(head.backend), html_text(head.filter))
         << "<nav><a href=\"#summary\">Summary</a> <a href=\"#albums\">Albums</a> <a href=\"#files\">Files</a></nav>"
         << "</header>\n<section class=\"files\" id=\"files\"><h2>Files</h2>";
    filters();
    out_ << "<table class=\"rows sortable\" role=\"table\">" << kFileHeads;
  }

  void file(const FileAudit& file) override {
    if (is_after_files_) throw std::logic_error("an audit's files come before its albums");
    for (const ProfileResult& result : file.profiles) {
      for (std::size_t i = 0; i < profiles_.size(); ++i) {
        if (profiles_[i].name == result.name) tallies_[i].count(result.verdict);
      }
    }
    const std::string_view outcome = outcome_word(file.state, file.profiles);
    passed_ += outcome == word(Verdict::pass);
    failed_ += outcome == word(Verdict::fail);
    not_judged_ += file.state == AuditState::measured && outcome == word(Verdict::unmeasurable);
    row(file_row(file, profiles_));
  }

  void album(const AlbumAudit& album) override {
    end_files();
    if (!has_albums_) {
      out_ << "<section class=\"albums\" id=\"albums\"><h2>Albums</h2><table class=\"rows sortable\" role=\"table\">"
           << kAlbumHeads;
      rows_ = 0;
    }
    has_albums_ = true;
    row(album_row(album, profiles_));
  }

  void finish(const AuditSummary& summary) override {
    end_files();
    if (has_albums_) end_table();
    out_ << "<section class=\"summary\" id=\"summary\"><h2>Summary</h2>";
    totals(summary);
    profile_table();
    out_ << "</section>\n<script>" << kAuditScript << "</script></body></html>\n";
    if (!out_.flush()) throw std::runtime_error("the HTML report could not be written whole");
  }

 private:
  void row(const std::string& html) {
    if (rows_ % kRowsABody == 0) {
      out_ << (rows_ > 0 ? "</tbody>" : "") << "<tbody role=\"rowgroup\">\n";
    }
    ++rows_;
    out_ << html;
  }

  void end_table() { out_ << (rows_ > 0 ? "</tbody>" : "") << "</table></section>\n"; }

  void end_files() {
    if (!is_after_files_) end_table();
    is_after_files_ = true;
  }

  void filters() {
    const auto choice = [&](const std::string& id, const std::string& label, bool is_chosen = false) {
      out_ << "<label><input type=\"radio\" name=\"show\" id=\"" << id << "\"" << (is_chosen ? " checked" : "") << "> "
           << label << "</label> ";
    };
    out_ << "<fieldset><legend>Show</legend>";
    choice("all", "all", true);
    choice("attention", "only what fails, cannot be judged, or has findings");
    for (std::size_t i = 0; i < profiles_.size(); ++i) {
      choice(fmt::format("fails{}", i), "fails " + html_text(profiles_[i].name));
    }
    out_ << "</fieldset>\n";
  }

  void totals(const AuditSummary& summary) {
    if (summary.was_interrupted) {
      out_ << "<p>" << chip("error") << " Interrupted: there are files that were not looked at.</p>";
    }
    out_ << "<ul class=\"tiles\">";
    tile(summary.files, summary.files == 1 ? "file" : "files");
    if (profiles_.empty()) {
      tile(summary.measured, chip(word(AuditState::measured)));
    } else {
      tile(passed_, chip(word(Verdict::pass)) + (profiles_.size() > 1 ? " all profiles" : ""));
      tile(failed_, chip(word(Verdict::fail)) + (profiles_.size() > 1 ? " one or more" : ""));
    }
    tile(summary.unmeasurable + not_judged_, chip(word(AuditState::unmeasurable)));
    tile(summary.unreadable, chip(word(AuditState::unreadable)));
    out_ << "<li><strong>" << duration_text(summary.audio_s)
         << fmt::format("</strong> of audio, in {:.1f} s</li>", summary.wall_s);
    if (summary.remembered > 0) tile(summary.remembered, "remembered from an earlier audit");
    out_ << "</ul>";
    if (summary.findings_by_code.empty()) return;
    out_ << "<p>Findings:";
    const char* separator = " ";
    for (const auto& [code, count] : summary.findings_by_code) {
      out_ << separator << html_text(code) << " <strong>" << count << "</strong>";
      separator = ", ";
    }
    out_ << "</p>";
  }

  void tile(std::int64_t count, const std::string& what) {
    out_ << "<li><strong>" << count << "</strong> " << what << "</li>";
  }

  void profile_table() {
    if (profiles_.empty()) return;
    out_ << "<table class=\"profiles\"><thead><tr><th scope=\"col\">Profile</th><th scope=\"col\">Asks for</th>"
         << "<th scope=\"col\">Source</th><th scope=\"col\">Files</th></tr></thead><tbody>\n";
    for (std::size_t i = 0; i < profiles_.size(); ++i) profile(profiles_[i], tallies_[i]);
    out_ << "</tbody></table>";
  }

  void profile(const AuditHead::Profile& p, const Tally& tally) {
    out_ << "<tr><th scope=\"row\">" << html_text(p.title) << " <small>" << html_text(p.name) << ", version "
         << html_text(p.version) << "</small></th><td>" << html_text(p.limits);
    if (!p.playback.empty()) out_ << (p.limits.empty() ? "" : "; ") << html_text(p.playback);
    if (!p.not_judged.empty()) {
      out_ << " <small>not judged here: " << html_text(fmt::format("{}", fmt::join(p.not_judged, "; "))) << "</small>";
    }
    out_ << "</td><td><em>" << html_text(p.status) << "</em> " << html_text(p.source) << ", " << html_text(p.date)
         << "</td><td>" << share_bar(tally) << fmt::format("{} pass, {} fail", tally.passed, tally.failed);
    if (tally.unmeasurable > 0) out_ << fmt::format(", {} unmeasurable", tally.unmeasurable);
    out_ << "</td></tr>\n";
  }

  std::ostream& out_;
  std::vector<AuditHead::Profile> profiles_;
  std::vector<Tally> tallies_;  // of files, one a profile
  std::int64_t passed_ = 0, failed_ = 0, not_judged_ = 0;
  std::int64_t rows_ = 0;  // of the table in hand
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
