#include "host/recipe/semantic_checks.h"

#include <algorithm>
#include <set>

#include "host/recipe/chain_frequencies.h"
#include "host/recipe/check_rules.h"
#include "host/recipe/field_reader.h"
#include "host/recipe/field_rules.h"
#include "host/recipe/numbers.h"
#include "host/recipe/path_template.h"
#include "host/recipe/stem_output_rules.h"
#include "host/recipe/suggestion.h"
#include "kernels/tonal_balance/target_curves.h"

namespace lathe {
namespace {

class Checks {
 public:
  Checks(const ReadRecipe& read, std::vector<RecipeProblem>& problems) : read_(read), problems_(problems) {}

  void run() {
    check_chain(read_.recipe.chain(), "chain");
    for (int i = 0; i < read_.recipe.stems_size(); ++i) {
      check_chain(read_.recipe.stems(i).chain(), item("stems", i) + ".chain");
    }
    check_frequencies();
    check_reach();
    check_loudness(read_.recipe.loudness(), "loudness");
    check_outputs();
    for (int i = 0; i < read_.recipe.overrides_size(); ++i) {
      const std::string path = item("overrides", i) + ".match";
      if (is_written(path) && !is_any_written(path + ".")) {
        report(path, path + " would fit every track: name a track, disc, path, title or isrc");
      }
    }
  }

 private:
  void report(const std::string& path, std::string message) {
    problems_.push_back(problem_at(position_of(read_.positions, path), std::move(message)));
  }

  // Whether the recipe writes the path, with a right value or a wrong one.
  bool is_written(const std::string& path) const { return read_.positions.contains(path); }
  bool is_any_written(const std::string& prefix) const {
    const auto next = read_.positions.lower_bound(prefix);
    return next != read_.positions.end() && next->first.starts_with(prefix);
  }

  void check_chain(const google::protobuf::RepeatedPtrField<v1::Stage>& chain, const std::string& path) {
    int limits = 0;
    for (int i = 0; i < chain.size(); ++i) {
      const std::string stage = item(path, i) + "." + kind_name(chain[i]);
      switch (chain[i].kind_case()) {
        case v1::Stage::kLimit:
          if (++limits > 1) report(stage, "a second limit: a chain has one, at its end");
          break;
        case v1::Stage::kEq:
          check_eq(chain[i].eq(), stage);
          break;
        case v1::Stage::kMatchEq:
          check_match_eq(chain[i].match_eq(), stage);
          break;
        case v1::Stage::kDenoise:
          check_denoise(chain[i].denoise(), stage);
          break;
        case v1::Stage::kStereo:
          check_stereo(chain[i].stereo(), stage);
          break;
        case v1::Stage::kCompress:
          check_compress(chain[i].compress(), stage);
          break;
        default:
          break;
      }
    }
    for (int i = 0; limits == 1 && i + 1 < chain.size(); ++i) {
      if (!chain[i].has_limit()) continue;
      report(item(path, i) + ".limit",
             "limit must be the last stage of the chain: what follows it could pass its ceiling");
    }
  }

  void check_eq(const v1::Eq& eq, const std::string& path) {
    if (eq.has_from_hz() || eq.has_to_hz()) {
      v1::Eq whole = eq;
      fill_defaults(whole);
      if (whole.from_hz() >= whole.to_hz()) {
        report(path + (eq.has_to_hz() ? ".to_hz" : ".from_hz"), path + ": to_hz (" + shortest(whole.to_hz()) +
                                                                    ") must be above from_hz (" +
                                                                    shortest(whole.from_hz()) + ")");
      }
    }
    for (int i = 0; i < eq.bands_size(); ++i) {
      const std::string band = item(path + ".bands", i);
      const v1::BandType type = eq.bands(i).type();
      const bool has_gain = type == v1::BAND_TYPE_BELL || type == v1::BAND_TYPE_LOW_SHELF ||
                            type == v1::BAND_TYPE_HIGH_SHELF || type == v1::BAND_TYPE_TILT;
      if (has_gain && !is_written(band + ".gain_db")) {
        const auto* value = v1::BandType_descriptor()->FindValueByNumber(type);
        report(band, band + " is a " + yaml_name(*value) + " and needs the key 'gain_db'");
      }
    }
  }

  void check_match_eq(const v1::MatchEq& match, const std::string& path) {
    const std::vector<std::string> targets = target_names();
    if (match.has_target() && std::find(targets.begin(), targets.end(), match.target()) == targets.end()) {
      report(path + ".target",
             path + ".target: there is no target " + in_quotes(match.target()) + suggestion(match.target(), targets));
    }
    if (is_written(path + ".reference") == is_written(path + ".target")) {
      report(path, path + " needs one of 'reference' (a file) and 'target' (a name)");
    }
  }

  void check_denoise(const v1::Denoise& denoise, const std::string& path) {
    const v1::TimeSpan& span = denoise.profile().span();
    if (span.has_from_s() && span.has_to_s() && span.from_s() >= span.to_s()) {
      report(path + ".profile", path + ".profile: to_s must be later than from_s");
    }
  }

  void check_stereo(const v1::Stereo& stereo, const std::string& path) {
    double below_hz = 0;
    for (int i = 0; i < stereo.bands_size(); ++i) {
      const std::string band = item(path + ".bands", i);
      const bool is_last = i + 1 == stereo.bands_size();
      if (!stereo.bands(i).has_up_to_hz()) {
        if (!is_last && !is_written(band + ".up_to_hz")) report(band, "only the last band may leave 'up_to_hz' out");
        continue;
      }
      if (stereo.bands(i).up_to_hz() <= below_hz) report(band + ".up_to_hz", "the bands' up_to_hz must rise");
      below_hz = stereo.bands(i).up_to_hz();
    }
  }

  void check_compress(const v1::Compress& compress, const std::string& path) {
    const auto& crossovers = compress.crossovers_hz();
    for (int i = 1; i < crossovers.size(); ++i) {
      if (crossovers[i] <= crossovers[i - 1]) {
        report(item(path + ".crossovers_hz", i), "crossovers_hz must rise");
        return;
      }
    }
    const bool fits = compress.bands_size() == 0 ? crossovers.empty() : compress.bands_size() == crossovers.size() + 1;
    if (!fits) {
      report(path + (compress.bands_size() == 0 ? ".crossovers_hz" : ".bands"),
             std::to_string(crossovers.size()) + " crossovers_hz make " + std::to_string(crossovers.size() + 1) +
                 " bands, but " + std::to_string(compress.bands_size()) + " are given");
    }
  }

  // Only where the recipe says at which rate the chain runs; else it depends on the track.
  void check_frequencies() {
    const v1::KeepOrRate& rate = read_.recipe.input().sample_rate();
    if (!rate.has_rate_hz()) return;
    const double half_hz = 0.5 * rate.rate_hz();
    for (const ChainFrequency& frequency : chain_frequencies(read_.recipe)) {
      if (frequency.hz < half_hz) continue;
      report(frequency.path, frequency.path + ": " + shortest(frequency.hz) + " Hz is not below " + shortest(half_hz) +
                                 " Hz, half of input.sample_rate: lower it, or raise the rate");
    }
  }

  // No signal at all is this loud under that ceiling: the weighting adds 4 dB at most, eight channels 10.5.
  void check_reach() {
    constexpr double kMostLu = 14;
    const auto& chain = read_.recipe.chain();
    const v1::Loudness& loudness = read_.recipe.loudness();
    if (chain.empty() || !chain[chain.size() - 1].limit().has_ceiling_dbtp() || !loudness.has_target_lufs()) return;
    const double ceiling_dbtp = chain[chain.size() - 1].limit().ceiling_dbtp();
    if (loudness.target_lufs() <= ceiling_dbtp + kMostLu) return;
    report("loudness.target_lufs", "loudness.target_lufs: nothing under a ceiling of " + shortest(ceiling_dbtp) +
                                       " dBTP can be as loud as " + shortest(loudness.target_lufs()) +
                                       " LUFS: lower the target");
  }

  // A target of `reference` is the loudness of the reference of the chain's last match_eq.
  void check_loudness(const v1::Loudness& loudness, const std::string& path) {
    const auto& chain = read_.recipe.chain();
    const bool has_one = std::any_of(chain.begin(), chain.end(),
                                     [](const v1::Stage& stage) { return stage.match_eq().has_reference(); });
    if (loudness.reference() && !has_one) {
      report(path + ".target_lufs", path +
                                        ".target_lufs: reference: the chain has no match_eq with a 'reference' whose "
                                        "loudness this could be: add one, or write a number in LUFS");
    }
  }

  void check_outputs() {
    const v1::Recipe& recipe = read_.recipe;
    std::set<std::string> ids;
    std::set<std::string> paths;
    bool has_one_without_id = false;
    for (int i = 0; i < recipe.outputs_size(); ++i) {
      const v1::Output& output = recipe.outputs(i);
      const std::string path = item("outputs", i);
      if (!is_written(path + ".id")) {
        if (has_one_without_id) report(path, "a second output without 'id': only one may go without");
        has_one_without_id = true;
      } else {
        check_id(output.id(), path + ".id");
        if (!ids.insert(output.id()).second)
          report(path + ".id", "a second output with the id " + in_quotes(output.id()));
      }
      if (output.has_path()) {
        check_path(output.path(), path + ".path");
        const bool is_own = output.path().find("{id}") != std::string::npos;
        const std::string ext =
            output.has_format() ? yaml_name(*v1::OutputFormat_descriptor()->FindValueByNumber(output.format())) : "";
        if (!is_own && !paths.insert(plain_path(output.path(), ext)).second) {
          report(path + ".path", "a second output with this path: it would overwrite the first");
        }
      }
      check_format(output, path);
      check_without(output, path + ".without");
      check_loudness(output.loudness(), path + ".loudness");
    }
  }

  // Roles are those that the recipe's stems have.
  void check_without(const v1::Output& output, const std::string& path) {
    std::vector<std::string> roles;
    for (const v1::Stem& stem : read_.recipe.stems())
      if (!stem.role().empty()) roles.push_back(stem.role());
    for (int i = 0; i < output.without_size(); ++i) {
      const std::string& role = output.without(i);
      if (std::ranges::find(roles, role) != roles.end()) continue;
      report(item(path, i), "no stem of the recipe has the role " + in_quotes(role) + suggestion(role, roles));
    }
  }

  void check_format(const v1::Output& output, const std::string& path) {
    const bool is_float = output.bits() == v1::OUTPUT_BITS_32F;
    if (is_float && output.has_dither() && output.dither() != v1::DITHER_NONE) {
      report(path + ".dither", "32f is not rounded, so it takes no dither: take 'dither' away or write none");
    }
    if (output.format() == v1::OUTPUT_FORMAT_FLAC && (is_float || output.bits() == v1::OUTPUT_BITS_32)) {
      report(path + ".bits", "FLAC holds 16 or 24 bits: write bits: 24, or format: wav");
    }
  }

  void check_id(const std::string& id, const std::string& path) {
    const bool is_plain = !id.empty() && id.find_first_not_of(
                                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_") == std::string::npos;
    if (!is_plain)
      report(path, "the id " + in_quotes(id) + " becomes part of file names: letters, digits, - and _ only");
  }

  void check_path(const std::string& text, const std::string& path) {
    bool leaves = text.empty() || text.front() == '/' || text.back() == '/';
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t slash = std::min(text.find('/', at), text.size());
      leaves = leaves || text.substr(at, slash - at) == "..";
      at = slash + 1;
    }
    for (const std::string& field : fields_in_path(text)) {
      const auto& known = known_path_fields();
      if (std::find(known.begin(), known.end(), field) == known.end())
        report(path, "the path names the field {" + field + "}" + suggestion(field, known));
    }
    if (leaves) report(path, "a path names a file under the output folder: no '/' at its ends, no '..'");
  }

  const ReadRecipe& read_;
  std::vector<RecipeProblem>& problems_;
};

}  // namespace

void check_semantics(const ReadRecipe& read, std::vector<RecipeProblem>& problems) {
  Checks(read, problems).run();
  check_checks(read, problems);
  check_stem_outputs(read, problems);
}

}  // namespace lathe
