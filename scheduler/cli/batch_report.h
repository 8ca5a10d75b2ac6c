// The documents a batch ends with: the report on stdout, and the manifest beside the masters.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "host/recipe/recipe.h"
#include "scheduler/worker/local_batch.h"

namespace lathe::cli {

// What did the work.
struct BatchEngine {
  std::string engine;          // "lathe 0.1.0"
  std::string backend;         // "cpu/avx512"
  std::string backend_reason;  // why this one
  std::string device;          // the GPU's name; empty without one
};

// This program, by the backend that was chosen.
BatchEngine engine_of(const scheduler::BackendChoice& backend);

// DESIGN section 8's `master` document. Tracks that had not ended when the run was interrupted are not in `tracks`;
// `summary.left` counts them.
nlohmann::ordered_json batch_report(const scheduler::BatchResult& result,
                                    const std::vector<scheduler::ScanProblem>& problems,
                                    const std::string& recipe_sha256, const BatchEngine& engine);

// Throws RefusedInput where OUT/lathe-manifest.json is there and is none, or is damaged: before masters are made, whose
// names it could not be told.
void check_manifest(const std::filesystem::path& out_dir);

// Writes OUT/lathe-manifest.json: what each master is, made of what, by which recipe. The same masters give the same
// bytes: it holds no times, and paths relative to the folder. Throws AudioFileError (disk full).
void write_manifest(const std::filesystem::path& out_dir, const scheduler::BatchResult& result,
                    const EffectiveRecipe& recipe, const std::string& engine);

// How many tracks ended as failed, those that could not be looked at counted.
int failed_count(const scheduler::BatchResult& result, const std::vector<scheduler::ScanProblem>& problems);

}  // namespace lathe::cli
