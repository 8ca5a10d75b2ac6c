// A manifest's row as it is written, before anybody has asked what it means.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/recipe/recipe_problem.h"
#include "host/recipe/text_places.h"

namespace lathe {

struct ManifestCell {
  std::string column;
  std::string text;
  std::size_t offset = 0;  // of the cell in the file, in bytes
};

struct ManifestRecord {
  std::size_t offset = 0;
  std::vector<ManifestCell> cells;
};

// The mistakes of one manifest as they are found.
class ManifestProblems {
 public:
  ManifestProblems(std::string_view text, const std::string& file) : places_(text, file, false) {}
  void add(std::size_t offset, std::string message) {
    problems_.push_back(problem_at(places_.at_offset(offset), std::move(message)));
  }
  int line_of(std::size_t offset) const { return places_.at_offset(offset).line; }
  // Throws RecipeErrors if there are any.
  void throw_if_any() {
    if (!problems_.empty()) throw RecipeErrors(std::move(problems_));
  }

 private:
  TextPlaces places_;
  std::vector<RecipeProblem> problems_;
};

// Records of a JSON manifest. What it gives up on is the last of `problems`.
std::vector<ManifestRecord> read_manifest_json(std::string_view text, ManifestProblems& problems);

}  // namespace lathe
