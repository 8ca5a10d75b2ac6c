// Masters one track: reads it, runs the chain, solves the gain, writes and proves the outputs. Publishing is the
// caller's.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/file_part.h"
#include "host/audio_file/staged_file.h"
#include "host/mastering/chain.h"
#include "host/mastering/frame_store.h"
#include "host/mastering/track_report.h"
#include "host/mastering/unusable_audio.h"
#include "kernels/backend.h"
#include "kernels/cuda/accelerator.h"

namespace lathe {

// Thrown from within when `is_cancelled` becomes true.
class MasteringCancelled : public std::runtime_error {
 public:
  MasteringCancelled() : std::runtime_error("cancelled") {}
};

// A track that goes on where the one before it ends: mastered with it as one stream, and cut apart again at the very
// frame. Of the same rate, channels and encoding.
struct JoinedTrack {
  std::filesystem::path input;
  std::vector<OutputSpec> outputs;      // as many as the first track has, in its order; only their paths are their own
  std::shared_ptr<AudioReader> reader;  // as in TrackJob
  FilePart part = {};                   // likewise
  std::optional<Tags> tags = {};        // likewise
};

// One of the files that a mix is made of.
struct StemTrack {
  std::filesystem::path input;
  std::string role;                     // what the recipe calls it; may be empty
  std::vector<ChainStage> stages;       // its own chain
  double gain_db = 0;                   // behind the chain
  bool holds_share = false;             // its loudness against the mix stays what it was, whatever its chain does
  std::shared_ptr<AudioReader> reader;  // as in TrackJob
};

// A programme: one track, several that run into each other, or the sum of stems.
struct TrackJob {
  std::filesystem::path input;
  std::filesystem::path out_dir;  // outputs lie inside it, and are staged in its .lathe folder
  Chain chain;
  std::vector<OutputSpec> outputs;
  bool pcm_md5 = false;  // also for outputs that are not FLAC
  // Where the first pass is computed; the limiter, and what has no CUDA version, run on the CPU.
  Backend backend = Backend::cpu;
  std::function<void()> after_first_pass;  // called when the GPU is free of the track; may be empty
  // Where the track waits if it may not stay in memory; empty: in memory.
  std::filesystem::path spool_dir;
  // The input, if it is open already and nothing was read from it but its header; else it is opened. master() takes it.
  std::shared_ptr<AudioReader> reader;
  FilePart part = {};                    // of the input that is the track
  std::optional<Tags> tags = {};         // what it is called in its outputs; none: as the input says
  std::vector<JoinedTrack> joined = {};  // in order
  std::string side = {};                 // of a record; programmes of one album and side share a gain of scope `side`
  // Not empty: the track is their sum, in float64 and with no change of level; `input` names it, `chain` is the bus's.
  std::vector<StemTrack> stems = {};
  std::filesystem::path mixdown = {};  // that the untouched stems should sum to; empty: none
  Metadata metadata = {};              // of the masters of a mix, beside their tags
};

// Programmes that are mastered together, for some of their outputs share one gain. They agree in `out_dir`, `backend`,
// `spool_dir` and `pcm_md5`, and a goal of loudness that they share has the same place among the outputs of each.
struct AlbumJob {
  std::vector<TrackJob> programmes;
};

// "WAV 24-bit, 44100 Hz, 2 channels"
std::string format_text(const AudioFormat& format);

// Called for every block with the share done, 0 to 1, and with what is done: "analysis" (the first pass: reading, EQ,
// measuring), "restoration", "limiter" (finding the gain), "writing" (the second pass, and reading the file back).
using MasteringProgress = std::function<void(double share, std::string_view stage)>;

struct MasteredTrack {
  TrackReport report;
  std::vector<StagedFile> files;  // one an output, in order; removed unless published
  std::vector<MasteredTrack> joined = {};
};

// What one gain made of the programmes that share it.
struct AlbumLoudness {
  std::vector<std::string> outputs;  // their ids, as far as they have any
  LoudnessScope scope = LoudnessScope::album;
  std::string side;  // with a scope of side
  std::optional<double> asked_lufs;
  double gain_db = 0;
  // Of the finished files together: integrated loudness, range and peaks; with a scope of loudest_track the integrated
  // loudness is that track's.
  Measurement after;
  std::string reason;  // why what was asked was not reached; empty when it was
};

struct MasteredAlbum {
  std::vector<MasteredTrack> programmes;
  std::vector<AlbumLoudness> loudness;
};

// What one gain would make of the outputs that share it.
struct GainForecast {
  double gain_db = 0;
  double max_gain_reduction_db = 0;
  double limited_share = 0;             // of the track's time
  double expected_lufs = 0;             // by the gain's model; minus infinity for silence
  std::optional<double> expected_dbtp;  // none: below the limiter's ceiling, and not looked at closer
};

// A track as it would be mastered. The report's outputs have no hashes and nothing measured; `bytes` is that of their
// samples, which FLAC makes less of.
struct PlannedTrack {
  TrackReport report;
  std::vector<std::optional<GainForecast>> forecasts;  // one an output; none for what a stage removed
  std::vector<PlannedTrack> joined = {};
};

// Bytes of memory that mastering a track takes.
struct MemoryNeed {
  std::int64_t kept_bytes = 0;     // while the track stays in memory
  std::int64_t spooled_bytes = 0;  // while it waits in a file
  std::int64_t device_bytes = 0;   // of a GPU's memory

  // What is held either way.
  void add(std::int64_t bytes) {
    kept_bytes += bytes;
    spooled_bytes += bytes;
  }
};

// One a worker thread: it keeps its buffers from track to track.
class TrackMaster {
 public:
  explicit TrackMaster(EqDesigns& designs);
  ~TrackMaster();

  // Designs the chain's equalisers, if nobody has yet: how long their kernels are decides. Throws std::invalid_argument
  // for a band that does not fit the rate.
  MemoryNeed memory_needed(const Chain& chain, const std::vector<OutputSpec>& outputs, const AudioFormat& file,
                           Backend backend);
  // Of a mix: `stems` has the format of each of its files.
  MemoryNeed memory_needed(const TrackJob& mix, const std::vector<AudioFormat>& stems);
  // `formats` has one for each programme: the first file's, with the frames of all its files.
  MemoryNeed memory_needed(const AlbumJob& album, const std::vector<AudioFormat>& formats);

  // `progress` may be empty. Throws AudioFileError, UnusableAudio, TargetOutOfReach,
  // std::invalid_argument (a band that does not fit the rate, an output format that cannot hold the track),
  // MasteringCancelled, and on a GPU BackendAbsent and CudaError. Whatever it throws, nothing is left behind.
  MasteredTrack master(const TrackJob& job, const MasteringProgress& progress, const std::atomic<bool>& is_cancelled);

  // The same for programmes that share gains. Their tracks stay until the last of them has been read.
  MasteredAlbum master(const AlbumJob& album, const MasteringProgress& progress, const std::atomic<bool>& is_cancelled);

  // All of master() but the writing: reads, restores, runs the chain, solves the gain. Writes nothing but a spool in
  // job.spool_dir, which has no name. Takes and throws what master() does.
  PlannedTrack plan(const TrackJob& job, const MasteringProgress& progress, const std::atomic<bool>& is_cancelled);

  void release_memory();

 private:
  template <class Work>
  auto on_backend(Backend backend, Work&& work);

  EqDesigns& designs_;
  FrameArena arena_, second_arena_;                 // the second for chains that restore
  std::unique_ptr<cuda::Accelerator> accelerator_;  // once a track has asked for CUDA
};

}  // namespace lathe
