#include "host/mastering/piece_readings.h"

#include <algorithm>

#include "host/audio_file/pcm_hash.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/pcm/pcm.h"

namespace lathe {

struct PieceReadings::Piece {
  explicit Piece(const AudioFormat& file)
      : format(file),
        meter({static_cast<double>(file.sample_rate_hz),
               channel_weights(file.channels, file.channel_mask, file.speakers), true, false, file.frames}) {}

  const AudioFormat& format;
  PcmHash hash;
  LoudnessMeter meter;
};

PieceReadings::PieceReadings(const ProgrammeSource& reader)
    : reader_(reader), piece_(std::make_unique<Piece>(reader.tracks().front().format)) {}
PieceReadings::~PieceReadings() = default;

void PieceReadings::take(const std::byte* bytes, std::int64_t frames) {
  for (std::int64_t done = 0; done < frames;) {
    while (reader_.ends()[done_.size()] == at_) end_piece();
    const std::int64_t part = std::min(frames - done, reader_.ends()[done_.size()] - at_);
    take_part(bytes + done * frame_bytes(piece_->format), part);
    at_ += part;
    done += part;
  }
}

void PieceReadings::take_part(const std::byte* bytes, std::int64_t frames) {
  const AudioFormat& format = piece_->format;
  piece_->hash.update(bytes, static_cast<std::size_t>(frames * frame_bytes(format)));
  planes_.resize(static_cast<std::size_t>(frames * format.channels));
  const MutableAudioView view{planes_.data(), format.channels, frames, frames};
  unpack_pcm(bytes, format.encoding, view);
  if (is_float(format.encoding)) find_non_finite(view, true);  // counted, and refused or mended, by the chain
  piece_->meter.take(view);
}

void PieceReadings::end_piece() {
  piece_->meter.finish();
  const AudioFormat& format = piece_->format;
  done_.push_back(
      {piece_->hash.hex(), measurement_of(piece_->meter.take_reading(), format.frames, format.sample_rate_hz)});
  if (done_.size() < reader_.tracks().size()) piece_ = std::make_unique<Piece>(reader_.tracks()[done_.size()].format);
}

std::vector<PieceReading> PieceReadings::finish() {
  while (done_.size() < reader_.tracks().size()) end_piece();
  return std::move(done_);
}

}  // namespace lathe
