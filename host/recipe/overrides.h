// Exceptions of single tracks: which tracks an override fits, and what a recipe is with overrides applied.
#pragma once

#include <string>
#include <vector>

#include "host/recipe/recipe_reader.h"

namespace lathe {

// What is known of a track. 0 and "" are unknown, and fit no match that names them.
struct TrackIdentity {
  int track = 0;
  int disc = 0;
  std::string path = {};  // as given or under the input folder, with '/'
  std::string title = {};
  std::string isrc = {};  // with or without hyphens
};

// Whether all fields that `match` names fit. A pattern with '/' is held against the whole path, one without against the
// file's name; `*` also takes '/'.
bool fits(const v1::TrackMatch& match, const TrackIdentity& track);

// The tree without overrides, with those numbered in `which` applied in order.
RecipeNode with_overrides(const RecipeNode& root, const std::vector<int>& which);

// Reads and checks each override of `base` on its own, and each pair that can fit one track (the first 5,000 pairs);
// adds what is wrong with them and not with `base`, whose own problems are in `problems`. Values of right overrides are
// put into base.recipe with the type of what they set.
void check_overrides(const RecipeNode& root, ReadRecipe& base, std::vector<RecipeProblem>& problems);

}  // namespace lathe
