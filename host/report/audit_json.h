// An audit as one JSON document, schema "lathe.audit.v1", written as the audit goes on.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>

#include "host/audit/file_audit.h"
#include "host/report/json_text.h"

namespace lathe {

// {schema, engine, standard, filter, backend, profiles, files: [...], albums: [...], summary}, one line a file and one
// an album. Keys end in their unit. A figure that is minus infinity, or that nothing was measured for, is null. What is
// not UTF-8 in a path or a tag is shown as U+FFFD, so the document is valid UTF-8 whatever the files are called.
// Memory is that of one file. `out` must outlive the writer; its failure is thrown by finish().
std::unique_ptr<AuditWriter> make_audit_json(std::ostream& out, const AuditHead& head);

// A file's object in `files`. `add_more` adds keys of its own at the end.
void add_file_entry(JsonText& json, const FileAudit& file, const std::function<void(JsonText&)>& add_more = {});

}  // namespace lathe
