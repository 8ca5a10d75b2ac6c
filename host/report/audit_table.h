// An audit for a terminal: a line a file, what is wrong with it beneath, albums, and a summary.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "host/audit/file_audit.h"

namespace lathe {

struct TableStyle {
  int columns = 100;  // of the terminal; paths get what is left, 20 at least
  bool has_colour = false;
};

// Levels have one decimal, as EBU Tech 3341 asks of a display. Verdicts that are no PASS and findings above info stand
// beneath their file. Text of files can neither move the cursor nor colour anything. Keeps nothing of a file.
// `out` must outlive the writer; its failure is thrown by finish().
std::unique_ptr<AuditWriter> make_audit_table(std::ostream& out, const AuditHead& head, const TableStyle& style = {});

// The text, visible (see visible_text), in at most `columns` columns of a terminal: the middle of what is longer
// becomes "…". East Asian wide characters take two columns, combining marks none. At least 1 column.
std::string shortened(std::string_view text, int columns);

}  // namespace lathe
