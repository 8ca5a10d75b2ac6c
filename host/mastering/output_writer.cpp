#include "host/mastering/output_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

#include "host/audio_file/input_file.h"
#include "host/mastering/piece_writer.h"
#include "kernels/limiter/limiter.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace {

constexpr std::int64_t kWrittenBlock = BlockBuffers::kFrames;

// Samples above full scale, which packing clamps.
std::int64_t clipped_in(AudioView frames) {
  std::int64_t clipped = 0;
  for (int c = 0; c < frames.channels; ++c) {
    std::int32_t over = 0;
    for (std::int64_t n = 0; n < frames.frames; ++n) over += std::abs(frames.channel(c)[n]) > 1.0f ? 1 : 0;
    clipped += over;
  }
  return clipped;
}

Passage track_of(const std::vector<OutputPiece>& pieces, std::size_t index) {
  return {index == 0 ? 0 : pieces[index - 1].end, pieces[index].end};
}

Passage written_of(const std::vector<OutputPiece>& pieces, std::size_t index) {
  return pieces[index].preview.value_or(track_of(pieces, index));
}

// Frames of one piece within a block.
struct BlockPart {
  std::size_t piece;
  std::int64_t offset, frames;
};

std::vector<BlockPart> parts_of(const std::vector<OutputPiece>& pieces, std::int64_t first, std::int64_t count) {
  std::vector<BlockPart> parts;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Passage written = written_of(pieces, i);
    if (written.first >= first + count) break;
    const std::int64_t from = std::max(written.first, first), to = std::min(written.end, first + count);
    if (from < to) parts.push_back({i, from - first, to - from});
  }
  return parts;
}

std::string bits_name(Encoding encoding) {
  if (encoding == Encoding::float32) return "32f";
  if (encoding == Encoding::float64) return "64f";
  return std::to_string(bits_per_sample(encoding));
}

}  // namespace

AudioFormat format_of(const OutputSpec& output, const AudioFormat& input) {
  AudioFormat format = input;
  format.container = output.container;
  format.encoding = output.encoding;
  format.valid_bits = 0;
  return format;
}

OutputReport output_described(const OutputSpec& output, const AudioFormat& format) {
  OutputReport report;
  report.id = output.id;
  report.is_whole = output.preview_s == 0 && output.without.empty() && !output.removed_by;
  report.path = output.path;
  report.container = container_name(format.container);
  report.frames = format.frames;
  report.sample_rate_hz = format.sample_rate_hz;
  report.channels = format.channels;
  report.bits = bits_name(format.encoding);
  if (output.stem) report.stem = StemOutput{output.stem->input, output.stem->role, {}, {}};
  return report;
}

BlockBuffers::BlockBuffers(const AudioFormat& input)
    : bytes(static_cast<std::size_t>(kFrames * std::max(frame_bytes(input), 4 * input.channels)) + kPcmSlackBytes),
      work(static_cast<std::size_t>(kFrames * input.channels)),
      steps(static_cast<std::size_t>(kFrames * input.channels)) {}

OutputWriter::OutputWriter(const RenderSource& source, const std::vector<double>& weights, BlockBuffers& blocks,
                           Stopwatch& watch, std::function<void(double)> tick)
    : source_(source), in_(source.track), weights_(weights), blocks_(blocks), watch_(watch), tick_(std::move(tick)) {}

WrittenOutput OutputWriter::write(const std::vector<OutputPiece>& pieces, bool pcm_md5) {
  const OutputSpec& output = *pieces.front().output;
  AudioFormat format = format_of(output, in_);
  Quantizer quantizer = quantizer_for(output);
  const bool is_preview = pieces.front().preview.has_value();
  const bool copies = source_.is_untouched && format.encoding == in_.encoding && !is_preview;
  const bool counts_clipped = !copies && source_.curve == nullptr && !is_float(output.encoding);
  if (copies || source_.store == nullptr || keeps_wide_samples(output)) source_.input->rewind();
  WrittenOutput written;
  std::optional<LoudnessMeter> whole;
  if (pieces.size() > 1 && !is_preview)
    whole.emplace(LoudnessMeter::Setup{static_cast<double>(in_.sample_rate_hz), weights_, true, false, in_.frames});
  std::vector<std::int64_t> clipped(pieces.size());
  std::optional<PieceWriter> piece;
  const auto end_piece = [&] {
    LoudnessReading reading;
    written.pieces.push_back(piece->finish(watch_, reading));
    written.pieces.back().clipped_samples = clipped[written.pieces.size() - 1];
    piece.reset();
    if (!whole) written.whole = std::move(reading);  // of a preview nobody asks it
  };
  // The one in hand is `index` then; a piece may have no frames.
  const auto begin_piece = [&](std::size_t index) {
    while (!piece || written.pieces.size() < index) {
      if (piece) end_piece();
      const std::size_t next = written.pieces.size();
      format.frames = written_of(pieces, next).frames();
      piece.emplace(pieces[next], format, source_.input->format(), source_.is_untouched && !is_preview, weights_,
                    pcm_md5);
    }
  };
  for (std::int64_t first = 0; first < in_.frames; first += kWrittenBlock) {
    tick_(static_cast<double>(first) / static_cast<double>(in_.frames));
    const std::int64_t count = std::min(kWrittenBlock, in_.frames - first);
    const MutableAudioView frames{blocks_.work.data(), in_.channels, count, kWrittenBlock};
    const std::vector<BlockPart> parts = parts_of(pieces, first, count);
    if (is_preview && parts.empty() && source_.store != nullptr) continue;
    if (copies) {
      copy_block(frames);
    } else {
      render_block(frames, first);
      for (const BlockPart& part : parts) {
        if (!is_preview) break;
        soften_ends(frames.slice(part.offset, part.frames), first + part.offset, *pieces[part.piece].preview,
                    track_of(pieces, part.piece), in_.sample_rate_hz);
      }
      if (counts_clipped)
        for (const BlockPart& part : parts) clipped[part.piece] += clipped_in(frames.slice(part.offset, part.frames));
      pack_block(output, quantizer, frames, first);
    }
    if (whole) {
      watch_.start(&BusySeconds::kernels);
      whole->take(frames);
    }
    for (const BlockPart& part : parts) {
      begin_piece(part.piece);
      piece->write(frames.slice(part.offset, part.frames), blocks_.bytes.data() + part.offset * frame_bytes(format),
                   watch_);
    }
  }
  begin_piece(pieces.size() - 1);
  end_piece();
  if (whole) {
    whole->finish();
    written.whole = whole->take_reading();
  }
  return written;
}

void OutputWriter::copy_block(MutableAudioView frames) {
  watch_.start(&BusySeconds::decode);
  if (source_.input->read(blocks_.bytes.data(), frames.frames) != frames.frames) {
    throw AudioFileError(AudioFileError::Fault::truncated, source_.input->path(),
                         "the file became shorter while it was being read");
  }
  unpack_pcm(blocks_.bytes.data(), in_.encoding, frames);
  // Only with scrub: without it the first pass has refused such a track.
  if (is_float(in_.encoding) && find_non_finite(frames, true).count > 0) {
    Quantizer(Encoding::float32, Dither::none, 0).pack(frames, 0, blocks_.steps.data(), blocks_.bytes.data());
  }
}

Quantizer OutputWriter::quantizer_for(const OutputSpec& output) const {
  // Samples that are still the input's need no dither where every one of them fits the new step.
  const bool fits = !is_float(in_.encoding) && bits_per_sample(output.encoding) >= bits_per_sample(in_.encoding);
  const bool is_untouched = source_.is_untouched && output.preview_s == 0;  // a preview's ends are softened
  const Dither dither = is_untouched && fits ? Dither::none : output.dither;
  const bool keeps = source_.keeps_samples && fits && source_.gain == 1;
  return {output.encoding, dither, source_.dither_seed, keeps ? OnStep::kept : OnStep::dithered,
          static_cast<double>(in_.sample_rate_hz)};
}

void OutputWriter::render_block(MutableAudioView frames, std::int64_t first) {
  if (source_.store != nullptr) {
    watch_.start(&BusySeconds::limiter);
    const AudioView in = source_.store->read(first, frames.frames);
    const auto gain = static_cast<float>(source_.gain);
    for (int c = 0; c < in.channels; ++c) {
      if (source_.curve != nullptr) {
        apply_limited_gain(in.channel(c), frames.frames, source_.gain,
                           source_.curve->reduction().data() + first / kPeakGroup, frames.channel(c));
      } else {
        for (std::int64_t n = 0; n < frames.frames; ++n) frames.channel(c)[n] = gain * in.channel(c)[n];
      }
    }
    if (source_.minus != nullptr) {
      const AudioView less = source_.minus->read(first, frames.frames);
      for (int c = 0; c < in.channels; ++c) {
        for (std::int64_t n = 0; n < frames.frames; ++n) frames.channel(c)[n] -= less.channel(c)[n];
      }
    }
  } else {
    copy_block(frames);
  }
}

void OutputWriter::pack_block(const OutputSpec& output, Quantizer& quantizer, MutableAudioView frames,
                              std::int64_t first) {
  watch_.start(&BusySeconds::encode);
  quantizer.pack(frames, first, blocks_.steps.data(), blocks_.bytes.data());
  if (keeps_wide_samples(output)) put_back_wide_samples(frames, first);
}

// The track is kept in floats, which hold 24 bits of 32: what was not mended comes from the file again.
bool OutputWriter::keeps_wide_samples(const OutputSpec& output) const {
  return output.preview_s == 0 && source_.keeps_samples && source_.gain == 1 && source_.store != nullptr &&
         in_.encoding == Encoding::pcm32 && output.encoding == Encoding::pcm32;
}

void OutputWriter::put_back_wide_samples(MutableAudioView frames, std::int64_t first) {
  watch_.start(&BusySeconds::decode);
  const std::int64_t samples = frames.frames * in_.channels;
  std::vector<std::byte> bytes(static_cast<std::size_t>(frames.frames * frame_bytes(in_)) + kPcmSlackBytes);
  if (source_.input->read(bytes.data(), frames.frames) != frames.frames) {
    throw AudioFileError(AudioFileError::Fault::truncated, source_.input->path(),
                         "the file became shorter while it was being read");
  }
  std::vector<float> planar(static_cast<std::size_t>(samples));
  const MutableAudioView read{planar.data(), in_.channels, frames.frames, frames.frames};
  unpack_pcm(bytes.data(), in_.encoding, read);
  const AudioView held = source_.store->read(first, frames.frames);
  for (int c = 0; c < in_.channels; ++c) {
    for (std::int64_t n = 0; n < frames.frames; ++n) {
      if (held.channel(c)[n] != read.channel(c)[n]) continue;
      const std::int64_t at = (n * in_.channels + c) * static_cast<std::int64_t>(sizeof(std::int32_t));
      std::memcpy(blocks_.bytes.data() + at, bytes.data() + at, sizeof(std::int32_t));
      frames.channel(c)[n] = read.channel(c)[n];
    }
  }
}

}  // namespace lathe
