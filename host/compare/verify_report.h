// What a check of a folder of masters found, as JSON (lathe.verify.v1) and as text.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/compare/bag_check.h"
#include "host/compare/master_folder.h"

namespace lathe {

struct FolderCheck {
  std::string engine;  // "lathe 0.1.0"
  const MasterManifest* manifest = nullptr;
  const MasterFolder* folder = nullptr;
  std::vector<MasterCheck> checks;   // one for each of the folder's masters
  bool is_strict = false;            // files that no manifest names are a failure, and folders that may hold some
  std::optional<BagCheck> bag = {};  // of a folder in BagIt form

  // Every master is as the manifest says, and what is asked of the others holds.
  bool is_well() const;
  std::size_t count(MasterState state) const;
};

// {schema, engine, path, files: [{path, id, input, state, reason_code, reason, findings: [{code, message}], audio,
// sha256, integrated_lufs, true_peak_dbtp}], unnamed: [path], unlisted: [{path, reason}], bag: {state: VALID | INVALID,
// files, problems: [{path, code, message}], not_checked: [manifest]}, summary}; `bag` only of one, `unlisted` only
// where there are any.
nlohmann::ordered_json verify_json(const FolderCheck& check);

// A line for each file that is not well, and a summary.
void write_verify_text(std::ostream& out, const FolderCheck& check);

}  // namespace lathe
