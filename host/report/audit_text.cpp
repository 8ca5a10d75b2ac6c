#include "host/report/audit_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/audio_file/text_encoding.h"

namespace lathe {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Bytes that the first byte of a UTF-8 sequence announces.
std::size_t announced_bytes(unsigned char lead) { return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0x80 ? 2 : 1; }

// Of a well-formed sequence.
char32_t decoded(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0);
  char32_t code = byte(0) & (0xFFu >> (sequence.size() + 1));
  for (std::size_t i = 1; i < sequence.size(); ++i) code = (code << 6) | (byte(i) & 0x3Fu);
  return code;
}

// What a reader would not see, but a terminal or a browser would obey.
bool is_hidden_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

bool any_verdict(const std::vector<ProfileResult>& profiles, Verdict verdict) {
  return std::any_of(profiles.begin(), profiles.end(), [&](const ProfileResult& p) { return p.verdict == verdict; });
}

}  // namespace

std::string_view word(AuditState state) {
  switch (state) {
    case AuditState::measured:
      return "MEASURED";
    case AuditState::unmeasurable:
      return "UNMEASURABLE";
    case AuditState::unreadable:
      break;
  }
  return "UNREADABLE";
}

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::fail:
      return "FAIL";
    case Verdict::unmeasurable:
      break;
  }
  return "UNMEASURABLE";
}

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::error:
      break;
  }
  return "error";
}

std::string_view outcome_word(AuditState state, const std::vector<ProfileResult>& profiles) {
  if (state != AuditState::measured || profiles.empty()) return word(state);
  if (any_verdict(profiles, Verdict::fail)) return word(Verdict::fail);
  return word(any_verdict(profiles, Verdict::unmeasurable) ? Verdict::unmeasurable : Verdict::pass);
}

bool is_clean(AuditState state, const std::vector<ProfileResult>& profiles, const std::vector<AuditFinding>& findings) {
  return state == AuditState::measured && !any_verdict(profiles, Verdict::fail) &&
         !any_verdict(profiles, Verdict::unmeasurable) &&
         std::all_of(findings.begin(), findings.end(),
                     [](const AuditFinding& f) { return f.severity == Severity::info; });
}

std::optional<LoudnessFigures> figures_of(const FileAudit& file) {
  if (file.state != AuditState::measured) return std::nullopt;
  return file.figures;
}

std::u32string code_points(std::string_view bytes) {
  std::u32string characters;
  characters.reserve(bytes.size());
  while (!bytes.empty()) {
    std::string_view sequence = bytes.substr(0, announced_bytes(static_cast<unsigned char>(bytes.front())));
    const bool is_character = is_utf8(sequence);
    if (!is_character) sequence = bytes.substr(0, 1);
    characters += is_character ? decoded(sequence) : kReplacement;
    bytes.remove_prefix(sequence.size());
  }
  return characters;
}

std::string utf8(std::u32string_view characters) {
  std::string text;
  text.reserve(characters.size());
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  for (const char32_t c : characters) {
    if (c < 0x80) {
      add(c);
    } else if (c < 0x800) {
      add(0xC0 | (c >> 6));
      add(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      add(0xE0 | (c >> 12));
      add(0x80 | ((c >> 6) & 0x3F));
      add(0x80 | (c & 0x3F));
    } else {
      add(0xF0 | (c >> 18));
      add(0x80 | ((c >> 12) & 0x3F));
      add(0x80 | ((c >> 6) & 0x3F));
      add(0x80 | (c & 0x3F));
    }
  }
  return text;
}

std::string visible_text(std::string_view bytes) {
  const bool is_plain = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (is_plain) return std::string(bytes);
  std::u32string shown;
  for (const char32_t c : code_points(bytes)) {
    if (is_hidden_control(c)) {
      for (const char digit : fmt::format("<U+{:04X}>", static_cast<unsigned>(c)))
        shown += static_cast<char32_t>(digit);
    } else {
      shown += c;
    }
  }
  return utf8(shown);
}

std::string figure_text(double value, int decimals) {
  if (!std::isfinite(value)) return "";
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find_first_not_of("-0.") == std::string::npos && text.front() == '-') text.erase(0, 1);
  return text;
}

std::string duration_text(double seconds) {
  const auto whole = std::isfinite(seconds) && seconds > 0 ? std::llround(std::min(seconds, 1e12)) : 0;
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string finding_text(const AuditFinding& finding) {
  const std::string place = finding.at_s ? " at " + figure_text(*finding.at_s, 3) + " s" : "";
  return finding.code + place + ": " + finding.message;
}

std::string reasons_text(const ProfileResult& result) { return fmt::format("{}", fmt::join(result.reasons, "; ")); }

std::string playback_text(const ProfileResult& result) {
  if (!result.playback_lufs || !result.playback_gain_db) return "";
  const std::string gain = figure_text(*result.playback_gain_db, 1);
  const bool is_raised = gain.find_first_not_of("0.") != std::string::npos && gain.front() != '-';
  return fmt::format("{} LUFS ({}{} dB{})", figure_text(*result.playback_lufs, 1), is_raised ? "+" : "", gain,
                     result.is_limited_by_peak ? ", held back by its true peak" : "");
}

std::vector<std::string> own_notes(const ProfileResult& result) {
  std::vector<std::string> notes;
  for (const std::string& note : result.notes) {
    if (!note.starts_with("not judged: ") && !note.starts_with("nothing is asked for")) notes.push_back(note);
  }
  return notes;
}

}  // namespace lathe
