// One recipe under advice: its values with defaults, what it writes itself, and where warnings go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/recipe/recipe_advice.h"

namespace lathe {

class Advice {
 public:
  Advice(const ReadRecipe& read, const Overrides& overrides, std::vector<RecipeProblem>& warnings)
      : read_(read), overrides_(overrides), recipe_(read.recipe), warnings_(warnings) {
    fill_defaults(recipe_);
  }

  const v1::Recipe& recipe() const { return recipe_; }  // with defaults
  bool is_written(const std::string& path) const { return read_.positions.contains(path); }
  // Whether exceptions of single tracks set something in a stage of this kind: until then it may do nothing.
  bool is_overridden(std::string_view kind) const {
    for (const v1::Override& exception : overrides_) {
      for (const auto& [key, value] : exception.set()) {
        if (key.find(kind) != key.npos) return true;
      }
    }
    return false;
  }
  void warn(const std::string& path, const std::string& message) {
    warnings_.push_back(problem_at(position_of(read_.positions, path), path + ": " + message));
  }

 private:
  const ReadRecipe& read_;
  const Overrides& overrides_;
  v1::Recipe recipe_;
  std::vector<RecipeProblem>& warnings_;
};

// The recipe's chain and its stems' chains, stage by stage.
void advise_on_chains(Advice& advice);
// Loudness, limiter and outputs.
void advise_on_delivery(Advice& advice);

}  // namespace lathe
