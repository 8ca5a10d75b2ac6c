// A manifest's row on its way to the machine that measures its file.
#pragma once

#include <string>
#include <string_view>

#include "host/manifest/manifest.h"

namespace lathe {

struct NamedRow {
  Manifest manifest;  // its file alone, for messages; it has no rows
  ManifestRow row;
};

// {"file", "line", "path", "album", "tags", "contiguous", "damage"}: all that apply_manifest needs. Bytes that are not
// UTF-8 are shown as U+FFFD.
std::string manifest_row_json(const Manifest& manifest, const ManifestRow& row);

// Throws std::invalid_argument for a text that manifest_row_json did not write.
NamedRow manifest_row_from_json(std::string_view json);

}  // namespace lathe
