#include "host/mastering/recipe_stems.h"

#include <fnmatch.h>
#include <strings.h>

#include <algorithm>
#include <set>

#include "host/mastering/recipe_chain.h"

namespace lathe {
namespace {

std::string name_of(const v1::Stem& rule) {
  return rule.role().empty() ? rule.match() : rule.role() + " (" + rule.match() + ")";
}

bool fits(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_CASEFOLD) == 0;
}

const v1::Stem* rule_of(const StemFile& file, const v1::Recipe& recipe) {
  const std::string name = file.path.filename().string(), stem_name = file.path.stem().string();
  const v1::Stem* by_name = nullptr;
  for (const v1::Stem& rule : recipe.stems()) {
    if (!file.role.empty() && ::strcasecmp(rule.role().c_str(), file.role.c_str()) == 0) return &rule;
    const bool is_open = file.role.empty() || rule.role().empty();
    if (by_name == nullptr && is_open && (fits(rule.match(), name) || fits(rule.match(), stem_name))) by_name = &rule;
  }
  return by_name;
}

// "drums" of "drums.wav", unless there is a "drums.flac" too.
std::string own_name(const std::filesystem::path& file, const std::vector<StemFile>& files) {
  const auto alike =
      std::ranges::count_if(files, [&file](const auto& other) { return other.path.stem() == file.stem(); });
  return (alike == 1 ? file.stem() : file.filename()).string();
}

}  // namespace

std::vector<NamedStem> named_stems(const v1::Recipe& recipe, const v1::Output& output,
                                   const std::vector<StemFile>& files) {
  std::vector<NamedStem> named;
  const StemPlan plan = stems_of(recipe, files);
  for (std::size_t i = 0; i < plan.stems.size(); ++i) {
    const std::string& role = plan.stems[i].role;
    if (!role.empty() && std::ranges::find(output.without(), role) != output.without().end()) continue;
    const std::string name = own_name(files[i].path, files);
    named.push_back({{i, files[i].path, role}, {name, role.empty() ? name : role}});
  }
  return named;
}

StemPlan stems_of(const v1::Recipe& recipe, const std::vector<StemFile>& files) {
  StemPlan plan;
  std::set<const v1::Stem*> met;
  for (const StemFile& file : files) {
    StemTrack stem;
    stem.input = file.path;
    if (const v1::Stem* rule = rule_of(file, recipe)) {
      met.insert(rule);
      stem.role = rule->role();
      stem.gain_db = rule->gain_db();
      stem.holds_share = rule->hold_share();
      stem.stages = stages_of(rule->chain());
    } else if (recipe.stems_size() > 0) {
      plan.unmatched.push_back(file.path.filename().string());
    }
    if (stem.role.empty()) stem.role = file.role;
    plan.stems.push_back(std::move(stem));
  }
  for (const v1::Stem& rule : recipe.stems())
    if (!met.contains(&rule)) plan.missing.push_back(name_of(rule));
  return plan;
}

}  // namespace lathe
