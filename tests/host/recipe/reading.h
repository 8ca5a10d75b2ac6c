// Reading recipes in tests.
#pragma once

#include <string>
#include <vector>

#include "host/recipe/recipe.h"

namespace lathe::testing {

using Sets = std::vector<std::string>;

// Reads a recipe called bad.yaml.
RecipeSource read(const std::string& text, const Sets& sets = {});
v1::Recipe effective(const std::string& text, const Sets& sets = {});
std::string hash_of(const std::string& text, const Sets& sets = {});

// The lines of what is wrong; empty for a recipe that is right.
std::vector<std::string> errors_in(const std::string& text, const Sets& sets = {});

// The only error of a recipe of one line behind `recipe: v1`, without "bad.yaml:2:COLUMN: error: ".
std::string error_in_line(const std::string& line);

}  // namespace lathe::testing
