// Delivery profiles that a recipe names by file.
#pragma once

#include "host/recipe/recipe.h"

namespace lathe::cli {

// Reads them, so that what is wrong in one is said before a track is begun. Throws RecipeErrors.
void check_named_profiles(const RecipeSource& recipe);

}  // namespace lathe::cli
