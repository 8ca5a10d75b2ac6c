// The recipes that come with Lathe; they are part of the program, no file is read.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

// In alphabetical order.
std::vector<std::string> shipped_recipe_names();

// The recipe's YAML with its comments. Throws std::invalid_argument for a name that is not shipped.
std::string shipped_recipe_text(std::string_view name);

bool is_shipped_recipe(std::string_view name);

// What the build makes of presets/*.yaml, in alphabetical order.
struct ShippedRecipe {
  std::string_view name;
  std::string_view text;
};
std::span<const ShippedRecipe> shipped_recipes();

}  // namespace lathe
