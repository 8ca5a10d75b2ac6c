#include "host/recipe/shipped_recipes.h"

#include <algorithm>
#include <stdexcept>

#include "host/recipe/suggestion.h"

namespace lathe {

std::vector<std::string> shipped_recipe_names() {
  std::vector<std::string> names;
  for (const ShippedRecipe& recipe : shipped_recipes()) names.emplace_back(recipe.name);
  return names;
}

std::string shipped_recipe_text(std::string_view name) {
  for (const ShippedRecipe& recipe : shipped_recipes()) {
    if (recipe.name == name) return std::string(recipe.text);
  }
  throw std::invalid_argument("no shipped recipe is called '" + std::string(name) + "'" +
                              suggestion(name, shipped_recipe_names()));
}

bool is_shipped_recipe(std::string_view name) {
  return std::ranges::any_of(shipped_recipes(), [&](const ShippedRecipe& recipe) { return recipe.name == name; });
}

}  // namespace lathe
