#include "host/recipe/recipe.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>

#include "host/recipe/canonical_json.h"
#include "host/recipe/delivery_profiles.h"
#include "host/recipe/field_reader.h"
#include "host/recipe/recipe_advice.h"
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

// The whole path of a file that a recipe names; empty where no such file is found.
fs::path found_file(const fs::path& name, const fs::path& folder, bool may_be_folder) {
  std::error_code error;
  for (const fs::path& place : {folder, fs::current_path(error)}) {
    if (place.empty()) continue;
    if (fs::is_regular_file(place / name, error) || (may_be_folder && fs::is_directory(place / name, error)))
      return fs::absolute(place / name).lexically_normal();
  }
  return {};
}

// Gives every file that the tree names its whole path: in chains, stems and overrides, whose keys are paths
// (chain.denoise.profile). `around` is the key that `node` stands under.
void find_files(RecipeNode& node, std::string_view around, const fs::path& folder,
                std::vector<RecipeProblem>& problems) {
  for (RecipeNode& item : node.items) find_files(item, around, folder, problems);
  for (RecipeEntry& entry : node.entries) {
    const std::string path = std::string(around) + "." + entry.key;
    RecipeNode& value = entry.value;
    const bool is_profile = path.ends_with("denoise.profile") && value.text != "auto";
    const bool is_reference = path.ends_with("match_eq.reference");
    const bool is_delivery = path.ends_with("checks.profile") && is_profile_file(value.text);
    const bool names_a_file =
        (is_profile || is_reference || is_delivery) && value.kind == RecipeNode::Kind::scalar && !value.text.empty();
    if (!names_a_file) {
      find_files(value, entry.key, folder, problems);
      continue;
    }
    const fs::path file = found_file(value.text, folder, is_reference);
    if (file.empty()) {
      problems.push_back(
          problem_at(value.position,
                     std::string(is_profile    ? "denoise.profile"
                                 : is_delivery ? "checks.profile"
                                               : "match_eq.reference") +
                         ": there is no file " + lathe::in_quotes(value.text) +
                         (folder.empty() ? " in the working folder" : " beside the recipe or in the working folder")));
      continue;
    }
    value.text = file.string();
    value.is_quoted = true;
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

// With the sets applied.
RecipeNode tree_of(std::string_view text, const std::string& file_name, std::span<const std::string> sets,
                   std::vector<RecipeProblem>& problems) {
  std::optional<RecipeNode> root = parse_yaml(text, file_name, false, problems);
  if (!root) throw RecipeErrors(std::move(problems));
  for (const std::string& set : sets) apply_set(*root, set, problems);
  return std::move(*root);
}

EffectiveRecipe make_effective(v1::Recipe recipe) {
  recipe.mutable_input();
  if (recipe.outputs().empty()) recipe.add_outputs();
  fill_defaults(recipe);
  EffectiveRecipe effective;
  effective.canonical_json = canonical_json(recipe);
  effective.sha256 = sha256_hex(effective.canonical_json);
  effective.recipe = std::move(recipe);
  return effective;
}

}  // namespace

RecipeSource RecipeSource::load(const std::string& name_or_path, std::span<const std::string> sets) {
  std::vector<RecipeProblem> problems;
  const bool is_shipped = is_shipped_recipe(name_or_path);
  const std::string text = is_shipped ? std::string(shipped_recipe_text(name_or_path)) : read_file(name_or_path);
  const fs::path folder = is_shipped ? fs::path() : fs::absolute(name_or_path).parent_path();
  RecipeNode root = tree_of(text, name_or_path, sets, problems);
  return read(std::move(root), std::move(problems), &folder);
}

RecipeSource RecipeSource::parse(std::string_view text, const std::string& file_name,
                                 std::span<const std::string> sets) {
  std::vector<RecipeProblem> problems;
  RecipeNode root = tree_of(text, file_name, sets, problems);
  return read(std::move(root), std::move(problems), nullptr);
}

RecipeSource RecipeSource::read(RecipeNode root, std::vector<RecipeProblem> problems, const fs::path* folder) {
  if (folder != nullptr) find_files(root, "", *folder, problems);
  ReadRecipe read = read_recipe(root, problems);
  check_semantics(read, problems);
  check_overrides(root, read, problems);
  if (!problems.empty()) throw RecipeErrors(std::move(problems));
  return {std::move(root), std::move(read)};
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

std::vector<RecipeProblem> RecipeSource::warnings() const {
  std::vector<RecipeProblem> problems;
  const auto& overrides = read_.recipe.overrides();
  add_advice(read_, overrides, problems);
  const std::vector<RecipeProblem> without = problems;
  for (int i = 0; i < overrides.size(); ++i) {
    std::vector<RecipeProblem> found;
    add_advice(read_checked(with_overrides(root_, {i})), overrides, found);
    for (RecipeProblem& problem : found) {
      if (std::find(without.begin(), without.end(), problem) != without.end()) continue;
      // The place may be right without the override: say which one makes it worth a warning.
      problem.message += " (with overrides[" + std::to_string(i) + "])";
      problems.push_back(std::move(problem));
    }
  }
  return problems.empty() ? problems : RecipeErrors(std::move(problems)).problems();  // in order, each once
}

}  // namespace lathe
