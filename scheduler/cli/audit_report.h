// The report of an audit, whoever measured: its head, its format, and the exit code that goes with it.
#pragma once

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/audit/delivery_profile.h"
#include "host/audit/file_audit.h"

namespace lathe::cli {

// All profiles; none when one cannot be loaded, and every mistake is said. Reports tell profiles apart by their names.
std::optional<std::vector<DeliveryProfile>> load_profiles(const std::vector<std::string>& names);

// `subject`: what was audited, for people. Dated today.
AuditHead audit_head(const std::string& subject, const std::vector<DeliveryProfile>& profiles);

// What was asked for; else what the report's name says; else a table.
std::string report_format(const std::string& format, const std::string& out);

// A table on stdout is as wide as the terminal, and in colour there.
std::unique_ptr<AuditWriter> audit_writer(const std::string& format, std::ostream& out, bool is_stdout,
                                          const AuditHead& head);

// DESIGN's contract: 3 only if nothing at all could be read, then 8, then 7.
int audit_exit_code(const AuditSummary& summary);

}  // namespace lathe::cli
