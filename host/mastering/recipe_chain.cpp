#include "host/mastering/recipe_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "host/mastering/output_path.h"
#include "host/mastering/recipe_dynamics.h"
#include "host/mastering/recipe_eq.h"
#include "host/mastering/recipe_stems.h"
#include "host/recipe/path_template.h"

namespace lathe {
namespace {

StereoStage stereo_of(const v1::Stereo& stereo) {
  StereoStage stage;
  StereoSettings& settings = stage.settings;
  settings.width = stereo.width();
  for (const v1::StereoBand& band : stereo.bands()) {
    settings.bands.push_back({std::nullopt, band.width()});
    if (band.has_up_to_hz()) settings.bands.back().up_to_hz = band.up_to_hz();
  }
  if (stereo.has_mono_below_hz()) settings.mono_below_hz = stereo.mono_below_hz();
  if (stereo.has_min_correlation()) settings.min_correlation = stereo.min_correlation();
  if (stereo.has_max_mono_loss_db()) settings.max_mono_loss_db = stereo.max_mono_loss_db();
  settings.balance_db = stereo.balance_db();
  return stage;
}

MatchEqStage match_eq_of(const v1::MatchEq& match) {
  MatchEqStage stage;
  stage.settings.strength = match.strength();
  stage.settings.max_db = match.max_db();
  stage.settings.stereo_width = match.stereo_width();
  stage.reference = match.reference();
  stage.target = match.target();
  return stage;
}

LimitGoal limit_of(const v1::Limit& limit) {
  LimitGoal goal;
  goal.ceiling_dbtp = limit.ceiling_dbtp();
  goal.release_ms = limit.release_ms().has_number() ? limit.release_ms().number() : 0;
  if (limit.has_max_gain_reduction_db()) goal.max_gain_reduction_db = limit.max_gain_reduction_db();
  return goal;
}

template <class Message>
RestorationSettings common_of(const Message& stage) {
  RestorationSettings common;
  common.strength = stage.strength();
  common.tier = stage.tier() == v1::TIER_FAST ? Tier::fast : Tier::best;
  common.always = stage.mode() == v1::RESTORATION_MODE_ALWAYS;
  return common;
}

DehumSettings dehum_of(const v1::Dehum& dehum) {
  DehumSettings settings;
  settings.common = common_of(dehum);
  if (dehum.freq_hz().has_number()) settings.freq_hz = dehum.freq_hz().number();
  settings.harmonics = dehum.harmonics();
  if (dehum.has_depth_db()) settings.depth_db = dehum.depth_db();
  return settings;
}

RumbleSettings rumble_of(const v1::Rumble& rumble) {
  RumbleSettings settings;
  settings.common = common_of(rumble);
  if (rumble.freq_hz().has_number()) settings.freq_hz = rumble.freq_hz().number();
  return settings;
}

DenoiseSettings denoise_of(const v1::Denoise& denoise) {
  DenoiseSettings settings;
  settings.common = common_of(denoise);
  settings.reduce_db = denoise.reduce_db();
  if (denoise.profile().has_span())
    settings.noise.span_s = std::pair(denoise.profile().span().from_s(), denoise.profile().span().to_s());
  return settings;
}

// Nothing for a stage that is not of restoration.
std::optional<RestorationStage> restoration_of(const v1::Stage& stage) {
  switch (stage.kind_case()) {
    case v1::Stage::kDeclick: {
      DeclickSettings settings;
      settings.common = common_of(stage.declick());
      settings.max_repair_ms = stage.declick().max_repair_ms();
      return RestorationStage{settings, stage.declick().keep_removed(), {}};
    }
    case v1::Stage::kDecrackle:
      return RestorationStage{DecrackleSettings{common_of(stage.decrackle())}, stage.decrackle().keep_removed(), {}};
    case v1::Stage::kDeclip:
      return RestorationStage{DeclipSettings{common_of(stage.declip())}, stage.declip().keep_removed(), {}};
    case v1::Stage::kDehum:
      return RestorationStage{dehum_of(stage.dehum()), stage.dehum().keep_removed(), {}};
    case v1::Stage::kRumble:
      return RestorationStage{rumble_of(stage.rumble()), stage.rumble().keep_removed(), {}};
    case v1::Stage::kDenoise:
      return RestorationStage{denoise_of(stage.denoise()), stage.denoise().keep_removed(),
                              stage.denoise().profile().file()};
    default:
      return std::nullopt;
  }
}

OnConflict conflict_of(v1::OnConflict on_conflict) {
  if (on_conflict == v1::ON_CONFLICT_FAIL) return OnConflict::fail;
  return on_conflict == v1::ON_CONFLICT_EXCEED_LIMIT ? OnConflict::exceed_limit : OnConflict::stop_at_limit;
}

LoudnessScope scope_of(v1::LoudnessScope scope) {
  switch (scope) {
    case v1::LOUDNESS_SCOPE_ALBUM:
      return LoudnessScope::album;
    case v1::LOUDNESS_SCOPE_LOUDEST_TRACK:
      return LoudnessScope::loudest_track;
    case v1::LOUDNESS_SCOPE_SIDE:
      return LoudnessScope::side;
    default:
      return LoudnessScope::track;
  }
}

// Of the last match_eq that has one; empty: none has.
std::filesystem::path reference_of(const v1::Recipe& recipe) {
  std::filesystem::path reference;
  for (const v1::Stage& stage : recipe.chain()) {
    if (stage.match_eq().has_reference()) reference = stage.match_eq().reference();
  }
  return reference;
}

void set_loudness(const v1::Loudness& loudness, const v1::Recipe& recipe, GainGoal& goal) {
  goal.scope = scope_of(loudness.scope());
  goal.target_lufs.reset();
  goal.as_loud_as.clear();
  if (loudness.reference()) {
    goal.as_loud_as = reference_of(recipe);
    if (goal.as_loud_as.empty())
      throw std::invalid_argument("a target_lufs of 'reference' needs a match_eq with a reference");
  } else {
    goal.target_lufs = loudness.target_lufs();
  }
  goal.on_conflict = conflict_of(loudness.on_conflict());
}

// The output's own, where it asks for another loudness or goes without the limiter.
std::optional<GainGoal> own_goal(const v1::Output& output, const v1::Recipe& recipe, const GainGoal& of_chain) {
  const bool skips_limit =
      std::find(output.skip().begin(), output.skip().end(), v1::STAGE_KIND_LIMIT) != output.skip().end();
  if (!skips_limit && !output.has_loudness()) return std::nullopt;
  GainGoal goal = of_chain;
  if (skips_limit) goal.limit.reset();
  if (output.has_loudness()) set_loudness(output.loudness(), recipe, goal);
  return goal;
}

// RF64 is WAV with a bigger header, which the writer takes by itself when a file needs it.
Container family_of(Container input) { return input == Container::rf64 ? Container::wav : input; }

Container container_of(const v1::Output& output, Container input) {
  switch (output.format()) {
    case v1::OUTPUT_FORMAT_WAV:
      return Container::wav;
    case v1::OUTPUT_FORMAT_FLAC:
      return Container::flac;
    case v1::OUTPUT_FORMAT_AIFF:
      return Container::aiff;
    case v1::OUTPUT_FORMAT_CAF:
      return Container::caf;
    default:
      return family_of(input);
  }
}

// What a track is written in when the recipe does not say: its own encoding, where that is one we write.
Encoding usual_encoding(Encoding input, Container container) {
  if (input == Encoding::pcm_u8) return Encoding::pcm16;
  if (input == Encoding::float64) input = Encoding::float32;
  if (container == Container::flac && input != Encoding::pcm16) return Encoding::pcm24;
  return input;
}

Encoding encoding_of(const v1::Output& output, Encoding input, Container container) {
  switch (output.bits()) {
    case v1::OUTPUT_BITS_16:
      return Encoding::pcm16;
    case v1::OUTPUT_BITS_24:
      return Encoding::pcm24;
    case v1::OUTPUT_BITS_32:
      return Encoding::pcm32;
    case v1::OUTPUT_BITS_32F:
      return Encoding::float32;
    default:
      return usual_encoding(input, container);
  }
}

Dither dither_of(v1::Dither dither) {
  switch (dither) {
    case v1::DITHER_NONE:
      return Dither::none;
    case v1::DITHER_SHAPED:
      return Dither::shaped;
    case v1::DITHER_SHAPED_STRONG:
      return Dither::shaped_strong;
    default:
      return Dither::tpdf;
  }
}

// What the stages took out, where the recipe keeps it: float, for it is the exact difference, beside the masters. The
// second stage of a kind is number 2.
void add_removed(const v1::Recipe& recipe, const std::filesystem::path& out_dir, const std::filesystem::path& relative,
                 std::vector<OutputSpec>& specs) {
  std::map<std::string, int> seen;
  for (int i = 0; i < recipe.chain_size(); ++i) {
    const auto stage = restoration_of(recipe.chain(i));
    if (!stage) continue;
    const int number = ++seen[std::string(stage->name())];
    if (!stage->keep_removed) continue;
    OutputSpec spec;
    spec.id = fmt::format("{}{}-removed", stage->name(), number == 1 ? "" : "-" + std::to_string(number));
    spec.container = Container::wav;
    spec.encoding = Encoding::float32;
    spec.dither = Dither::none;
    spec.path = placed_path("", relative.string() + "." + spec.id + ".wav", out_dir, relative);
    spec.removed_by = static_cast<std::size_t>(i);
    specs.push_back(std::move(spec));
  }
}

bool is_of_stems(const v1::Output& output) { return output.of() == v1::OUTPUT_OF_STEMS; }

// All but its path.
OutputSpec spec_of(const v1::Output& output, const v1::Recipe& recipe, const AudioFormat& input, const GainGoal& goal) {
  OutputSpec spec;
  spec.id = output.id();
  spec.container = container_of(output, input.container);
  spec.encoding = encoding_of(output, input.encoding, spec.container);
  spec.dither = dither_of(output.dither());
  if (output.has_sample_rate()) spec.sample_rate_hz = output.sample_rate();
  spec.goal = own_goal(output, recipe, goal);
  spec.has_own_loudness = output.has_loudness();
  spec.preview_s = output.preview_s();
  spec.per_side = output.per() == v1::OUTPUT_PER_SIDE;
  spec.without = {output.without().begin(), output.without().end()};
  if (!spec.per_side) spec.checks = checks_of(recipe, output);
  return spec;
}

// The template of an output of stems. One that ends without an extension gets that of its format.
std::string stems_pattern(const v1::Output& output, const v1::Recipe& recipe) {
  const auto lists = std::ranges::count_if(recipe.outputs(), is_of_stems);
  if (!output.has_path()) return lists > 1 ? "{folder}/{mix}/{stem}.{id}.{ext}" : "{folder}/{mix}/{stem}.{ext}";
  const std::string& path = output.path();
  return has_extension(path) ? path : path + ".{ext}";
}

}  // namespace

std::vector<ChainStage> stages_of(const google::protobuf::RepeatedPtrField<v1::Stage>& chain) {
  std::vector<ChainStage> stages;
  for (const v1::Stage& stage : chain) {
    switch (stage.kind_case()) {
      case v1::Stage::kEq:
        stages.emplace_back(eq_of(stage.eq()));
        break;
      case v1::Stage::kCompress:
        stages.emplace_back(compress_of(stage.compress()));
        break;
      case v1::Stage::kLevel:
        stages.emplace_back(LevelStage{{stage.level().range_lu(), stage.level().window_s()}});
        break;
      case v1::Stage::kStereo:
        stages.emplace_back(stereo_of(stage.stereo()));
        break;
      case v1::Stage::kMatchEq:
        stages.emplace_back(match_eq_of(stage.match_eq()));
        break;
      case v1::Stage::kGain:
        stages.emplace_back(GainStage{stage.gain().gain_db()});
        break;
      case v1::Stage::kLimit:
        break;  // not a stage but a goal: it acts behind them all
      default:
        if (const auto restoration = restoration_of(stage)) {
          stages.emplace_back(*restoration);
          break;
        }
        throw std::invalid_argument("the chain has a stage that this version cannot run");
    }
  }
  return stages;
}

Chain chain_of(const v1::Recipe& recipe) {
  Chain chain;
  chain.scrub = recipe.input().scrub();
  if (recipe.input().sample_rate().has_rate_hz()) chain.sample_rate_hz = recipe.input().sample_rate().rate_hz();
  chain.stages = stages_of(recipe.chain());
  for (const v1::Stage& stage : recipe.chain())
    if (stage.has_limit()) chain.goal.limit = limit_of(stage.limit());
  if (recipe.has_loudness()) set_loudness(recipe.loudness(), recipe, chain.goal);
  return chain;
}

// Where the recipe says nothing; an empty one is the track's place.
std::string pattern_of(const v1::Output& output, bool is_only_one) {
  if (output.has_path()) return output.path();
  if (output.per() == v1::OUTPUT_PER_SIDE)
    return is_only_one ? "{folder}/Side {side}.{ext}" : "{folder}/Side {side}.{id}.{ext}";
  return is_only_one ? "" : "{folder}/{stem}.{id}.{ext}";
}

std::vector<OutputSpec> outputs_of(const v1::Recipe& recipe, const AudioFormat& input, const Tags& tags,
                                   const std::filesystem::path& out_dir, const std::filesystem::path& relative,
                                   std::string_view row, const std::vector<StemFile>& stems) {
  static const v1::Output kLikeInput;
  std::vector<const v1::Output*> wanted;
  for (const v1::Output& output : recipe.outputs()) wanted.push_back(&output);
  if (wanted.empty()) wanted.push_back(&kLikeInput);

  const GainGoal goal = chain_of(recipe).goal;
  std::vector<OutputSpec> specs;
  for (const v1::Output* output : wanted) {
    OutputSpec spec = spec_of(*output, recipe, input, goal);
    const std::string_view ext = extension_for(spec.container).substr(1);
    PathFields fields{spec.id, ext, tags, relative, row, &spec.unknown_fields};
    if (is_of_stems(*output)) {
      if (stems.empty()) throw std::invalid_argument("an output of stems needs a mix of stems: say --stems");
      spec.without.clear();
      const std::string pattern = stems_pattern(*output, recipe);
      const std::vector<NamedStem> named = named_stems(recipe, *output, stems);
      if (named.empty()) {
        throw std::invalid_argument(
            fmt::format("no stem is left for the output of stems{}; see the recipe's stems and "
                        "`without`",
                        spec.id.empty() ? "" : " '" + spec.id + "'"));
      }
      for (const NamedStem& stem : named) {
        fields.stem = &stem.name;
        spec.stem = stem.part;
        spec.path = placed_path(pattern, expanded_path(pattern, fields), out_dir, relative);
        check_ending(spec.path, spec.container);
        specs.push_back(spec);
      }
      continue;
    }
    const std::string pattern = pattern_of(*output, wanted.size() == 1);
    std::filesystem::path name = relative.string() + "." + std::string(ext);
    if (!pattern.empty()) name = expanded_path(pattern, fields);
    spec.path = placed_path(pattern, std::move(name), out_dir, relative);
    check_ending(spec.path, spec.container);
    specs.push_back(std::move(spec));
  }
  add_removed(recipe, out_dir, relative, specs);
  return specs;
}

}  // namespace lathe
