#include "host/recipe/unbuilt_features.h"

#include "host/recipe/field_rules.h"
#include "host/recipe/recipe_problem.h"
#include "host/recipe/stage_groups.h"

namespace lathe {
namespace {

class Finder {
 public:
  std::vector<UnbuiltFeature> take() { return std::move(found_); }

  void look_at(const v1::Recipe& recipe) {
    look_at(recipe.input());
    for (int i = 0; i < recipe.chain_size(); ++i) look_at(recipe.chain(i), item("chain", i));
    for (int i = 0; i < recipe.stems_size(); ++i) look_at(recipe.stems(i), item("stems", i) + ".chain");
    for (int i = 0; i < recipe.outputs_size(); ++i) look_at(recipe.outputs(i), item("outputs", i));
  }

 private:
  void add(std::string path, const std::string& what) {
    found_.push_back({std::move(path), "this version of Lathe cannot do this yet: " + what});
  }

  void look_at(const v1::Input& input) {
    if (input.on_damaged() == v1::ON_DAMAGED_SALVAGE) {
      add("input.on_damaged", "salvaging damaged files (on_damaged: salvage)");
    }
  }

  void look_at(const v1::Stage& stage, const std::string& path) {
    if (!stage.has_limit() || !stage.limit().has_oversample()) return;
    add(path + ".limit.oversample",
        "choosing the limiter's oversampling, which is 16 times where it proves its ceiling");
  }

  void look_at(const v1::Stem& stem, const std::string& path) {
    for (int i = 0; i < stem.chain_size(); ++i) {
      const v1::Stage& stage = stem.chain(i);
      const std::string stage_path = item(path, i);
      look_at(stage, stage_path);
      if (stage.has_limit())
        add(stage_path + ".limit", "a limiter on a stem: the mix has one, at the end of the top-level chain");
      if (keeps_removed(stage))
        add(stage_path + "." + kind_name(stage) + ".keep_removed", "writing what was taken out of a stem");
    }
  }

  void look_at(const v1::Output& output, const std::string& path) {
    for (const int skipped : output.skip()) {
      if (skipped != v1::STAGE_KIND_LIMIT) add(path + ".skip", "an output that skips other stages than limit");
    }
  }

  std::vector<UnbuiltFeature> found_;
};

}  // namespace

std::vector<UnbuiltFeature> unbuilt_features(const v1::Recipe& recipe) {
  Finder finder;
  finder.look_at(recipe);
  return finder.take();
}

}  // namespace lathe
