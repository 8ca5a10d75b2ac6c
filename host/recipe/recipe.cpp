#include "host/recipe/recipe.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include "host/recipe/canonical_json.h"
#include "host/recipe/field_reader.h"
#include "host/recipe/semantic_checks.h"
#include "host/recipe/set_path.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& file, std::string message) {
  throw RecipeErrors({{file, 0, 0, std::move(message)}});
}

bool looks_like_a_path(std::string_view text) {
  return text.find('/') != text.npos || text.ends_with(".yaml") || text.ends_with(".yml") || text.ends_with(".json");
}

std::string read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT && !looks_like_a_path(path)) {
      const std::vector<std::string> names = shipped_recipe_names();
      const std::string near = nearest(path, names);
      fail(path, "no file and no shipped recipe; shipped are " + joined(names, ", ") +
                     (near.empty() ? "" : " (did you mean '" + near + "'?)"));
    }
    fail(path, std::string("cannot be read: ") + std::strerror(errno));
  }
  std::string text(kMaxRecipeBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) fail(path, std::string("cannot be read: ") + std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// The whole path of a file that a recipe names; as it is where no such file is found.
fs::path found_file(const fs::path& name, const fs::path& folder) {
  if (name.is_absolute()) return name;
  std::error_code error;
  for (const fs::path& place : {folder, fs::current_path(error)}) {
    if (!place.empty() && fs::exists(place / name, error)) return fs::absolute(place / name).lexically_normal();
  }
  return name;
}

// Calls file(path of the field, its value) for every file that a chain names.
template <class Chain, class File>
void for_each_file(Chain& chain, const std::string& path, File&& file) {
  for (int i = 0; i < chain.size(); ++i) {
    if (!chain[i].has_denoise() || !chain[i].denoise().profile().has_file()) continue;
    file(path + "[" + std::to_string(i) + "].denoise.profile", chain[i]);
  }
}

template <class Recipe, class File>
void for_each_file_of(Recipe& recipe, File&& file) {
  if constexpr (std::is_const_v<Recipe>) {
    for_each_file(recipe.chain(), "chain", file);
    for (int i = 0; i < recipe.stems_size(); ++i)
      for_each_file(recipe.stems(i).chain(), "stems[" + std::to_string(i) + "].chain", file);
  } else {
    for_each_file(*recipe.mutable_chain(), "chain", file);
    for (auto& stem : *recipe.mutable_stems()) for_each_file(*stem.mutable_chain(), "", file);
  }
}

// Reads and checks a tree that was right by parts.
ReadRecipe read_checked(const RecipeNode& tree) {
  std::vector<RecipeProblem> problems;
  ReadRecipe read = read_recipe(tree, problems);
  check_semantics(read, problems);
  if (!problems.empty()) throw RecipeErrors(std::move(problems));
  return read;
}

}  // namespace

RecipeSource RecipeSource::load(const std::string& name_or_path, std::span<const std::string> sets) {
  const bool is_shipped = is_shipped_recipe(name_or_path);
  RecipeSource source =
      parse(is_shipped ? shipped_recipe_text(name_or_path) : read_file(name_or_path), name_or_path, sets);
  if (!is_shipped) source.folder_ = fs::absolute(name_or_path).parent_path();
  std::vector<RecipeProblem> problems;
  for_each_file_of(std::as_const(source.read_.recipe), [&](const std::string& path, const v1::Stage& stage) {
    const fs::path file = found_file(stage.denoise().profile().file(), source.folder_);
    std::error_code error;
    if (fs::is_regular_file(file, error)) return;
    problems.push_back(
        problem_at(source.position(path),
                   path + ": there is no file " + lathe::quoted(file.string()) +
                       (is_shipped ? " in the working folder" : " beside the recipe or in the working folder")));
  });
  if (!problems.empty()) throw RecipeErrors(std::move(problems));
  return source;
}

EffectiveRecipe RecipeSource::make_effective(v1::Recipe recipe) const {
  recipe.mutable_input();
  if (recipe.outputs().empty()) recipe.add_outputs();
  for_each_file_of(recipe, [&](const std::string&, v1::Stage& stage) {
    auto& profile = *stage.mutable_denoise()->mutable_profile();
    profile.set_file(found_file(profile.file(), folder_).string());
  });
  fill_defaults(recipe);
  EffectiveRecipe effective;
  effective.canonical_json = canonical_json(recipe);
  effective.sha256 = sha256_hex(effective.canonical_json);
  effective.recipe = std::move(recipe);
  return effective;
}

RecipeSource RecipeSource::parse(std::string_view text, const std::string& file_name,
                                 std::span<const std::string> sets) {
  std::vector<RecipeProblem> problems;
  std::optional<RecipeNode> root = parse_yaml(text, file_name, false, problems);
  if (!root) throw RecipeErrors(std::move(problems));
  for (const std::string& set : sets) apply_set(*root, set, problems);
  ReadRecipe read = read_recipe(*root, problems);
  check_semantics(read, problems);
  check_overrides(*root, read, problems);
  if (!problems.empty()) throw RecipeErrors(std::move(problems));
  return {std::move(*root), std::move(read)};
}

EffectiveRecipe RecipeSource::effective() const { return make_effective(read_.recipe); }

EffectiveRecipe RecipeSource::effective_for(const TrackIdentity& track) const {
  std::vector<int> which;
  for (int i = 0; i < read_.recipe.overrides_size(); ++i) {
    if (fits(read_.recipe.overrides(i).match(), track)) which.push_back(i);
  }
  return make_effective(read_checked(with_overrides(root_, which)).recipe);
}

std::vector<RecipeProblem> RecipeSource::unbuilt() const {
  std::vector<RecipeProblem> problems;
  const auto add = [&](const ReadRecipe& read) {
    for (const UnbuiltFeature& feature : unbuilt_features(read.recipe)) {
      const RecipeProblem problem =
          problem_at(position_of(read.positions, feature.path), feature.path + ": " + feature.sentence);
      if (std::find(problems.begin(), problems.end(), problem) == problems.end()) problems.push_back(problem);
    }
  };
  add(read_);
  for (int i = 0; i < read_.recipe.overrides_size(); ++i) add(read_checked(with_overrides(root_, {i})));
  return problems;
}

}  // namespace lathe
