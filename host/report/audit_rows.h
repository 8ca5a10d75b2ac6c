// Rows of an HTML report's tables: a file or an album in a line that opens to all that is known of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/audit/file_audit.h"

namespace lathe {

// Heads of the tables that the rows below belong to, `<thead>` to `</thead>`.
extern const std::string_view kFileHeads;
extern const std::string_view kAlbumHeads;

// The row's classes let the page's style filter without script: `ok` where nothing needs attention, `f0`, `f1`, … for
// each profile of `profiles` (by their order) that it fails.
std::string file_row(const FileAudit& file, const std::vector<AuditHead::Profile>& profiles);
std::string album_row(const AlbumAudit& album, const std::vector<AuditHead::Profile>& profiles);

// A verdict, state or severity that does not rest on its colour: "<b class="FAIL">FAIL</b>".
std::string chip(std::string_view word);

}  // namespace lathe
