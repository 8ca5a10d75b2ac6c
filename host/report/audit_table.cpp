#include "host/report/audit_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "host/report/audit_text.h"

namespace lathe {
namespace {

constexpr const char* kRow = "{:>6}  {:>5}  {:>6}  {:>6}  {}  {}\n";
constexpr int kVerdictColumns = 12;
constexpr int kColumnsBeforePath = 6 + 2 + 5 + 2 + 6 + 2 + 6 + 2 + kVerdictColumns + 2;
constexpr int kLeastPathColumns = 20;
constexpr const char* kNoFigure = "-";

struct Range {
  char32_t first, last;
};

// Unicode's East Asian Width W and F, in blocks.
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xAC00, 0xD7A3},
                           {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
                           {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
// Marks that are drawn over the character before them.
constexpr Range kNarrowest[] = {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200D},
                                {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

template <std::size_t size>
bool is_in(const Range (&ranges)[size], char32_t c) {
  return std::any_of(ranges, ranges + size, [&](const Range& r) { return c >= r.first && c <= r.last; });
}

int width_of(char32_t c) { return is_in(kNarrowest, c) ? 0 : is_in(kWide, c) ? 2 : 1; }

int width_of(std::u32string_view text) {
  int width = 0;
  for (const char32_t c : text) width += width_of(c);
  return width;
}

const char* colour_of(std::string_view verdict) {
  if (verdict == "PASS") return "\x1b[32m";
  if (verdict == "FAIL" || verdict == "error") return "\x1b[31m";
  if (verdict == "MEASURED" || verdict == "info") return "";
  return "\x1b[33m";
}

std::string counted(std::int64_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

class AuditTable final : public AuditWriter {
 public:
  AuditTable(std::ostream& out, const AuditHead& head, const TableStyle& style)
      : out_(out),
        has_colour_(style.has_colour),
        path_columns_(std::max(style.columns - kColumnsBeforePath, kLeastPathColumns)) {
    for (const std::string& line : {head.engine + ", " + head.backend, head.standard, head.filter}) {
      out_ << visible_text(line) << '\n';
    }
    for (const AuditHead::Profile& p : head.profiles) profile(p);
    column_heads("file");
  }

  void file(const FileAudit& file) override {
    if (is_in_albums_) throw std::logic_error("an audit's files come before its albums");
    row(figures_of(file), outcome_word(file.state, file.profiles), file.path.string());
    if (file.state != AuditState::measured) beneath(word(file.state), file.reason);
    notes(file.state, file.findings, file.profiles);
  }

  void album(const AlbumAudit& album) override {
    if (!is_in_albums_) column_heads("album");
    is_in_albums_ = true;
    row(album.figures, outcome_word(state_of(album), album.profiles), album.path);
    notes(state_of(album), album.findings, album.profiles);
    ladder(album.ladder);
  }

  void finish(const AuditSummary& summary) override {
    out_ << fmt::format("\n{}: {} measured, {} unmeasurable, {} unreadable", counted(summary.files, "file"),
                        summary.measured, summary.unmeasurable, summary.unreadable);
    if (summary.remembered > 0) out_ << fmt::format("; {} remembered from an earlier audit", summary.remembered);
    out_ << fmt::format("\n{} of audio in {:.1f} s", duration_text(summary.audio_s), summary.wall_s);
    if (summary.wall_s > 0) out_ << fmt::format(", {:.0f} times as fast as it plays", summary.audio_s / summary.wall_s);
    out_ << '\n';
    for (const auto& [profile, count] : summary.failed_by_profile) {
      if (count > 0)
        out_ << coloured("FAIL", visible_text(profile)) << fmt::format(": {} failed\n", counted(count, "file"));
    }
    for (const auto& [code, count] : summary.findings_by_code) {
      out_ << visible_text(code) << ": " << counted(count, "finding") << '\n';
    }
    if (summary.was_interrupted)
      out_ << coloured("error", "interrupted: there are files that were not looked at") << '\n';
    if (!out_.flush()) throw std::runtime_error("the report could not be written whole");
  }

 private:
  void profile(const AuditHead::Profile& p) {
    out_ << visible_text(fmt::format("profile {} {} ({}): {}, {}", p.name, p.version, p.status, p.source, p.date));
    for (const std::string& line : {p.limits.empty() ? "" : "asks for: " + p.limits, p.playback}) {
      if (!line.empty()) out_ << "\n  " << visible_text(line);
    }
    if (!p.not_judged.empty()) {
      out_ << "\n  " << visible_text(fmt::format("not judged here: {}", fmt::join(p.not_judged, "; ")));
    }
    out_ << '\n';
  }

  void column_heads(const char* what) {
    out_ << '\n' << fmt::format(kRow, "LUFS", "LRA", "max S", "dBTP", fmt::format("{:<{}}", "", kVerdictColumns), what);
  }

  void row(const std::optional<LoudnessFigures>& f, std::string_view verdict, std::string_view path) {
    const auto figure = [&](double LoudnessFigures::*which) {
      const std::string text = f ? figure_text((*f).*which, 1) : "";
      return text.empty() ? kNoFigure : text;
    };
    out_ << fmt::format(kRow, figure(&LoudnessFigures::integrated_lufs), figure(&LoudnessFigures::loudness_range_lu),
                        figure(&LoudnessFigures::max_short_term_lufs), figure(&LoudnessFigures::true_peak_dbtp),
                        coloured(verdict, fmt::format("{:<{}}", verdict, kVerdictColumns)),
                        shortened(path, path_columns_));
  }

  // Where nothing was measured, that no profile can judge it goes without saying.
  void notes(AuditState state, const std::vector<AuditFinding>& findings, const std::vector<ProfileResult>& profiles) {
    for (const ProfileResult& result : profiles) {
      if (state != AuditState::measured || result.verdict == Verdict::pass) continue;
      beneath(word(result.verdict), fmt::format("{} {}: {}", result.name, word(result.verdict), reasons_text(result)));
    }
    for (const AuditFinding& finding : findings) {
      if (finding.severity == Severity::info) continue;
      beneath(word(finding.severity), fmt::format("{}: {}", word(finding.severity), finding_text(finding)));
    }
    std::vector<std::string> playback;
    for (const ProfileResult& result : profiles) {
      if (const std::string text = playback_text(result); !text.empty()) playback.push_back(result.name + " " + text);
    }
    if (!playback.empty()) beneath("info", fmt::format("plays at: {}", fmt::join(playback, ", ")));
  }

  // A folder with one file in it is no album to speak of.
  void ladder(const AlbumLadder& ladder) {
    const std::string summary = ladder_summary(ladder);
    if (ladder.tracks.size() == 1 || summary.empty()) return;
    beneath("info", "consistency: " + summary);
    for (const LadderOutlier& outlier : ladder.outliers) beneath("info", "  " + outlier.message);
  }

  void beneath(std::string_view kind, std::string_view text) {
    out_ << fmt::format("{:>{}}", "", kColumnsBeforePath) << coloured(kind, visible_text(text)) << '\n';
  }

  std::string coloured(std::string_view kind, std::string text) const {
    const std::string_view colour = has_colour_ ? colour_of(kind) : "";
    return colour.empty() ? text : std::string(colour) + text + "\x1b[0m";
  }

  std::ostream& out_;
  bool has_colour_;
  int path_columns_;
  bool is_in_albums_ = false;
};

}  // namespace

std::string shortened(std::string_view text, int columns) {
  const std::u32string all = code_points(visible_text(text));
  if (width_of(all) <= columns) return utf8(all);
  const int room = std::max(columns, 1) - 1;
  const int tail_room = (room + 1) / 2;  // a file's name says more than the folders it is in
  std::size_t head_end = 0;
  for (int left = room - tail_room; head_end < all.size() && width_of(all[head_end]) <= left; ++head_end) {
    left -= width_of(all[head_end]);
  }
  std::size_t tail_start = all.size();
  for (int left = tail_room; tail_start > head_end && width_of(all[tail_start - 1]) <= left; --tail_start) {
    left -= width_of(all[tail_start - 1]);
  }
  return utf8(all.substr(0, head_end) + U'\u2026' + all.substr(tail_start));
}

std::unique_ptr<AuditWriter> make_audit_table(std::ostream& out, const AuditHead& head, const TableStyle& style) {
  return std::make_unique<AuditTable>(out, head, style);
}

}  // namespace lathe
