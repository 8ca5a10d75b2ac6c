// What `master` and `submit` ask of their arguments before anything is done.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/recipe/recipe.h"
#include "scheduler/worker/local_batch.h"
#include "scheduler/worker/scan.h"

namespace CLI {
class App;
}

namespace lathe::cli {

// A line on stderr: "lathe: …".
void say(const std::string& text);

// Absolute, without a slash at its end.
std::filesystem::path output_folder(const std::string& out);

// Says recipe mistakes, and what this version cannot do, all at once; then there is none. Warnings are said too.
std::optional<RecipeSource> load_recipe(const std::string& recipe, const std::vector<std::string>& sets);

// Neither the output folder nor anything above it may be a file. Throws RefusedInput.
void refuse_file_as_folder(const std::filesystem::path& folder);

// --stems and --mixdown.
void add_stem_options(CLI::App& verb, bool& stems, std::string& mixdown);

// A recipe with `stems` is for mixes alone, and so is a mixdown. Throws RefusedInput.
void refuse_stems_unsaid(const v1::Recipe& recipe, bool stems, const std::string& mixdown);

// A single file among the inputs may lie in the output folder, if its master gets another name (folders have been
// refused already). Path templates are looked at track by track: see OutputTaken. Throws RefusedInput.
void refuse_masters_onto_inputs(const scheduler::Scan& scan, const v1::Recipe& recipe,
                                const std::filesystem::path& out_dir);

// No track could be opened at all: exit code 3.
bool nothing_was_read(const std::vector<scheduler::TrackOutcome>& tracks);

}  // namespace lathe::cli
