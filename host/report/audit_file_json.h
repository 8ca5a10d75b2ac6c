// One file's audit as JSON and back: how a farm's workers hand in what they measured, for the report to be made of.
#pragma once

#include <string>
#include <string_view>

#include "host/audit/file_audit.h"

namespace lathe {

// The file's entry of the JSON report, and what its album is measured from: "powers": {"blocks", "short_term"} and
// "edges": {"head", "tail"}, "octaves", float32 as base64.
std::string audit_file_json(const FileAudit& file);

// Reports of what is read are those of what was written: figures, powers, edges and octaves come back exactly. `path`
// and `album` as far as they are UTF-8. Throws std::invalid_argument.
FileAudit audit_file_from_json(std::string_view json);

}  // namespace lathe
