// `loudness.target_lufs`, `chain.eq.bands[1].gain_db`, `outputs.hd.bits`: one value of a recipe, by path.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/recipe/recipe_node.h"

namespace lathe {

using PathStep = std::variant<std::string, std::size_t>;  // a key, or an item's index from 0

// "chain.eq.bands[1]" as chain, eq, bands, 1. Throws std::invalid_argument for text that is no path.
std::vector<PathStep> path_steps(std::string_view path);

// Puts `value` at `path` of the recipe's tree; new keys stand at `origin`. Maps on the way are made, list items are
// not. A stage is found by its name where it occurs once, an output by its id, any item by its index from 0. Returns
// what is wrong with the path, or else the path in plain form: `chain[3].eq.bands[1].gain_db`.
struct SetOutcome {
  std::string problem;  // empty if the value is set
  std::string plain_path;
};
SetOutcome set_at(RecipeNode& root, std::string_view path, RecipeNode value, const RecipePosition& origin);

// One `--set PATH=VALUE`: problems carry the position `--set PATH=VALUE`.
void apply_set(RecipeNode& root, const std::string& set, std::vector<RecipeProblem>& problems);

}  // namespace lathe
