// A delivery profile from its YAML, strictly.
#pragma once

#include <string>
#include <string_view>

#include "host/audit/delivery_profile.h"
#include "host/recipe/recipe_problem.h"

namespace lathe {

// `file_name` is what mistakes are reported in. Throws RecipeErrors with all of them: an unknown or duplicate key, a
// wrong type or unit, a name that no command line could hold, a missing name, title, version, date, status or source,
// limits that contradict themselves.
DeliveryProfile read_profile(std::string_view text, const std::string& file_name);

}  // namespace lathe
