// What is allowed in a recipe and yet most likely not meant: stages in the wrong order, settings that do nothing,
// targets no music reaches.
#pragma once

#include <vector>

#include "host/recipe/recipe_reader.h"

namespace lathe {

using Overrides = google::protobuf::RepeatedPtrField<v1::Override>;

// Adds a warning for each, with what to do. `read` is as written and without errors; `overrides` are those of the whole
// recipe, which may give a stage that does nothing its purpose.
void add_advice(const ReadRecipe& read, const Overrides& overrides, std::vector<RecipeProblem>& warnings);

}  // namespace lathe
