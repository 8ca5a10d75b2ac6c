#include "host/mastering/chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/mastering/examined_stage.h"

namespace lathe {
namespace {

std::string key_of(const EqStage& eq, int sample_rate_hz) {
  std::string key = fmt::format("{}:{}", sample_rate_hz, static_cast<int>(eq.phase));
  for (const EqBand& b : eq.bands) {
    key += fmt::format(";{}:{}:{}:{}:{}:{}", static_cast<int>(b.type), b.freq_hz, b.gain_db, b.q, b.slope_db_oct,
                       static_cast<int>(b.channel));
  }
  return key;
}

std::string key_of(const StereoSettings& s, int sample_rate_hz) {
  std::string key = fmt::format("{}:{}:{}:{}:{}:{}", sample_rate_hz, s.width, s.mono_below_hz.value_or(0),
                                s.min_correlation.value_or(-1), s.max_mono_loss_db.value_or(-1), s.balance_db);
  for (const StereoBand& band : s.bands) key += fmt::format(";{}:{}", band.up_to_hz.value_or(0), band.width);
  return key;
}

std::string key_of(const CompressorSettings& s) {
  std::string key = fmt::format("{}:{}:{}:{}:{}:{}", s.sample_rate_hz, static_cast<int>(s.detector), s.lookahead_ms,
                                s.sidechain_high_pass_hz, s.mix, s.link);
  for (const double hz : s.crossovers_hz) key += fmt::format(";{}", hz);
  for (const CompressorBand& b : s.bands) {
    key += fmt::format("|{}:{}:{}:{}:{}:{}:{}", b.threshold_db, b.ratio, b.knee_db, b.attack_ms, b.release_ms,
                       b.makeup_db, b.max_gain_reduction_db);
  }
  return key;
}

}  // namespace

std::string_view RestorationStage::name() const {
  static constexpr std::string_view kNames[] = {"declick", "decrackle", "declip", "dehum", "denoise", "rumble"};
  return kNames[settings.index()];
}

const RestorationSettings& RestorationStage::common() const {
  return std::visit([](const auto& own) -> const RestorationSettings& { return own.common; }, settings);
}

std::string_view stage_name(const ChainStage& stage) {
  if (std::holds_alternative<EqStage>(stage)) return "eq";
  if (std::holds_alternative<CompressStage>(stage)) return "compress";
  if (std::holds_alternative<LevelStage>(stage)) return "level";
  if (std::holds_alternative<StereoStage>(stage)) return "stereo";
  if (std::holds_alternative<GainStage>(stage)) return "gain";
  if (std::holds_alternative<MatchEqStage>(stage)) return "match_eq";
  return std::get<RestorationStage>(stage).name();
}

namespace {

bool is_flat(const EqBand& band) {
  const bool has_gain = band.type == BandType::bell || band.type == BandType::low_shelf ||
                        band.type == BandType::high_shelf || band.type == BandType::tilt;
  return has_gain && band.gain_db == 0;
}

}  // namespace

bool changes_nothing(const ChainStage& stage) {
  if (const auto* eq = std::get_if<EqStage>(&stage))
    return eq->resonances == Resonances::off && std::all_of(eq->bands.begin(), eq->bands.end(), is_flat);
  if (const auto* compress = std::get_if<CompressStage>(&stage)) return compress->settings.changes_nothing();
  if (std::holds_alternative<LevelStage>(stage)) return false;
  if (const auto* stereo = std::get_if<StereoStage>(&stage)) return stereo->settings.changes_nothing();
  if (const auto* gain = std::get_if<GainStage>(&stage)) return gain->gain_db == 0;
  if (const auto* match = std::get_if<MatchEqStage>(&stage))
    return match->settings.strength == 0 || match->settings.max_db == 0;
  const auto& restoration = std::get<RestorationStage>(stage);
  const auto* denoise = std::get_if<DenoiseSettings>(&restoration.settings);
  return denoise != nullptr && denoise->reduce_db == 0 && !restoration.keep_removed;
}

bool Chain::is_neutral() const {
  return !goal.target_lufs && goal.as_loud_as.empty() && !goal.limit && !sample_rate_hz &&
         std::all_of(stages.begin(), stages.end(), changes_nothing);
}

bool Chain::only_restores() const {
  return std::all_of(stages.begin(), stages.end(), [](const ChainStage& stage) {
    return std::holds_alternative<RestorationStage>(stage) || changes_nothing(stage);
  });
}

bool Chain::restores() const {
  return std::any_of(stages.begin(), stages.end(), [](const ChainStage& stage) {
    return std::holds_alternative<RestorationStage>(stage) && !changes_nothing(stage);
  });
}

bool Chain::keeps_two() const {
  return sample_rate_hz || restores() || std::any_of(stages.begin(), stages.end(), [](const ChainStage& stage) {
           return needs_whole_track(stage) && !changes_nothing(stage);
         });
}

std::shared_ptr<const LinearPhaseEqDesign> EqDesigns::get(const EqStage& eq, int sample_rate_hz) {
  const std::string key = key_of(eq, sample_rate_hz);
  const std::lock_guard lock(mutex_);  // held while designing, so that two tracks never design the same
  auto& design = designs_[key];
  if (!design) design = std::make_shared<const LinearPhaseEqDesign>(eq.bands, sample_rate_hz, eq.phase);
  return design;
}

std::shared_ptr<const StereoDesign> EqDesigns::get(const StereoStage& stereo, int sample_rate_hz) {
  const std::string key = key_of(stereo.settings, sample_rate_hz);
  const std::lock_guard lock(mutex_);
  auto& design = stereo_designs_[key];
  if (!design) design = std::make_shared<const StereoDesign>(stereo.settings, sample_rate_hz);
  return design;
}

std::shared_ptr<const CompressorDesign> EqDesigns::get(const CompressStage& compress, int sample_rate_hz) {
  CompressorSettings settings = compress.settings;
  settings.sample_rate_hz = sample_rate_hz;
  const std::string key = key_of(settings);
  const std::lock_guard lock(mutex_);
  auto& design = compressor_designs_[key];
  if (!design) design = std::make_shared<const CompressorDesign>(std::move(settings));
  return design;
}

std::vector<std::string> path_notes(const std::vector<OutputSpec>& outputs) {
  std::vector<std::string> notes;
  for (const OutputSpec& output : outputs) {
    if (output.unknown_fields.empty()) continue;
    std::string fields;
    for (const std::string& field : output.unknown_fields) fields += (fields.empty() ? "{" : ", {") + field + "}";
    std::string note = fmt::format("{}the path names {}, which no tag gives: there it is '_' or 0",
                                   output.id.empty() ? "" : "output " + output.id + ": ", fields);
    if (std::ranges::find(notes, note) == notes.end()) notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace lathe
