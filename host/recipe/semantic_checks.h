// What the schema cannot say about a recipe: order, pairs of fields, unique names.
#pragma once

#include <vector>

#include "host/recipe/recipe_reader.h"

namespace lathe {

// `read.recipe` as written, without defaults.
void check_semantics(const ReadRecipe& read, std::vector<RecipeProblem>& problems);

}  // namespace lathe
