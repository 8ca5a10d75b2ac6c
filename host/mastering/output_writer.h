// The second pass over a programme: gain, limiter, dither and packing into staged files, measured as they are written.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "host/audio_file/staged_file.h"
#include "host/mastering/chain.h"
#include "host/mastering/frame_store.h"
#include "host/mastering/preview.h"
#include "host/mastering/programme_reader.h"
#include "host/mastering/stopwatch.h"
#include "host/mastering/track_report.h"
#include "kernels/aligned.h"
#include "kernels/pcm/pcm.h"

namespace lathe {

// What one output of a track of format `input` is written as.
AudioFormat format_of(const OutputSpec& output, const AudioFormat& input);

// What is known of the output before it is written: all but its bytes, hashes and measurement.
OutputReport output_described(const OutputSpec& output, const AudioFormat& format);

// Work space for blocks of a track, shared by its passes. A stereo block and its bytes stay in the second-level cache.
struct BlockBuffers {
  static constexpr std::int64_t kFrames = 16384;

  explicit BlockBuffers(const AudioFormat& input);

  AlignedArray<std::byte> bytes;     // kFrames interleaved frames of any encoding, and kPcmSlackBytes
  AlignedArray<float> work;          // kFrames planar frames
  AlignedArray<std::int32_t> steps;  // the same as integers
};

// Where the samples of an output come from.
struct RenderSource {
  ProgrammeSource* input = nullptr;     // rewound and read again where its bytes are copied
  AudioFormat track;                    // the input's, but for its rate and frames where these were converted
  FrameStore* store = nullptr;          // the track before its gain; null for a chain that changes nothing
  const LimiterCurve* curve = nullptr;  // null without a limiter
  double gain = 1;
  FrameStore* minus = nullptr;  // taken away from `store`: what a stage removed
  bool is_untouched = false;    // every sample is still the one that was read
  bool keeps_samples = false;   // only damage was mended: samples that fit the output's step are written as they are
  std::uint64_t dither_seed = 0;
};

// One track of a programme in an output.
struct OutputPiece {
  const OutputSpec* output = nullptr;  // but for its path, as the first piece's
  const StagedFile* file = nullptr;
  const Tags* tags = nullptr;
  const Metadata* metadata = nullptr;
  std::int64_t end = 0;                           // behind its last frame, counted from the programme's first
  std::optional<Passage> preview = std::nullopt;  // all that is written of it
};

// What was written of an output: a report for each piece, and all of it as measured from end to end.
struct WrittenOutput {
  std::vector<OutputReport> pieces;
  LoudnessReading whole;  // without its trace
};

class OutputWriter {
 public:
  // Everything named outlives the writer. `tick` is called for each block with the share done; it may throw.
  OutputWriter(const RenderSource& source, const std::vector<double>& weights, BlockBuffers& blocks, Stopwatch& watch,
               std::function<void(double)> tick);

  // Writes and verifies the files; they are not published. Dither and limiter go on across the boundaries. Throws
  // AudioFileError.
  WrittenOutput write(const std::vector<OutputPiece>& pieces, bool pcm_md5);

 private:
  void copy_block(MutableAudioView frames);
  Quantizer quantizer_for(const OutputSpec& output) const;
  void render_block(MutableAudioView frames, std::int64_t first);
  void pack_block(const OutputSpec& output, Quantizer& quantizer, MutableAudioView frames, std::int64_t first);
  bool keeps_wide_samples(const OutputSpec& output) const;
  void put_back_wide_samples(MutableAudioView frames, std::int64_t first);

  const RenderSource& source_;
  const AudioFormat& in_;
  const std::vector<double>& weights_;
  BlockBuffers& blocks_;
  Stopwatch& watch_;
  std::function<void(double)> tick_;
};

}  // namespace lathe
