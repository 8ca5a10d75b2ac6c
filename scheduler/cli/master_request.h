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

// What is to be mastered, as the command line says it.
struct MasterInputs {
  std::vector<std::string> paths;
  bool stems = false;
  std::string mixdown;
};

// --stems and --mixdown.
void add_stem_options(CLI::App& verb, MasterInputs& inputs);

// The tracks or mixes that these inputs are, for masters into `folder`. Throws RefusedInput where arguments, recipe and
// files do not go together, and where a master would lie on its own input: a single file may lie in the output folder,
// if its master gets another name (folders have been refused already; path templates are looked at track by track, see
// OutputTaken). Throws RecipeErrors for what is wrong in a manifest or a cue sheet.
scheduler::Scan scan_for_masters(const MasterInputs& inputs, const v1::Recipe& recipe,
                                 const std::filesystem::path& folder);

// No track could be opened at all: exit code 3. A track that another's fault holds back could, if its file is there.
bool nothing_was_read(const std::vector<scheduler::TrackOutcome>& tracks);

}  // namespace lathe::cli
