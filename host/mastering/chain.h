// What is done to one track, in the terms of the kernels: the recipe's chain after all its words have been resolved.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/mastering/gain_solver.h"
#include "host/mastering/output_checks.h"
#include "host/mastering/reference_tone.h"
#include "kernels/dynamics/compressor.h"
#include "kernels/dynamics/gain_ride.h"
#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/pcm/pcm.h"
#include "kernels/restoration/declick.h"
#include "kernels/restoration/declip.h"
#include "kernels/restoration/decrackle.h"
#include "kernels/restoration/dehum.h"
#include "kernels/restoration/denoise.h"
#include "kernels/restoration/rumble.h"
#include "kernels/stereo/stereo.h"
#include "kernels/tonal_balance/match_curve.h"
#include "kernels/tonal_balance/resonance.h"

namespace lathe {

enum class Resonances { off, propose, apply };
struct EqStage {
  std::vector<EqBand> bands;
  EqPhase phase = EqPhase::linear;
  Resonances resonances = Resonances::off;
  ResonanceSettings resonance_limits = {};
};
struct StereoStage {
  StereoSettings settings;
};
struct GainStage {
  double gain_db = 0;
};
struct CompressStage {
  CompressorSettings settings;  // its rate is the track's
};
// Rides the track so that its loudness range is what is asked for.
struct LevelStage {
  RideSettings settings;
};
// A stage that examines the whole track and mends the damage it finds.
struct RestorationStage {
  std::variant<DeclickSettings, DecrackleSettings, DeclipSettings, DehumSettings, DenoiseSettings, RumbleSettings>
      settings;
  bool keep_removed = false;         // what was taken out becomes an output of its own
  std::filesystem::path noise_file;  // of denoise: noise alone, for its profile; empty: none

  std::string_view name() const;  // as a recipe calls it
  const RestorationSettings& common() const;
};
// Exactly one of `reference` and `target` is there.
struct MatchEqStage {
  MatchEqSettings settings;
  std::filesystem::path reference;  // a file, or a folder of them
  std::string target;               // of target_names()
};
using ChainStage =
    std::variant<EqStage, StereoStage, CompressStage, LevelStage, GainStage, RestorationStage, MatchEqStage>;

// As a recipe calls it.
std::string_view stage_name(const ChainStage& stage);

// An equaliser without bands that looks for no resonances, a stereo stage that asks for nothing, a compressor without a
// ratio, a gain of 0 dB, a denoiser that reduces by 0 dB, a match of strength 0 or at most 0 dB.
bool changes_nothing(const ChainStage& stage);

struct Chain {
  std::vector<ChainStage> stages;                    // before the limiter, in order
  GainGoal goal;                                     // loudness target and limiter
  bool scrub = false;                                // non-finite samples become 0 instead of an error
  std::optional<int> sample_rate_hz = std::nullopt;  // that the stages run at; none: the file's

  // Whether nothing in it can change a sample: such a track is copied bit by bit.
  bool is_neutral() const;
  // Whether all stages that may change a sample are restoration: what the gain does is not counted.
  bool only_restores() const;
  bool restores() const;
  // Whether a step makes the track anew from one that is kept, so that both have to lie somewhere.
  bool keeps_two() const;
};

// A stem of a mix.
struct StemPart {
  std::size_t index = 0;  // among the mix's
  std::filesystem::path input;
  std::string role;  // what the recipe calls it; may be empty
};

// One file to make of the track.
struct OutputSpec {
  std::string id;              // empty for the only one
  std::filesystem::path path;  // absolute
  Container container = Container::wav;
  Encoding encoding = Encoding::pcm24;
  Dither dither = Dither::tpdf;
  std::optional<int> sample_rate_hz = std::nullopt;  // none: that of the chain
  std::optional<GainGoal> goal = std::nullopt;       // its own loudness or limiter; none: the chain's
  // Of a mix: roles of the stems that it goes without; with no loudness of its own it gets the gain of the mix's
  // master.
  std::vector<std::string> without = {};
  bool has_own_loudness = false;
  std::set<std::string> unknown_fields = {};  // of its path, that nobody gives: there they are "_" or 0
  bool per_side = false;                      // one file for all tracks of a side: see side_file.h
  double preview_s = 0;                       // the loudest passage of so many seconds; 0: all of it
  // Not a master but what this stage of the chain took out.
  std::optional<std::size_t> removed_by = std::nullopt;
  // Not the master of a mix but one of its stems: as it is in the master before the limiter.
  std::optional<StemPart> stem = std::nullopt;
  OutputChecks checks = {};

  // Whether it is a master of all of the track, and so says how the track came out.
  bool is_whole() const { return preview_s == 0 && !removed_by && !stem; }
};

// Of outputs whose paths name fields that nobody gives, and what stands there instead.
std::vector<std::string> path_notes(const std::vector<OutputSpec>& outputs);

// Equalisers and stereo stages that have been designed, shared between tracks and threads: a design costs as much as
// seconds of audio.
class EqDesigns {
 public:
  // Throws std::invalid_argument for bands that do not fit the rate.
  std::shared_ptr<const LinearPhaseEqDesign> get(const EqStage& eq, int sample_rate_hz);
  std::shared_ptr<const StereoDesign> get(const StereoStage& stereo, int sample_rate_hz);
  std::shared_ptr<const CompressorDesign> get(const CompressStage& compress, int sample_rate_hz);

  // What match_eq compares with, shared as widely.
  ReferenceTones& references() { return references_; }

 private:
  ReferenceTones references_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const LinearPhaseEqDesign>> designs_;
  std::map<std::string, std::shared_ptr<const CompressorDesign>> compressor_designs_;
  std::map<std::string, std::shared_ptr<const StereoDesign>> stereo_designs_;
};

}  // namespace lathe
