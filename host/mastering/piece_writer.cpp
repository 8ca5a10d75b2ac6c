#include "host/mastering/piece_writer.h"

#include <algorithm>

#include "host/audio_file/metadata/lost_metadata.h"
#include "host/audio_file/verify_written.h"

namespace lathe {
namespace {

BroadcastLoudness broadcast_loudness(const LoudnessFigures& figures) {
  return {figures.integrated_lufs, figures.loudness_range_lu, figures.true_peak_dbtp, figures.max_momentary_lufs,
          figures.max_short_term_lufs};
}

}  // namespace

PieceWriter::PieceWriter(const OutputPiece& piece, const AudioFormat& format, const AudioFormat& input,
                         bool is_untouched, const std::vector<double>& weights, bool pcm_md5)
    : piece_(piece),
      format_(format),
      outgoing_(outgoing_metadata(*piece.tags, *piece.metadata, input, format, is_untouched)),
      writer_(piece.file->fd(), piece.file->final_path(), format, outgoing_.tags, outgoing_.metadata),
      after_({static_cast<double>(format.sample_rate_hz), weights, true, false, format.frames}),
      octaves_(static_cast<double>(format.sample_rate_hz), format.channels) {
  if (pcm_md5 && format.container != Container::flac) md5_.emplace(MessageDigest::Kind::md5);
}

void PieceWriter::write(AudioView frames, const std::byte* bytes, Stopwatch& watch) {
  watch.start(&BusySeconds::kernels);
  after_.take(frames);
  octaves_.take(frames);
  watch.start(&BusySeconds::encode);
  if (md5_) md5_->update(bytes, static_cast<std::size_t>(frames.frames * frame_bytes(format_)));
  writer_.write(bytes, frames.frames);
}

OutputReport PieceWriter::finish(Stopwatch& watch, LoudnessReading& reading) {
  after_.finish();
  octaves_.finish();
  reading = after_.take_reading();
  Measurement after = measurement_of(reading, format_.frames, format_.sample_rate_hz);
  if (after.is_measurable) after.octaves = octaves_.figures();
  if (after.is_measurable) writer_.set_loudness(broadcast_loudness(after.figures));
  const WrittenAudio written = writer_.finish();
  OutputReport report = output_described(*piece_.output, format_);
  watch.start(&BusySeconds::io);
  report.sha256 = verified(written);
  report.dropped_tags = names_left_out(written.dropped_tags);
  watch.stop();
  report.bytes = written.bytes;
  report.pcm_md5 = md5_ ? md5_->hex() : written.pcm_md5;
  report.after = after;
  return report;
}

// What is wrong with it is said of the master, not of the name that its file has until then.
std::string PieceWriter::verified(const WrittenAudio& written) const {
  try {
    return verify_written(piece_.file->path(), format_, written);
  } catch (const AudioFileError& fault) {
    throw AudioFileError(fault.fault(), piece_.file->final_path(), fault.reason());
  }
}

// What is not true of the master, what its container has no place for, and what in the end is not in the file.
std::vector<std::string> PieceWriter::names_left_out(const std::vector<std::string>& dropped) const {
  std::vector<std::string> names = outgoing_.left_out;
  const auto add = [&names](const std::vector<std::string>& more) {
    for (const std::string& name : more)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  add(dropped);
  add(lost_metadata(piece_.file->path(), outgoing_.tags, outgoing_.metadata));
  return names;
}

}  // namespace lathe
