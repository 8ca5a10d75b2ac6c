// Looks at a track's samples once, for everything but loudness that a listener, a factory or a shop would complain of.
//
// Extremes, mean, power, flat tops (clipped_runs.h), silence (silence_tracker.h), what the channels of a stereo track
// have in common, the average spectrum and walls in it (average_spectrum.h), clicks (click_finder.h). Facts only: what
// is a fault, host/audit/checks.h says.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/block_feeder.h"
#include "kernels/inspection/average_spectrum.h"
#include "kernels/inspection/click_finder.h"
#include "kernels/inspection/clipped_runs.h"
#include "kernels/inspection/silence_tracker.h"
#include "kernels/stage.h"

namespace lathe {

struct ChannelFacts {
  float highest = 0, lowest = 0;
  double mean = 0;  // DC
  double mean_square = 0;
  ClippedRuns clipped;

  float peak() const { return highest > -lowest ? highest : -lowest; }
};

// Of the two channels of a stereo track.
struct PairFacts {
  double mean_product = 0;            // of left and right
  double difference_mean_square = 0;  // of left - right
  float difference_peak = 0;
};

struct Inspection {
  double sample_rate_hz = 0;
  std::int64_t frames = 0;
  std::vector<ChannelFacts> channels;
  std::optional<PairFacts> pair;  // of stereo tracks
  SilenceFacts silence;
  Spectrum spectrum;
  ClickFacts clicks;  // in any channel
};

class Inspector final : public AudioSink {
 public:
  struct Setup {
    double sample_rate_hz = 0;
    int channels = 0;
    // What a step of the samples is: 2^-15 for 16 bits. Finer ones are taken for that too, for much of what has finer
    // steps was made from 16 bits.
    double step = 0;
    bool spectrum = true;
    bool clicks = true;
    AverageSpectrum::Workspace* workspace = nullptr;  // for the spectrum, where there is one to share
  };

  // Flat tops are looked for from -6 dBFS on: a clipped track may have been turned down, but seldom by more.
  static constexpr float kFlatFrom = 0.5f;

  // Throws std::invalid_argument without channels or with no rate.
  explicit Inspector(const Setup& setup);

  // Samples are finite: the caller has looked (find_non_finite).
  void take(AudioView frames) override;
  void finish() override;

  // After finish().
  const Inspection& inspection() const { return inspection_; }

 private:
  struct ChannelSums {
    double sum = 0, square = 0;
  };

  void look(AudioView block, std::int64_t first_frame, std::int64_t valid);
  void look_for_clicks(AudioView block, std::int64_t valid);
  void look_at_channel(int c, AudioView block, std::int64_t first_frame, std::int64_t valid);

  Setup setup_;
  BlockFeeder feeder_;
  std::vector<ChannelSums> sums_;
  std::vector<ClippedRunFinder> clipped_;
  SilenceTracker silence_;
  std::optional<AverageSpectrum> spectrum_;
  ClickFinder clicks_;
  PairFacts pair_sums_;
  std::vector<float> fourth_differences_;  // of the block's rows, over all channels
  std::vector<float> peak_;                // of the block's groups, over all channels
  std::vector<std::uint8_t> sounding_;     // likewise
  std::vector<std::uint8_t> flat_;         // of one channel
  Inspection inspection_;
};

}  // namespace lathe
