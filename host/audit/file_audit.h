// What an audit knows of a file, an album and a catalogue: the facts that every report is written from.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/audit/album_ladder.h"
#include "kernels/loudness/loudness_reading.h"
#include "kernels/tonal_balance/octave_meter.h"

namespace lathe {

enum class AuditState {
  measured,
  unmeasurable,  // read, but has no loudness: silence, shorter than 400 ms, non-finite samples, no frames
  unreadable,    // not read to its end: missing, damaged, truncated, no audio
};

enum class Severity { info, warning, error };

// Something in a file that its owner should know of.
struct AuditFinding {
  std::string code;  // stable, for programs: "clipped-runs"
  Severity severity = Severity::warning;
  std::string message;                    // for people, with the figure and its unit
  std::optional<double> at_s;             // where it is, or begins first
  std::map<std::string, double> figures;  // measured, units in the keys: {"runs": 12, "longest_ms": 0.3}
};

// Levels along the track, for plots and `--series`: value k ends at (k + 1) * step_s. Minus infinity for silence and
// where the window does not fit yet.
struct LoudnessSeries {
  double step_s = 0.1;
  std::vector<float> momentary_lufs;
  std::vector<float> short_term_lufs;
};

// Powers of the windows that gating and the range are made of; an album pools those of its tracks.
struct PooledPowers {
  std::vector<float> blocks;      // mean squares of 400 ms every 100 ms (BS.1770-5)
  std::vector<float> short_term;  // of 3 s every 100 ms, the last 1.5 s into silence (Tech 3342)
};

// One channel at an end of a track: what tells whether the next track goes on there (track_stream.h).
struct EdgeOfChannel {
  std::array<float, 2> samples{};  // the two at the very end, in the order of time
  float bend = 0;                  // largest second difference nearby
  float peak = 0;                  // nearby
};

// One entry a channel; empty for a track that is too short, or was not measured.
struct TrackEdges {
  std::vector<EdgeOfChannel> head, tail;
};

// Several tracks measured end to end.
struct StreamAudit {
  PooledPowers powers;
  double max_momentary_lufs = 0, max_short_term_lufs = 0, true_peak_dbtp = 0;
};

struct ProfileResult;

struct FileAudit {
  std::filesystem::path path;  // absolute
  std::string album;           // the folder it is counted to: its absolute path
  AuditState state = AuditState::unreadable;
  std::string reason_code;  // stable: "TRUNCATED", "SILENCE", "TOO_SHORT", "NON_FINITE", "EMPTY"; empty when measured
  std::string reason;       // for people; empty when measured

  // Of the file; 0 or empty where it could not be read.
  std::string container;  // "WAV"
  std::string encoding;   // "24-bit", "32-bit float"
  int sample_rate_hz = 0;
  int channels = 0;
  std::uint32_t channel_mask = 0;
  std::string channel_layout;      // what its loudspeakers were taken for: "5.1" (channel_weights.h)
  bool is_layout_assumed = false;  // by the number of channels alone: nothing in the file says it
  std::int64_t frames = 0;
  std::int64_t size_bytes = 0;
  std::string payload_hash;                 // XXH3-128 of its PCM bytes
  std::map<std::string, std::string> tags;  // title artist album track disc isrc upc, where there are any

  LoudnessFigures figures{};             // when measured
  std::optional<double> true_peak_at_s;  // where the true peak is, to a frame
  // Integrated loudness without what lies above 20 kHz; with checks. The integrated loudness itself at 40 kHz and
  // below, and where the spectrum says that leaving it out cannot change it by 0.005 LU.
  std::optional<double> below_20khz_lufs;
  // Of stereo in which both channels sound, with checks. The correlation of left and right without their DC, -1 to 1;
  // and the level of (left + right) / 2 above the mean power of both, in dB: 0 for mono, -3 for channels that have
  // nothing in common, minus infinity for opposite ones.
  std::optional<double> stereo_correlation;
  std::optional<double> mono_loss_db;
  std::optional<OctaveFigures>
      octaves;  // with checks, when measured and any of it is loud: what albums are compared by
  std::vector<AuditFinding> findings;
  std::vector<ProfileResult> profiles;  // one a profile, in the order asked for
  std::optional<LoudnessSeries> series;
  PooledPowers powers;
  TrackEdges edges;
  bool is_remembered = false;  // the samples were not measured again

  double duration_s() const { return sample_rate_hz > 0 ? static_cast<double>(frames) / sample_rate_hz : 0.0; }
};

enum class Verdict { pass, fail, unmeasurable };

// A file or an album against one delivery profile.
struct ProfileResult {
  std::string name;     // "ebu-r128"
  std::string version;  // of the profile's data
  Verdict verdict = Verdict::unmeasurable;
  std::vector<std::string> reasons;  // of a failure, or why there is no verdict: "true peak -0.3 dBTP is above -1.0"
  std::vector<std::string> notes;    // what to know of the verdict, whatever it is: what was not judged
  // What the platform would do, where the profile has a playback formula.
  std::optional<double> playback_gain_db;
  std::optional<double> playback_lufs;
  bool is_limited_by_peak = false;
};

struct AlbumAudit {
  std::string path;
  int tracks = 0;                          // measured ones: what the figures are of
  std::optional<LoudnessFigures> figures;  // none when nothing of it was measured
  std::vector<AuditFinding> findings;
  std::vector<ProfileResult> profiles;
  int joins = 0;            // where one track runs into the next: there, what they read as one stream counts
  AlbumLadder ladder = {};  // what each track measures beside the others
};

struct AuditSummary {
  std::int64_t files = 0, measured = 0, unmeasurable = 0, unreadable = 0, remembered = 0;
  std::map<std::string, std::int64_t> failed_by_profile;  // files with a verdict of fail
  std::map<std::string, std::int64_t> findings_by_code;
  double audio_s = 0, wall_s = 0;
  bool was_interrupted = false;
};

// What every report names: how the figures came about.
struct AuditHead {
  std::string engine;    // "lathe 0.1.0"
  std::string standard;  // "ITU-R BS.1770-5, EBU Tech 3341 V4, EBU Tech 3342 V4"
  std::string filter;    // "true peak: 16x, 64 taps; K-weighting: float32 in 10 ms, float64 between"
  std::string backend;   // "cpu/avx512"
  struct Profile {
    std::string name, title, version, status, source, date;
    std::string limits = {};                   // all in a line: "-23 ±0.2 LUFS, true peak at most -1 dBTP"
    std::string playback = {};                 // "plays at -14 LUFS, turns down only"; empty without a formula
    std::vector<std::string> not_judged = {};  // what it asks for too, and no verdict covers
  };
  std::vector<Profile> profiles;
  std::string subject = {};  // what was audited: names of the folders and files that were asked for
  std::string date = {};     // of the audit: "2026-11-28"
};

// Takes an audit as it goes on, so that no report needs all of it in memory: files as they end, then albums, then the
// summary. One thread at a time.
class AuditWriter {
 public:
  virtual ~AuditWriter() = default;
  virtual void file(const FileAudit& file) = 0;
  virtual void album(const AlbumAudit& album) = 0;
  // Once, at the end. Throws std::runtime_error when not all could be written.
  virtual void finish(const AuditSummary& summary) = 0;
};

}  // namespace lathe
