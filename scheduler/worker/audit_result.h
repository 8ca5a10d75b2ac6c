// The result of an audit's task: all that the report needs of the file, so that it is the same wherever it was
// measured.
#pragma once

#include <string>

#include "host/audit/file_auditor.h"
#include "lathe/v1/job.pb.h"

namespace lathe::scheduler {

AuditOptions audit_options_of(const v1::AuditSetting& setting);

// JSON: state, reason, and the measurement's record in base64. Not readable: state and reason alone.
std::string pack_audit_result(const FileAudit& file);
// The way back, without the path. False for text that is none, or of another layout.
bool unpack_audit_result(const std::string& json, FileAudit& file);

}  // namespace lathe::scheduler
