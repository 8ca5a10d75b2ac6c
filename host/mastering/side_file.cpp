#include "host/mastering/side_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/metadata/cue_points.h"
#include "host/mastering/piece_writer.h"
#include "host/mastering/stopwatch.h"
#include "host/mastering/track_master.h"

namespace lathe {
namespace {

std::vector<MetadataChunk> marker_chunks(Container container, const std::vector<CuePoint>& cues) {
  switch (container) {
    case Container::aiff:
      return aiff_cue_chunks(cues);
    case Container::caf:
      return caf_cue_chunks(cues);
    default:
      return riff_cue_chunks(cues);  // FLAC keeps RIFF's chunks
  }
}

class SideJoiner {
 public:
  SideJoiner(const OutputSpec& output, const std::string& side, const std::vector<SideTrack>& tracks)
      : output_(output), side_(side), tracks_(tracks) {
    for (const SideTrack& track : tracks) look_at(track);
    tags_ = shared_fields(all_tags_);
    std::erase_if(tags_.fields,
                  [](const auto& field) { return field.first == "TITLE" || field.first == "TRACKNUMBER"; });
    tags_.fields.emplace_back("TITLE", "Side " + side);
    std::vector<CuePoint> cues;
    for (const SidePlace& place : places_) cues.push_back({place.first_frame, place.title, {}});
    metadata_.chunks = marker_chunks(format_.container, cues);
    for (const MetadataChunk& chunk : metadata_.chunks) left_out_.erase(chunk_name(chunk));
    if (metadata_.pictures.empty()) left_out_.insert(pictures_.begin(), pictures_.end());
    // What no track's own file could hold either.
    for (const SideTrack& track : tracks)
      left_out_.insert(track.report->dropped_tags.begin(), track.report->dropped_tags.end());
  }

  SideFile join(const std::filesystem::path& out_dir, bool pcm_md5, const std::atomic<bool>& is_cancelled) {
    StagedFile file(out_dir, output_.path);
    Stopwatch watch;
    const OutputPiece piece{&output_, &file, &tags_, &metadata_, format_.frames};
    PieceWriter writer(piece, format_, format_, true,
                       channel_weights(format_.channels, format_.channel_mask, format_.speakers), pcm_md5);
    BlockBuffers blocks(format_);
    for (const SideTrack& track : tracks_) copy(track, blocks, writer, watch, is_cancelled);
    LoudnessReading reading;
    OutputReport report = writer.finish(watch, reading);
    describe(report);
    return {std::move(report), std::move(file), watch.total()};
  }

 private:
  void look_at(const SideTrack& track) {
    const AudioReader reader(track.file->path(), Md5::left_alone, Reading::header);
    const AudioFormat& format = reader.format();
    if (places_.empty()) {
      format_ = format;
      format_.frames = 0;
      metadata_.pictures = reader.metadata().pictures;
    } else if (format.sample_rate_hz != format_.sample_rate_hz || format.channels != format_.channels ||
               format.encoding != format_.encoding) {
      throw UnusableAudio(fmt::format(
          "{}: its master has {}, and the file of side {} has {} so far; give the output its sample_rate and bits, and "
          "the side tracks of as many channels",
          track.input.string(), format_text(format), side_, format_text(format_)));
    } else if (reader.metadata().pictures != metadata_.pictures) {
      metadata_.pictures.clear();
    }
    for (const MetadataChunk& chunk : reader.metadata().chunks) left_out_.insert(chunk_name(chunk));
    for (const Picture& picture : reader.metadata().pictures) pictures_.insert(picture_name(picture));
    all_tags_.push_back(reader.tags());
    const std::string title(reader.tags().first("TITLE"));
    places_.push_back(
        {track.input, title.empty() ? track.input.stem().string() : title, format_.frames, format.frames});
    format_.frames += format.frames;
  }

  static void copy(const SideTrack& track, BlockBuffers& blocks, PieceWriter& writer, Stopwatch& watch,
                   const std::atomic<bool>& is_cancelled) {
    AudioReader reader(track.file->path(), Md5::left_alone);
    const AudioFormat& format = reader.format();
    for (;;) {
      if (is_cancelled.load(std::memory_order_relaxed)) throw MasteringCancelled();
      watch.start(&BusySeconds::decode);
      const std::int64_t count = reader.read(blocks.bytes.data(), BlockBuffers::kFrames);
      if (count == 0) break;
      const MutableAudioView frames{blocks.work.data(), format.channels, count, BlockBuffers::kFrames};
      unpack_pcm(blocks.bytes.data(), format.encoding, frames);
      writer.write(frames, blocks.bytes.data(), watch);
    }
    watch.stop();
  }

  // What is true of its tracks is true of it.
  void describe(OutputReport& report) const {
    std::set<std::string> left_out = left_out_;
    report.side = side_;
    report.side_tracks = places_;
    report.asked_lufs = tracks_.front().report->asked_lufs;
    report.asked_dbtp = tracks_.front().report->asked_dbtp;
    for (const std::string& name : report.dropped_tags) left_out.erase(name);
    report.dropped_tags.insert(report.dropped_tags.end(), left_out.begin(), left_out.end());
    for (const SideTrack& track : tracks_) {
      const OutputReport& own = *track.report;
      report.clipped_samples += own.clipped_samples;
      if (own.reason.empty() || report.reason.find(own.reason) != report.reason.npos) continue;
      report.reason += (report.reason.empty() ? "" : "; ") + own.reason;
    }
  }

  const OutputSpec& output_;
  const std::string& side_;
  const std::vector<SideTrack>& tracks_;
  AudioFormat format_;
  std::vector<SidePlace> places_;
  std::vector<Tags> all_tags_;
  Tags tags_;
  Metadata metadata_;
  std::set<std::string> left_out_, pictures_;  // by name
};

}  // namespace

SideFile join_side(const OutputSpec& output, const std::filesystem::path& out_dir, const std::string& side,
                   const std::vector<SideTrack>& tracks, bool pcm_md5, const std::atomic<bool>& is_cancelled) {
  return SideJoiner(output, side, tracks).join(out_dir, pcm_md5, is_cancelled);
}

}  // namespace lathe
