#include "host/recipe/check_rules.h"

#include <algorithm>
#include <set>

#include "host/recipe/codec_name.h"
#include "host/recipe/delivery_profiles.h"
#include "host/recipe/field_reader.h"
#include "host/recipe/path_template.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

constexpr int kCdRateHz = 44100;

class CheckRules {
 public:
  CheckRules(const ReadRecipe& read, std::vector<RecipeProblem>& problems)
      : read_(read), recipe_(read.recipe), problems_(problems) {
    for (const v1::Output& output : recipe_.outputs())
      if (output.has_id()) ids_.push_back(output.id());
  }

  void run() {
    for (int i = 0; i < recipe_.checks_size(); ++i) check(recipe_.checks(i), item("checks", i));
    for (int i = 0; i < recipe_.outputs_size(); ++i) {
      check_cd_frames(recipe_.outputs(i), item("outputs", i));
      if (recipe_.outputs(i).per() == v1::OUTPUT_PER_SIDE) check_side(recipe_.outputs(i), item("outputs", i));
    }
  }

 private:
  void report(const std::string& path, std::string message) {
    problems_.push_back(problem_at(position_of(read_.positions, path), std::move(message)));
  }
  bool is_written(const std::string& path) const { return read_.positions.contains(path); }

  void check(const v1::Check& check, const std::string& path) {
    const bool tries_codecs = is_any_written(path + ".codec_check[");
    if (!is_written(path + ".profile") && !tries_codecs) {
      report(path, path + " needs one of 'profile' (a delivery profile) and 'codec_check' (lossy codecs, as " +
                       "[aac-256, mp3-320, opus-128]), or both");
    }
    if (check.has_profile()) check_profile(check.profile(), path + ".profile");
    check_codecs(check, path + ".codec_check");
    for (int i = 0; i < check.outputs_size(); ++i) {
      if (std::ranges::find(ids_, check.outputs(i)) != ids_.end()) continue;
      const std::string at = item(path + ".outputs", i);
      report(at, at + ": there is no output with the id " + in_quotes(check.outputs(i)) +
                     (ids_.empty() ? ": the recipe's outputs have no ids" : suggestion(check.outputs(i), ids_)));
    }
    if (check.on_overs() != v1::ON_CODEC_OVERS_LOWER_CEILING) return;
    if (!tries_codecs) {
      report(path + ".on_overs", path + ".on_overs: lower-ceiling is for codecs: name them in 'codec_check'");
    } else {
      check_can_lower(check, path + ".on_overs");
    }
  }

  bool is_any_written(const std::string& prefix) const {
    const auto next = read_.positions.lower_bound(prefix);
    return next != read_.positions.end() && next->first.starts_with(prefix);
  }

  void check_profile(const std::string& name, const std::string& path) {
    const std::vector<std::string>& names = delivery_profile_names();
    if (is_profile_file(name) || std::ranges::find(names, name) != names.end()) return;
    const std::string near = nearest(name, names);
    report(path,
           path + ": there is no delivery profile " + in_quotes(name) +
               (near.empty() ? "; `lathe profile list` names those there are" : " (did you mean '" + near + "'?)"));
  }

  void check_codecs(const v1::Check& check, const std::string& path) {
    std::set<std::string> seen;
    for (int i = 0; i < check.codec_check_size(); ++i) {
      const std::string& name = check.codec_check(i);
      const std::string at = item(path, i);
      if (const std::string problem = codec_problem(name); !problem.empty()) {
        report(at, at + ": " + problem);
      } else if (!seen.insert(name).second) {
        report(at, at + ": " + in_quotes(name) + " is named twice");
      }
    }
  }

  // There has to be a limiter whose ceiling it is.
  void check_can_lower(const v1::Check& check, const std::string& path) {
    const bool limits = std::ranges::any_of(recipe_.chain(), [](const v1::Stage& stage) { return stage.has_limit(); });
    if (!limits) {
      report(path, path +
                       ": lower-ceiling lowers the limiter's ceiling, and the chain has no limit stage: add one, or "
                       "write report");
      return;
    }
    for (int i = 0; i < recipe_.outputs_size(); ++i) {
      const v1::Output& output = recipe_.outputs(i);
      if (output.of() == v1::OUTPUT_OF_STEMS) continue;  // no check is for these
      const bool is_meant =
          check.outputs().empty() || std::ranges::find(check.outputs(), output.id()) != check.outputs().end();
      const bool skips = std::ranges::find(output.skip(), v1::STAGE_KIND_LIMIT) != output.skip().end();
      if (is_meant && skips) {
        report(path, path + ": lower-ceiling lowers the limiter's ceiling, and the output " + in_quotes(output.id()) +
                         " skips limit: leave it out by 'outputs', or write report");
      }
    }
  }

  // A CD's frames are 588 samples at its own rate alone.
  void check_cd_frames(const v1::Output& output, const std::string& path) {
    if (output.snap_588() != v1::SNAP588_REPORT) return;
    const int chain_hz = recipe_.input().sample_rate().rate_hz();
    const int rate_hz = output.has_sample_rate() ? output.sample_rate() : chain_hz;
    if (rate_hz == 0 || rate_hz == kCdRateHz) return;
    report(path + ".snap_588", path + ".snap_588: CDs run at 44100 Hz, and this output at " + std::to_string(rate_hz) +
                                   " Hz: write sample_rate: 44100, or take snap_588 away");
  }

  // The file of a side: it holds several tracks, whole ones, and the tracks' own checks are not its.
  void check_side(const v1::Output& output, const std::string& path) {
    if (output.has_path()) {
      const std::vector<std::string> fields = fields_in_path(output.path());
      const auto of_track = std::ranges::find_if(fields, tells_tracks_apart);
      if (of_track != fields.end()) {
        report(path + ".path", path + ".path: {" + *of_track +
                                   "} is a track's, and the file holds all tracks of a side; write {folder}, {album}, "
                                   "{artist}, {upc} and {side}");
      } else if (std::ranges::find(fields, "side") == fields.end()) {
        report(path + ".path", path + ".path: the sides of a record would get one name: write {side} in it");
      }
    }
    if (output.has_preview_s()) report(path + ".preview_s", path + ".preview_s: a preview is of a track: per: track");
    if (output.snap_588() == v1::SNAP588_REPORT)
      report(path + ".snap_588", path + ".snap_588: a CD has tracks, and this output is one file for a side");
    if (output.of() == v1::OUTPUT_OF_STEMS)
      report(path + ".of", path + ".of: stems are of one mix, and per: side joins tracks");
    for (int i = 0; i < recipe_.checks_size(); ++i) {
      const auto& outputs = recipe_.checks(i).outputs();
      if (output.has_id() && std::ranges::find(outputs, output.id()) != outputs.end())
        report(item("checks", i) + ".outputs", item("checks", i) + ".outputs: " + in_quotes(output.id()) +
                                                   " is one file for a side, and checks are made on tracks");
    }
  }

  const ReadRecipe& read_;
  const v1::Recipe& recipe_;
  std::vector<RecipeProblem>& problems_;
  std::vector<std::string> ids_;
};

}  // namespace

void check_checks(const ReadRecipe& read, std::vector<RecipeProblem>& problems) { CheckRules(read, problems).run(); }

}  // namespace lathe
