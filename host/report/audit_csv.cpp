#include "host/report/audit_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <stdexcept>

#include "host/report/audit_text.h"

namespace lathe {
namespace {

constexpr std::array kColumns = {"path",
                                 "album",
                                 "state",
                                 "reason_code",
                                 "reason",
                                 "container",
                                 "encoding",
                                 "sample_rate_hz",
                                 "channels",
                                 "frames",
                                 "duration_s",
                                 "size_bytes",
                                 "payload_hash",
                                 "integrated_lufs",
                                 "loudness_range_lu",
                                 "max_momentary_lufs",
                                 "max_short_term_lufs",
                                 "true_peak_dbtp",
                                 "sample_peak_dbfs",
                                 "true_peak_at_s",
                                 "below_20khz_lufs",
                                 "title",
                                 "artist",
                                 "isrc",
                                 "upc",
                                 "findings",
                                 "finding_messages"};

// Behind each profile's name.
constexpr std::array kProfileColumns = {"_version",          "_verdict",       "_reasons",        "_notes",
                                        "_playback_gain_db", "_playback_lufs", "_limited_by_peak"};

// How the figures came about, so that a row that is passed on alone still says it.
constexpr std::array kHeadColumns = {"engine", "standard", "filter", "backend"};

constexpr std::u32string_view kFormulaStarts = U"=+-@\t\uFF1D\uFF0B\uFF0D\uFF20";
constexpr std::u32string_view kLeadingBreaks = U"\r\n";  // some importers drop them, and what follows is first
constexpr std::u32string_view kCellStarts = U";\t\r\n";
// What may stand before a formula: blanks, and quotes that another delimiter makes those of a cell.
constexpr std::u32string_view kPassedOver = U" \u00A0\"";

bool is_one_of(std::u32string_view set, char32_t c) { return set.find(c) != std::u32string_view::npos; }

bool starts_formula(std::u32string_view text) {
  const std::size_t first = text.find_first_not_of(kPassedOver);
  return first != std::u32string_view::npos &&
         (is_one_of(kFormulaStarts, text[first]) || (first > 0 && is_one_of(kLeadingBreaks, text[first])));
}

std::string tag(const FileAudit& file, const char* name) {
  const auto found = file.tags.find(name);
  return found == file.tags.end() ? std::string() : found->second;
}

class AuditCsv final : public AuditWriter {
 public:
  AuditCsv(std::ostream& out, const AuditHead& head) : out_(out) {
    for (const AuditHead::Profile& profile : head.profiles) profiles_.push_back(profile.name);
    for (const char* column : kColumns) plain(column);
    for (const char* column : kHeadColumns) plain(column);
    for (const std::string& name : profiles_) {
      for (const char* column : kProfileColumns) text(name + column);
    }
    end_row();
    for (const std::string* words : {&head.engine, &head.standard, &head.filter, &head.backend}) {
      provenance_ += ',' + csv_text(*words);
    }
  }

  void file(const FileAudit& file) override {
    text(file.path.string());
    text(file.album);
    plain(word(file.state));
    text(file.reason_code);
    text(file.reason);
    format_columns(file);
    figure_columns(file);
    for (const char* name : {"title", "artist", "isrc", "upc"}) text(tag(file, name));
    finding_columns(file.findings);
    out_ << provenance_;
    for (const std::string& name : profiles_) profile_columns(file, name);
    end_row();
  }

  void album(const AlbumAudit&) override {}

  void finish(const AuditSummary&) override {
    if (!out_.flush()) throw std::runtime_error("the CSV report could not be written whole");
  }

 private:
  void format_columns(const FileAudit& file) {
    text(file.container);
    text(file.encoding);
    const bool is_known = file.sample_rate_hz > 0;
    plain(is_known ? std::to_string(file.sample_rate_hz) : "");
    plain(is_known ? std::to_string(file.channels) : "");
    plain(is_known ? std::to_string(file.frames) : "");
    plain(is_known ? figure_text(file.duration_s(), 3) : "");
    plain(std::to_string(file.size_bytes));
    text(file.payload_hash);
  }

  void figure_columns(const FileAudit& file) {
    const std::optional<LoudnessFigures> f = figures_of(file);
    for (const auto figure : {&LoudnessFigures::integrated_lufs, &LoudnessFigures::loudness_range_lu,
                              &LoudnessFigures::max_momentary_lufs, &LoudnessFigures::max_short_term_lufs,
                              &LoudnessFigures::true_peak_dbtp, &LoudnessFigures::sample_peak_dbfs}) {
      plain(f ? figure_text((*f).*figure, 3) : "");
    }
    plain(f && file.true_peak_at_s ? figure_text(*file.true_peak_at_s, 3) : "");
    plain(file.below_20khz_lufs ? figure_text(*file.below_20khz_lufs, 3) : "");
  }

  void finding_columns(const std::vector<AuditFinding>& findings) {
    std::string codes, messages;
    for (const AuditFinding& finding : findings) {
      const bool is_first = &finding == &findings.front();
      codes += (is_first ? "" : " ") + finding.code;
      messages += (is_first ? "" : "; ") + finding_text(finding);
    }
    text(codes);
    text(messages);
  }

  void profile_columns(const FileAudit& file, const std::string& name) {
    const auto result = std::find_if(file.profiles.begin(), file.profiles.end(),
                                     [&](const ProfileResult& candidate) { return candidate.name == name; });
    if (result == file.profiles.end()) {
      for (std::size_t i = 0; i < kProfileColumns.size(); ++i) plain("");
      return;
    }
    text(result->version);
    plain(word(result->verdict));
    text(reasons_text(*result));
    text(fmt::format("{}", fmt::join(result->notes, "; ")));
    plain(result->playback_gain_db ? figure_text(*result->playback_gain_db, 3) : "");
    plain(result->playback_lufs ? figure_text(*result->playback_lufs, 3) : "");
    plain(!result->playback_gain_db ? "" : result->is_limited_by_peak ? "yes" : "no");
  }

  // A number or one of our own words.
  void plain(std::string_view cell) {
    out_ << separator_ << cell;
    separator_ = ",";
  }
  void text(std::string_view bytes) { plain(csv_text(bytes)); }
  void end_row() {
    out_ << "\r\n";
    separator_ = "";
  }

  std::ostream& out_;
  std::vector<std::string> profiles_;
  std::string provenance_;  // of the head's columns, with the comma before them
  const char* separator_ = "";
};

}  // namespace

std::string csv_text(std::string_view bytes) {
  const std::u32string text = code_points(bytes);
  std::u32string cell;
  bool is_cell_start = true;
  bool needs_quotes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool starts_with_break = i == 0 && is_one_of(kLeadingBreaks, c);
    if (starts_with_break || (is_cell_start && starts_formula(std::u32string_view(text).substr(i)))) cell += U'\'';
    is_cell_start = is_one_of(kCellStarts, c);
    needs_quotes |= is_cell_start || c == U',' || c == U'"';
    if (c == U'"') cell += c;
    cell += c < 0x20 && !is_cell_start ? U'\uFFFD' : c;
  }
  return needs_quotes ? '"' + utf8(cell) + '"' : utf8(cell);
}

std::unique_ptr<AuditWriter> make_audit_csv(std::ostream& out, const AuditHead& head) {
  return std::make_unique<AuditCsv>(out, head);
}

}  // namespace lathe
