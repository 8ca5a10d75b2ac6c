// A recipe from YAML to what one track is mastered by. Start here.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/recipe/overrides.h"
#include "host/recipe/recipe_node.h"
#include "host/recipe/recipe_problem.h"
#include "host/recipe/recipe_reader.h"
#include "host/recipe/shipped_recipes.h"
#include "host/recipe/unbuilt_features.h"
#include "lathe/v1/recipe.pb.h"

namespace lathe {

// A recipe with nothing left to guess: defaults filled in, `input` and at least one output there.
struct EffectiveRecipe {
  v1::Recipe recipe;
  std::string canonical_json;  // itself a recipe: read again it gives this very text
  std::string sha256;          // of canonical_json, 64 hexadecimal digits
};

// A recipe that was read and holds no error, with its `--set` values applied and its positions kept.
class RecipeSource {
 public:
  // `name_or_path` is a shipped recipe's name, else a file. Each of `sets` is PATH=VALUE. Throws RecipeErrors with
  // everything that is wrong: in the file, in the sets, in the overrides, or that there is no such recipe. Files that
  // the recipe names (a noise profile, a reference) are looked for beside it, then in the working folder; from then on
  // they go by their whole path, in the effective recipe and its overrides too.
  static RecipeSource load(const std::string& name_or_path, std::span<const std::string> sets = {});

  // `file_name` stands in the problems. Throws RecipeErrors.
  static RecipeSource parse(std::string_view text, const std::string& file_name,
                            std::span<const std::string> sets = {});

  // Before any override; they are part of it and of its hash.
  EffectiveRecipe effective() const;

  // With the overrides that fit the track applied, and none left: its hash changes only with what the track is mastered
  // by. Throws RecipeErrors if three or more overrides that are right by twos contradict each other on this track.
  EffectiveRecipe effective_for(const TrackIdentity& track) const;

  // What this version cannot do yet, overrides counted, each with its place. Empty: the recipe can be run.
  std::vector<RecipeProblem> unbuilt() const;

  // What is allowed and most likely not meant, overrides counted, each with its place, in the order of the lines.
  std::vector<RecipeProblem> warnings() const;

  // Where a path of the recipe stands ("chain[3].limit.ceiling_dbtp"), else the nearest path around it.
  RecipePosition position(const std::string& path) const { return position_of(read_.positions, path); }

 private:
  RecipeSource(RecipeNode root, ReadRecipe read) : root_(std::move(root)), read_(std::move(read)) {}

  // Files that the recipe names are looked for in `folder`, unless it is null: then they stay as they are named.
  static RecipeSource read(RecipeNode root, std::vector<RecipeProblem> problems, const std::filesystem::path* folder);

  RecipeNode root_;  // sets applied
  ReadRecipe read_;
};

}  // namespace lathe
