// An audit as one web page: a file that refers to nothing outside itself and can be read without script.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "host/audit/file_audit.h"

namespace lathe {

// Summary, profiles with source, date and status, albums, and a row a file that opens to its findings, verdicts, tags
// and, where there is a series, a plot. Written as the audit goes on, so the summary comes last in the file; the page's
// style shows it first. Rows are lean: 50,000 of them open in a browser. Memory is that of one file.
// `out` must outlive the writer; its failure is thrown by finish().
std::unique_ptr<AuditWriter> make_audit_html(std::ostream& out, const AuditHead& head);

// Any bytes as text of a page, in an element or between double quotes: visible (see visible_text) and escaped.
std::string html_text(std::string_view bytes);

}  // namespace lathe
