// What the schema cannot say about outputs of stems (`of: stems`): stages of the bus that cannot be put to single
// stems, names that do not tell the stems apart, wishes that only a whole master can fulfil.
#pragma once

#include <vector>

#include "host/recipe/recipe_reader.h"

namespace lathe {

// `read.recipe` as written, without defaults.
void check_stem_outputs(const ReadRecipe& read, std::vector<RecipeProblem>& problems);

}  // namespace lathe
