// What happened to one track: the facts that the JSON report, the manifest and the store keep of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/mastering/check_report.h"
#include "kernels/loudness/loudness_reading.h"
#include "kernels/restoration/restorer.h"
#include "kernels/stage_account.h"
#include "kernels/tonal_balance/octave_meter.h"

namespace lathe {

// Figures of one measurement, with the reason where there are none.
inline constexpr LoudnessFigures kNoLoudness = [] {
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  return LoudnessFigures{kNone, kNone, kNone, kNone, kNone, kNone};
}();

struct Measurement {
  bool is_measurable = false;
  std::string reason;  // why not: "silence: no 400 ms block is above -70 LUFS"
  LoudnessFigures figures = kNoLoudness;
  std::optional<OctaveFigures> octaves = {};  // of finished files: what albums are compared by
};

// Of the reading of a track of `frames` frames.
Measurement measurement_of(const LoudnessReading& reading, std::int64_t frames, int sample_rate_hz);

// A track within the file of its side.
struct SidePlace {
  std::filesystem::path input;
  std::string title;  // by its tags; may be empty
  std::int64_t first_frame = 0, frames = 0;
};

// A mix's stem as an output.
struct StemOutput {
  std::filesystem::path input;
  std::string role;  // may be empty
  // Where all stems of the mix are written: the sum of what the files hold against the master before the limiter, and
  // that against the limited master, in dB of what it is compared with; minus infinity where nothing is left. None:
  // there is nothing to compare.
  std::optional<double> sum_error_db, limited_error_db;
};

struct OutputReport {
  std::string id;
  std::filesystem::path path;
  std::string container;
  std::int64_t frames = 0;
  int sample_rate_hz = 0;
  int channels = 0;
  std::string bits;  // 16, 24, 32 or 32f
  std::int64_t bytes = 0;
  std::string sha256;
  std::string pcm_md5;  // empty: not taken
  Measurement after;
  std::vector<std::string> dropped_tags;
  std::vector<std::string> without = {};  // of a mix: roles of the stems that it goes without
  // Of a preview: where it begins in its track.
  std::optional<double> preview_at_s = std::nullopt;
  bool is_whole = true;  // all of the track: no preview, no mix without some stems, not what a stage took out
  std::int64_t clipped_samples = 0;  // above full scale where nothing limits, and held there by the encoding
  std::optional<double> asked_lufs, asked_dbtp;
  std::string reason;  // why what was asked was not reached; empty when it was
  std::vector<ProfileCheck> checks;
  std::vector<CodecCheck> codec_checks;
  // What the limiter's ceiling was lowered to for the codecs' sake, and how often it was limited again for it.
  std::optional<double> codec_ceiling_dbtp;
  int codec_rounds = 0;
  std::optional<CdFrames> cd_frames;
  std::string side = {};  // of a record, whose tracks are in it; empty: it is a track's own
  std::vector<SidePlace> side_tracks = {};
  std::optional<StemOutput> stem = std::nullopt;
};

// What a restoration stage did beside its figures.
struct RestorationReport {
  std::string tier;  // "fast" or "best"
  bool is_always = false;
  bool acted = false;
  Finding finding;            // in the track as it came to the stage
  double asked_strength = 0;  // of the recipe
  double strength = 0;        // it was done with: less where the result would have been worse than what came in
  std::string backed_off;     // why it is less, or why the stage was left out; empty: it is not
  std::vector<Repair> repairs;
  std::int64_t repairs_not_listed = 0;
  double cost = 0;  // CPU seconds a second of audio
};

// One stage's account: a name, what it was computed on ("cpu", "cuda"), and figures in the order they are to be
// printed.
struct StageReport {
  std::string name;
  std::string backend;
  std::vector<std::pair<std::string, double>> figures;
  std::optional<RestorationReport> restoration;
  std::vector<StageCurve> curves = {};
  std::vector<std::string> outputs = {};  // whose it is, where the outputs differ in it; empty: all outputs'
  std::vector<StageList> lists = {};

  // Figures, curves and lists behind those there are.
  void add(StageAccount account);
};

// One kind of damage looked for: "clicks", "crackle", "clipping", "hum", "noise", "rumble", "dc", "dropouts".
struct Fault {
  std::string kind;
  Finding finding;
};

// Seconds of one thread, by kind of work.
struct BusySeconds {
  double decode = 0, kernels = 0, limiter = 0, encode = 0, io = 0;
  BusySeconds& operator+=(const BusySeconds& other);
};

// One stem of a mix.
struct StemReport {
  std::filesystem::path input;
  std::string role;
  std::string input_format;
  std::int64_t frames = 0;
  int sample_rate_hz = 0;
  std::string payload_hash;
  Measurement before;
  double gain_db = 0;       // asked for
  double held_gain_db = 0;  // given beside that, so that the stem keeps its share
  // Its loudness less that of all other stems together, in LU, as it came and as it went into the bus; NaN where nobody
  // asked that it be held.
  double share_before_lu = std::numeric_limits<double>::quiet_NaN();
  double share_after_lu = std::numeric_limits<double>::quiet_NaN();
  std::vector<StageReport> stages;
  std::vector<std::string> notes;
};

// The untouched stems against a mixdown.
struct NullTest {
  std::filesystem::path mixdown;
  bool is_exact = false;              // the sum, rounded to float, is the mixdown to the last bit
  double gain_db = 0;                 // of the mixdown against the sum, where one gain explains it better than none
  double residual_db = 0;             // what is left, against the mixdown; minus infinity where nothing is
  std::vector<std::string> findings;  // which stem does not fit, and how
};

struct TrackReport {
  std::filesystem::path input;
  std::string input_format;  // "WAV 24-bit, 44100 Hz, 2 channels"
  std::int64_t frames = 0;
  int sample_rate_hz = 0;
  int channels = 0;
  std::string payload_hash;  // XXH3-128 of the input's PCM bytes
  std::string reason;        // why what was asked was not reached; empty when it was
  std::vector<std::string> notes;
  Measurement before;
  std::optional<double> asked_lufs, asked_dbtp;
  std::vector<OutputReport> outputs;
  Measurement after_in_side = {};  // of a track that has no file of its own
  std::vector<Fault> faults;       // where the chain restores; as found in the track before anything was done for it
  std::vector<StageReport> stages;
  std::vector<StemReport> stems;  // of a mix
  std::optional<NullTest> null_test;
  BusySeconds busy;
};

// The output whose figures stand for the track: its first whole master, else its first file; null without any.
const OutputReport* leading_output(const TrackReport& report);

}  // namespace lathe
