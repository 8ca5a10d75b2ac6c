// An audit to report on, and ways to write it.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "host/audit/file_audit.h"

namespace lathe::testing {

using MakeWriter = std::function<std::unique_ptr<AuditWriter>(std::ostream&, const AuditHead&)>;

// All four kinds of report, with their names.
std::vector<std::pair<std::string, MakeWriter>> all_writers();

struct SampleAudit {
  AuditHead head;
  std::vector<FileAudit> files;
  std::vector<AlbumAudit> albums;
  AuditSummary summary;
};

// Two measured files (one passes, one fails with findings and a series), a silent and a truncated one; an album and one
// of which nothing was measured.
SampleAudit sample_audit();

// The same where every text of unknown origin is `text`.
SampleAudit audit_saying(const std::string& text);

ProfileResult judged(const std::string& name, Verdict verdict, std::vector<std::string> reasons = {});

std::string report_of(const SampleAudit& audit, const MakeWriter& make);

// <script>, attributes, entities, formulae, a right-to-left override, an escape sequence, a line break, a byte that is
// not UTF-8.
extern const std::string kHostileText;

}  // namespace lathe::testing
