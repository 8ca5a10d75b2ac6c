// A manifest's row put beside its file.
#pragma once

#include "host/audit/file_audit.h"
#include "host/manifest/manifest.h"

namespace lathe {

// The row's tags stand instead of the file's own. Findings (warnings): `manifest-damaged` for each spoilt cell,
// `isrc-mismatch` and `upc-mismatch` where both name one and they differ in more than hyphens, case and leading zeros.
// An unreadable file's reason says where it was named.
void apply_manifest(const Manifest& manifest, const ManifestRow& row, FileAudit& file);

}  // namespace lathe
