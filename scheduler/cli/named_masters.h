// The folder of masters that a verb was given, read: what `verify` and `ab` begin with.
#pragma once

#include <filesystem>
#include <system_error>

#include "host/compare/master_folder.h"
#include "host/compare/master_manifest.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/verbs.h"

namespace lathe::cli {

struct NamedMasters {
  MasterManifest manifest;
  MasterFolder folder;  // of that manifest
  int exit_code = kOk;  // otherwise nothing was read, and why has been said
};

// Into `masters`, which stays where it is: the folder points into the manifest.
inline void read_masters(const std::filesystem::path& path, NamedMasters& masters) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error)) {
    say(path.string() + ": is no folder; name the one that lathe master wrote into");
    masters.exit_code = kUsage;
    return;
  }
  try {
    masters.manifest = read_master_manifest(path);
    masters.folder = look_through(masters.manifest);
  } catch (const ManifestProblem& problem) {
    say(problem.what());
    masters.exit_code = kNothingRead;
  }
}

}  // namespace lathe::cli
