// What the schema has and this version of Lathe cannot do yet.
#pragma once

#include <string>
#include <vector>

#include "lathe/v1/recipe.pb.h"

namespace lathe {

struct UnbuiltFeature {
  std::string path;      // chain[0].declick
  std::string sentence;  // "this version of Lathe cannot do this yet: the stage declick"

  friend bool operator==(const UnbuiltFeature&, const UnbuiltFeature&) = default;
};

// In the order of the schema; empty if the recipe can be run. Takes recipes with and without defaults; overrides count
// only where they have been applied.
std::vector<UnbuiltFeature> unbuilt_features(const v1::Recipe& recipe);

}  // namespace lathe
