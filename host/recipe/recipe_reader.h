// Reads a recipe's tree into the Recipe message, by the schema alone, and finds everything that does not fit.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/recipe/recipe_node.h"
#include "lathe/v1/recipe.pb.h"

namespace lathe {

// Where each path of a recipe stands: `chain[3].limit` at its key, `chain[3].limit.ceiling_dbtp` at its value.
using RecipePositions = std::map<std::string, RecipePosition>;

// The position of `path`, else of the nearest path around it; "" is the recipe.
RecipePosition position_of(const RecipePositions& positions, std::string path);

struct ReadRecipe {
  v1::Recipe recipe;
  RecipePositions positions;  // of what the recipe writes, wrong values included
};

// What does not fit the schema is left unset and added to `problems`. Values of `overrides.set` are taken as they look.
ReadRecipe read_recipe(const RecipeNode& root, std::vector<RecipeProblem>& problems);

// Sets each singular field of `message` that is unset and has a default, and so in every message within. A compressor's
// bands take what they leave out from the stage; an output of 32f has no dither.
void fill_defaults(google::protobuf::Message& message);

}  // namespace lathe
