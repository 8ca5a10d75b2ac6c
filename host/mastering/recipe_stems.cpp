#include "host/mastering/recipe_stems.h"

#include <fnmatch.h>

#include <algorithm>

#include "host/mastering/recipe_chain.h"

namespace lathe {
namespace {

std::string name_of(const v1::Stem& rule) {
  return rule.role().empty() ? rule.match() : rule.role() + " (" + rule.match() + ")";
}

bool fits(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_CASEFOLD) == 0;
}

// "drums" of "drums.wav", unless there is a "drums.flac" too.
std::string own_name(const std::filesystem::path& file, const std::vector<std::filesystem::path>& files) {
  const auto alike = std::ranges::count_if(files, [&file](const auto& other) { return other.stem() == file.stem(); });
  return (alike == 1 ? file.stem() : file.filename()).string();
}

}  // namespace

std::vector<NamedStem> named_stems(const v1::Recipe& recipe, const v1::Output& output,
                                   const std::vector<std::filesystem::path>& files) {
  std::vector<NamedStem> named;
  const StemPlan plan = stems_of(recipe, files);
  for (std::size_t i = 0; i < plan.stems.size(); ++i) {
    const std::string& role = plan.stems[i].role;
    if (!role.empty() && std::ranges::find(output.without(), role) != output.without().end()) continue;
    const std::string name = own_name(files[i], files);
    named.push_back({{i, files[i], role}, {name, role.empty() ? name : role}});
  }
  return named;
}

StemPlan stems_of(const v1::Recipe& recipe, const std::vector<std::filesystem::path>& files) {
  StemPlan plan;
  std::vector<bool> is_met(static_cast<std::size_t>(recipe.stems_size()), false);
  for (const std::filesystem::path& file : files) {
    StemTrack stem;
    stem.input = file;
    const std::string name = file.filename().string(), stem_name = file.stem().string();
    bool is_matched = false;
    for (int i = 0; i < recipe.stems_size() && !is_matched; ++i) {
      const v1::Stem& rule = recipe.stems(i);
      if (!fits(rule.match(), name) && !fits(rule.match(), stem_name)) continue;
      is_matched = true;
      is_met[static_cast<std::size_t>(i)] = true;
      stem.role = rule.role();
      stem.gain_db = rule.gain_db();
      stem.holds_share = rule.hold_share();
      stem.stages = stages_of(rule.chain());
    }
    if (!is_matched && recipe.stems_size() > 0) plan.unmatched.push_back(name);
    plan.stems.push_back(std::move(stem));
  }
  for (int i = 0; i < recipe.stems_size(); ++i)
    if (!is_met[static_cast<std::size_t>(i)]) plan.missing.push_back(name_of(recipe.stems(i)));
  return plan;
}

}  // namespace lathe
