// What the schema cannot say about a recipe's checks of its masters: delivery profiles, lossy codecs, CD frames.
#pragma once

#include <vector>

#include "host/recipe/recipe_reader.h"

namespace lathe {

// `read.recipe` as written, without defaults.
void check_checks(const ReadRecipe& read, std::vector<RecipeProblem>& problems);

}  // namespace lathe
