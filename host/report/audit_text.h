// Words, figures and text of unknown origin as the reports of an audit show them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/audit/file_audit.h"

namespace lathe {

std::string_view word(AuditState state);   // "MEASURED"
std::string_view word(Verdict verdict);    // "PASS"
std::string_view word(Severity severity);  // "warning"

// A file or an album in one word: its state where it has no figures; else FAIL when it fails any profile, UNMEASURABLE
// when one of them cannot be judged, PASS, or MEASURED when no profile was asked for.
std::string_view outcome_word(AuditState state, const std::vector<ProfileResult>& profiles);

// Measured, no profile failed or left unjudged, and no finding above info.
bool is_clean(AuditState state, const std::vector<ProfileResult>& profiles, const std::vector<AuditFinding>& findings);

inline AuditState state_of(const AlbumAudit& album) {
  return album.figures ? AuditState::measured : AuditState::unmeasurable;
}

// None unless the file was measured: what is left in its figures then means nothing.
std::optional<LoudnessFigures> figures_of(const FileAudit& file);

// Unicode characters of any bytes: U+FFFD for each byte that is not UTF-8.
std::u32string code_points(std::string_view bytes);

std::string utf8(std::u32string_view characters);

// The text as valid UTF-8 that moves no cursor and turns no writing direction: control characters, bidirectional
// controls and line separators stand as <U+202E>.
std::string visible_text(std::string_view bytes);

// "-14.0"; empty for what is not finite, never "-0.0".
std::string figure_text(double value, int decimals);

// "3:07" or "1:02:03", to the nearest second; "0:00" for what is not finite or negative.
std::string duration_text(double seconds);

// "clipped-runs at 12.300 s: 12 runs of clipped samples"
std::string finding_text(const AuditFinding& finding);

// "true peak -0.3 dBTP is above -1.0; 16-bit is not 24-bit"; empty without reasons.
std::string reasons_text(const ProfileResult& result);

// "-17.0 LUFS (+1.1 dB, held back by its true peak)"; empty where no playback is predicted.
std::string playback_text(const ProfileResult& result);

// Notes of this file or album alone: what a profile never judges stands once in the head of a report.
std::vector<std::string> own_notes(const ProfileResult& result);

}  // namespace lathe
