// A restoration stage: it looks at a whole track, says what damage it found and how sure it is, and mends that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/audio.h"
#include "kernels/stage.h"

namespace lathe {

// A track whose frames can be read in any order, again and again.
class TrackReader {
 public:
  virtual ~TrackReader() = default;
  virtual int channels() const = 0;
  virtual std::int64_t frames() const = 0;

  // Frames [first, first + count) of every channel, also before 0 and behind the end: silence there. Valid until the
  // next read. `count` is of the reader's choosing, but a window of some seconds may be a copy: read blocks, not
  // tracks.
  virtual AudioView read(std::int64_t first, std::int64_t count) = 0;
};

// How much time a stage may take for an audible gain.
enum class Tier { fast, best };

// What every restoration stage is told.
struct RestorationSettings {
  double strength = 0.5;  // 0 careful to 1 thorough
  Tier tier = Tier::best;
  bool always = false;  // acts whether or not the damage is found
};

struct RestorationFormat {
  double sample_rate_hz = 0;  // 8,000 to 384,000
  int channels = 0;
};

// What a look at the track found.
struct Finding {
  bool is_found = false;
  double confidence = 0;  // 0 to 1: that the damage is there
  // For the report, units in the names: {"clicks_per_minute", 31.5}, …
  std::vector<std::pair<std::string, double>> figures;
};

// One place where samples were replaced.
struct Repair {
  std::int64_t first_frame = 0;
  std::int64_t frames = 0;
  int channel = 0;
};

struct RestorationResult {
  // For the report, units in the names: {"repairs", 12}, {"samples_changed", 340}, {"removed_db", -61.2}, …
  std::vector<std::pair<std::string, double>> figures;
  std::vector<Repair> repairs;  // in order of first_frame; of stages that mend places, not the whole
};

// For one track and one thread. What comes out depends on the samples, the settings and the strength alone: not on how
// reads are cut, on what else runs, or (AVX2, AVX-512) on the level of SIMD. Work per frame is bounded whatever the
// material. Every finite input gives finite output; short tracks (1 frame), silence, DC and full scale are no errors.
class Restorer {
 public:
  virtual ~Restorer() = default;
  virtual std::string_view name() const = 0;

  // Reads the whole track; the answer is what `auto` decides by. Call once, before restore().
  virtual Finding examine(TrackReader& track) = 0;

  // The whole track, restored, in order into `out` (blocks of any size, then finish). What is not mended keeps its
  // bits. Called only when something was found, or the settings say always; perhaps again, with a lower strength, for
  // the same track: so `strength` counts, not the settings'. It reads `track` anew; `out` may not write to it.
  virtual RestorationResult restore(TrackReader& track, double strength, AudioSink& out) = 0;
};

}  // namespace lathe
