#include "host/recipe/stem_output_rules.h"

#include <algorithm>
#include <set>
#include <string>

#include "host/recipe/field_reader.h"
#include "host/recipe/field_rules.h"
#include "host/recipe/path_template.h"
#include "host/recipe/stage_groups.h"

namespace lathe {
namespace {

bool is_of_stems(const v1::Output& output) { return output.of() == v1::OUTPUT_OF_STEMS; }

class StemOutputRules {
 public:
  StemOutputRules(const ReadRecipe& read, std::vector<RecipeProblem>& problems)
      : read_(read), recipe_(read.recipe), problems_(problems) {}

  void run() {
    std::set<std::string> ids;
    for (int i = 0; i < recipe_.outputs_size(); ++i) {
      const v1::Output& output = recipe_.outputs(i);
      const std::string path = item("outputs", i);
      if (!is_of_stems(output)) {
        check_master_path(output, path + ".path");
        continue;
      }
      if (first_.empty()) first_ = output.has_id() ? "the output '" + output.id() + "'" : path;
      if (output.has_id()) ids.insert(output.id());
      check_stems_path(output, path + ".path");
      if (output.has_preview_s())
        report(path + ".preview_s",
               path + ".preview_s: a preview is of the whole mix: take it away from " + path + ", which is of stems");
    }
    if (first_.empty()) return;
    for (int i = 0; i < recipe_.chain_size(); ++i) check_stage(recipe_.chain(i), item("chain", i));
    for (int i = 0; i < recipe_.checks_size(); ++i) check_ids(recipe_.checks(i), item("checks", i), ids);
  }

 private:
  void report(const std::string& path, std::string message) {
    problems_.push_back(problem_at(position_of(read_.positions, path), std::move(message)));
  }

  void check_master_path(const v1::Output& output, const std::string& path) {
    for (const std::string& field : fields_in_path(output.path())) {
      if (field == "role" || field == "mix")
        report(path, "the path names the field {" + field + "}, which only outputs of stems have (of: stems)");
    }
  }

  void check_stems_path(const v1::Output& output, const std::string& path) {
    if (!output.has_path()) return;
    const std::vector<std::string> fields = fields_in_path(output.path());
    const bool tells = std::ranges::any_of(fields, [](const auto& f) { return f == "stem" || f == "role"; });
    if (!tells) report(path, path + ": all stems would get this name: add {stem} or {role}");
  }

  void check_stage(const v1::Stage& stage, const std::string& path) {
    if (restores(stage)) {
      report(path + "." + kind_name(stage),
             path + ": " + kind_name(stage) +
                 " on the bus mends the mix as a whole, and what it does to one stem is unknown: put it into the "
                 "stems' chains, or take away " +
                 first_ + " (of: stems)");
    }
    if (stage.has_stereo() && stage.stereo().has_min_correlation()) refuse_guard(path + ".stereo.min_correlation");
    if (stage.has_stereo() && stage.stereo().has_max_mono_loss_db()) refuse_guard(path + ".stereo.max_mono_loss_db");
  }

  void refuse_guard(const std::string& path) {
    report(path, path +
                     ": this guard moves with the mix's side against its mid, which no single stem can follow: take "
                     "it away, put the stage into the stems' chains, or take away " +
                     first_ + " (of: stems)");
  }

  void check_ids(const v1::Check& check, const std::string& path, const std::set<std::string>& ids) {
    for (int i = 0; i < check.outputs_size(); ++i) {
      if (!ids.contains(check.outputs(i))) continue;
      const std::string at = item(path + ".outputs", i);
      report(at, at + ": " + "'" + check.outputs(i) + "'" +
                     " is of stems, and profiles and codecs are for whole masters: leave it out");
    }
  }

  const ReadRecipe& read_;
  const v1::Recipe& recipe_;
  std::vector<RecipeProblem>& problems_;
  std::string first_;  // output of stems, in words
};

}  // namespace

void check_stem_outputs(const ReadRecipe& read, std::vector<RecipeProblem>& problems) {
  StemOutputRules(read, problems).run();
}

}  // namespace lathe
