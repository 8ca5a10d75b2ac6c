// Where a byte of a text stands, in lines and characters.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/recipe/recipe_problem.h"

namespace lathe {

class TextPlaces {
 public:
  // `text` outlives this. With `is_value`, the text is the value of a `--set`: every position is `name` alone.
  TextPlaces(std::string_view text, const std::string& name, bool is_value);

  // Both from 0; the column in bytes. Behind the last word of the text, the place right after it.
  RecipePosition at(int line, int byte_column) const;
  RecipePosition at_offset(std::size_t offset) const;
  // The text as a whole.
  RecipePosition nowhere() const { return {file_, 0, 0}; }

 private:
  std::string_view text_;
  std::shared_ptr<const std::string> file_;
  bool is_value_;
  std::vector<std::size_t> line_starts_{0};
};

}  // namespace lathe
