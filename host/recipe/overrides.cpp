#include "host/recipe/overrides.h"

#include <fnmatch.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <map>

#include "host/recipe/canonical_json.h"
#include "host/recipe/field_reader.h"
#include "host/recipe/semantic_checks.h"
#include "host/recipe/set_path.h"

namespace lathe {
namespace {

using google::protobuf::Value;
using PlainPaths = std::map<std::string, std::string>;  // of a path as written

constexpr int kMaxPairs = 5000;

std::string plain_isrc(std::string_view isrc) {
  std::string plain;
  for (const char c : isrc) {
    if (c != '-' && c != ' ') plain += (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return plain;
}

std::string_view file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

bool path_fits(const std::string& pattern, const std::string& path) {
  const bool is_whole = pattern.find('/') != std::string::npos;
  const std::string held = is_whole ? path : std::string(file_name(path));
  return !held.empty() && ::fnmatch(pattern.c_str(), held.c_str(), 0) == 0;
}

// False if one track cannot fit both.
bool can_meet(const v1::TrackMatch& a, const v1::TrackMatch& b) {
  return !(a.has_track() && b.has_track() && a.track() != b.track()) &&
         !(a.has_disc() && b.has_disc() && a.disc() != b.disc()) &&
         !(a.has_title() && b.has_title() && a.title() != b.title()) &&
         !(a.has_isrc() && b.has_isrc() && plain_isrc(a.isrc()) != plain_isrc(b.isrc()));
}

// Whether a track can be an exception in what the path names.
bool is_of_a_track(std::string_view path) {
  static constexpr std::array<std::string_view, 5> kOfATrack = {"input", "chain", "loudness", "outputs", "checks"};
  const std::string_view first = path.substr(0, path.find_first_of(".["));
  return std::find(kOfATrack.begin(), kOfATrack.end(), first) != kOfATrack.end();
}

const RecipeNode* set_of(const RecipeNode& root, int index) {
  const RecipeNode* overrides = root.find("overrides");
  if (!overrides || static_cast<std::size_t>(index) >= overrides->items.size()) return nullptr;
  return overrides->items[static_cast<std::size_t>(index)].find("set");
}

RecipeNode without_overrides(const RecipeNode& root) {
  RecipeNode tree{.kind = root.kind,
                  .position = root.position,
                  .text = root.text,
                  .is_quoted = root.is_quoted,
                  .items = root.items,
                  .entries = {}};
  for (const RecipeEntry& entry : root.entries) {
    if (entry.key != "overrides") tree.entries.push_back(entry);
  }
  return tree;
}

void apply(const RecipeNode& set, RecipeNode& tree, PlainPaths& plain_paths, std::vector<RecipeProblem>& problems) {
  for (const RecipeEntry& entry : set.entries) {
    if (!is_of_a_track(entry.key)) {
      problems.push_back(problem_at(entry.position, in_quotes(entry.key) +
                                                        " cannot differ by track: an override sets paths " +
                                                        "in input, chain, loudness, outputs or checks"));
      continue;
    }
    const SetOutcome outcome = set_at(tree, entry.key, entry.value, entry.position);
    if (outcome.problem.empty()) {
      plain_paths[entry.key] = outcome.plain_path;
    } else {
      problems.push_back(problem_at(entry.position, outcome.problem));
    }
  }
}

// The value at `plain_path` of the recipe; null if the recipe leaves it out.
const Value* value_at(const Value& recipe, const std::string& plain_path) {
  const Value* at = &recipe;
  for (const PathStep& step : path_steps(plain_path)) {
    if (const auto* key = std::get_if<std::string>(&step)) {
      const auto found = at->struct_value().fields().find(*key);
      if (found == at->struct_value().fields().end()) return nullptr;
      at = &found->second;
    } else {
      const auto index = static_cast<int>(std::get<std::size_t>(step));
      if (index >= at->list_value().values_size()) return nullptr;
      at = &at->list_value().values(index);
    }
  }
  return at;
}

void put_typed_values(const v1::Recipe& applied, const PlainPaths& plain_paths, v1::Override& override_of_base) {
  Value recipe;
  if (!google::protobuf::util::JsonStringToMessage(canonical_json(applied), &recipe).ok()) return;
  for (const auto& [path, plain_path] : plain_paths) {
    if (const Value* value = value_at(recipe, plain_path)) (*override_of_base.mutable_set())[path] = *value;
  }
}

class OverrideChecks {
 public:
  OverrideChecks(const RecipeNode& root, ReadRecipe& base, std::vector<RecipeProblem>& problems)
      : root_(root), bare_(without_overrides(root)), base_(base), known_(problems), problems_(problems) {}

  void run() {
    const int count = base_.recipe.overrides_size();
    for (int i = 0; i < count; ++i) check({i});
    int pairs = 0;
    for (int i = 0; i < count; ++i) {
      for (int j = i + 1; j < count && pairs < kMaxPairs; ++j) {
        if (!can_meet(base_.recipe.overrides(i).match(), base_.recipe.overrides(j).match())) continue;
        check({i, j});
        ++pairs;
      }
    }
  }

 private:
  bool is_known(const RecipeProblem& problem) const {
    return std::find(known_.begin(), known_.end(), problem) != known_.end();
  }

  static std::string names_of(const std::vector<int>& which) {
    std::string names;
    for (const int index : which) {
      names += std::string(names.empty() ? "" : " and ") + "overrides[" + std::to_string(index) + "]";
    }
    return names;
  }

  void check(const std::vector<int>& which) {
    RecipeNode tree = bare_;
    PlainPaths plain_paths;
    std::vector<RecipeProblem> found;
    for (const int index : which) {
      if (const RecipeNode* set = set_of(root_, index)) apply(*set, tree, plain_paths, found);
    }
    const ReadRecipe read = read_recipe(tree, found);
    const std::size_t of_single_values = found.size();
    check_semantics(read, found);
    for (std::size_t i = of_single_values; i < found.size(); ++i) {
      // The place may be in the chain or the outputs, right without the override: say which one breaks it.
      if (!is_known(found[i])) found[i].message += " (with " + names_of(which) + ")";
    }
    bool is_right = true;
    for (RecipeProblem& problem : found) {
      if (is_known(problem)) continue;
      is_right = false;
      known_.push_back(problem);
      problems_.push_back(std::move(problem));
    }
    if (is_right && which.size() == 1)
      put_typed_values(read.recipe, plain_paths, *base_.recipe.mutable_overrides(which[0]));
  }

  const RecipeNode& root_;
  const RecipeNode bare_;
  ReadRecipe& base_;
  std::vector<RecipeProblem> known_;
  std::vector<RecipeProblem>& problems_;
};

}  // namespace

bool fits(const v1::TrackMatch& match, const TrackIdentity& track) {
  return (!match.has_track() || match.track() == track.track) && (!match.has_disc() || match.disc() == track.disc) &&
         (!match.has_path() || path_fits(match.path(), track.path)) &&
         (!match.has_title() || (!track.title.empty() && match.title() == track.title)) &&
         (!match.has_isrc() || (!track.isrc.empty() && plain_isrc(match.isrc()) == plain_isrc(track.isrc)));
}

RecipeNode with_overrides(const RecipeNode& root, const std::vector<int>& which) {
  RecipeNode tree = without_overrides(root);
  PlainPaths plain_paths;
  std::vector<RecipeProblem> problems;
  for (const int index : which) {
    if (const RecipeNode* set = set_of(root, index)) apply(*set, tree, plain_paths, problems);
  }
  if (!problems.empty()) throw RecipeErrors(std::move(problems));
  return tree;
}

void check_overrides(const RecipeNode& root, ReadRecipe& base, std::vector<RecipeProblem>& problems) {
  if (base.recipe.overrides_size() > 0) OverrideChecks(root, base, problems).run();
}

}  // namespace lathe
