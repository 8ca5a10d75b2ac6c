// An audit as a table for spreadsheets and scripts: RFC 4180, one row a file.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "host/audit/file_audit.h"

namespace lathe {

// UTF-8 without a byte order mark, lines end in CR LF, a header first. Units end a column's name; levels have three
// decimals; what is not known, or minus infinity, is an empty cell. Columns of the file come first, then engine,
// standard, filter and backend, the same in every row, then seven a profile of the head: NAME_version, NAME_verdict,
// NAME_reasons, NAME_notes, NAME_playback_gain_db, NAME_playback_lufs, NAME_limited_by_peak (yes or no). Albums and the
// summary are not in it: they are rows of another kind. Text that a spreadsheet would take for a formula is made
// harmless by csv_text(). Memory is that of one file. `out` must outlive the writer; its failure is thrown by finish().
std::unique_ptr<AuditWriter> make_audit_csv(std::ostream& out, const AuditHead& head);

// A cell of text: valid UTF-8 with an apostrophe before what would start a formula (= + - @, also full-width, also
// behind blanks and quotes; tab, CR and LF), at its start and behind each ; tab or line break, where a spreadsheet set
// to another delimiter would start a cell. Quoted where RFC 4180 asks for it.
std::string csv_text(std::string_view bytes);

}  // namespace lathe
