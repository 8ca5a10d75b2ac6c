// A recipe's YAML as a small tree that keeps where everything stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/recipe/recipe_problem.h"

namespace lathe {

struct RecipeEntry;

struct RecipeNode {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  RecipePosition position = {};
  std::string text = {};                  // of a scalar
  bool is_quoted = false;                 // a quoted or block scalar: text, whatever it looks like
  std::vector<RecipeNode> items = {};     // of a list
  std::vector<RecipeEntry> entries = {};  // of a map, in the order written; keys are unique

  bool is_empty() const { return kind == Kind::null; }
  // The value at `key` of a map, or null.
  RecipeNode* find(std::string_view key);
  const RecipeNode* find(std::string_view key) const;
};

struct RecipeEntry {
  std::string key;
  RecipePosition position;  // of the key
  RecipeNode value;
};

// Limits on what is read: a recipe is text by a person, and one that is larger is an attack or a mistake.
inline constexpr std::size_t kMaxRecipeBytes = std::size_t{1} << 20;
inline constexpr int kMaxRecipeDepth = 32;
inline constexpr int kMaxRecipeNodes = 20000;

// Reads one YAML document. Problems are added to `problems`: the first that is not YAML ends the reading and gives
// nothing; a duplicate key does not, and the first of the two counts. Anchors and aliases work; tags, merge keys and
// several documents are refused, and so is text that is not UTF-8 or passes the limits above. With `is_value`, `text`
// is the value of a `--set`: every position is then `name` alone.
std::optional<RecipeNode> parse_yaml(std::string_view text, const std::string& name, bool is_value,
                                     std::vector<RecipeProblem>& problems);

}  // namespace lathe
