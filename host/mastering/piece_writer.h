// One file of an output on its way, with all that is measured of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "host/audio_file/audio_writer.h"
#include "host/audio_file/message_digest.h"
#include "host/audio_file/metadata/outgoing.h"
#include "host/mastering/output_writer.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/tonal_balance/octave_meter.h"

namespace lathe {

class PieceWriter {
 public:
  // `input` is the format of the file that the piece is made of; `piece` outlives the writer. Throws AudioFileError.
  PieceWriter(const OutputPiece& piece, const AudioFormat& format, const AudioFormat& input, bool is_untouched,
              const std::vector<double>& weights, bool pcm_md5);

  // The next frames, as samples and as the bytes that hold them.
  void write(AudioView frames, const std::byte* bytes, Stopwatch& watch);

  // Completes and verifies the file. `reading` becomes that of the piece.
  OutputReport finish(Stopwatch& watch, LoudnessReading& reading);

 private:
  std::string verified(const WrittenAudio& written) const;
  std::vector<std::string> names_left_out(const std::vector<std::string>& dropped) const;

  const OutputPiece& piece_;
  AudioFormat format_;
  OutgoingMetadata outgoing_;
  AudioWriter writer_;
  std::optional<MessageDigest> md5_;
  LoudnessMeter after_;
  OctaveMeter octaves_;
};

}  // namespace lathe
