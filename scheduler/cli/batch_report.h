// The documents a batch ends with: the report on stdout, and the manifest beside the masters.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "host/recipe/recipe.h"
#include "scheduler/worker/local_batch.h"

namespace lathe::cli {

// DESIGN section 8's `master` document. Tracks that had not ended when the run was interrupted are not in `tracks`;
// `summary.left` counts them.
nlohmann::ordered_json batch_report(const scheduler::BatchResult& result,
                                    const std::vector<scheduler::ScanProblem>& problems, const EffectiveRecipe& recipe,
                                    const scheduler::BackendChoice& backend);

// Writes OUT/lathe-manifest.json: what each master is, made of what, by which recipe. The same masters give the same
// bytes: it holds no times, and paths relative to the folder. Throws AudioFileError (disk full).
void write_manifest(const std::filesystem::path& out_dir, const scheduler::BatchResult& result,
                    const EffectiveRecipe& recipe);

// How many tracks ended as failed, those that could not be looked at counted.
int failed_count(const scheduler::BatchResult& result, const std::vector<scheduler::ScanProblem>& problems);

}  // namespace lathe::cli
