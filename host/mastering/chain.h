// What is done to one track, in the terms of the kernels: the recipe's chain after all its words have been resolved.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/mastering/gain_solver.h"
#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/pcm/pcm.h"

namespace lathe {

struct EqStage {
  std::vector<EqBand> bands;
};
struct GainStage {
  double gain_db = 0;
};
using ChainStage = std::variant<EqStage, GainStage>;

// An equaliser without bands, a gain of 0 dB.
bool changes_nothing(const ChainStage& stage);

struct Chain {
  std::vector<ChainStage> stages;  // before the limiter, in order
  GainGoal goal;                   // loudness target and limiter
  bool scrub = false;              // non-finite samples become 0 instead of an error

  // Whether nothing in it can change a sample: such a track is copied bit by bit.
  bool is_neutral() const;
};

// One file to make of the track.
struct OutputSpec {
  std::string id;              // empty for the only one
  std::filesystem::path path;  // absolute
  Container container = Container::wav;
  Encoding encoding = Encoding::pcm24;
  Dither dither = Dither::tpdf;
};

// Equalisers that have been designed, shared between tracks and threads: a design costs as much as seconds of audio.
class EqDesigns {
 public:
  // Throws std::invalid_argument for bands that do not fit the rate.
  std::shared_ptr<const LinearPhaseEqDesign> get(const std::vector<EqBand>& bands, int sample_rate_hz);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const LinearPhaseEqDesign>> designs_;
};

}  // namespace lathe
