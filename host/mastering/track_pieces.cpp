// What a run makes of each of its programme's tracks: files, report, preview.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "host/audio_file/metadata/cue_points.h"
#include "host/mastering/track_run.h"

namespace lathe {
namespace {

Metadata pictures_of(const Metadata& metadata) {
  Metadata pictures;
  pictures.pictures = metadata.pictures;
  return pictures;
}

// Fields that count from the track's beginning.
bool tells_places(const std::string& field) { return is_chapter_field(field) || field == "CUESHEET"; }

}  // namespace

TrackRun::Written TrackRun::write_pieces(const RenderSource& source, std::size_t index,
                                         const std::vector<std::int64_t>& ends, std::function<void(double)> tick) {
  Written written;
  std::vector<OutputPiece> pieces;
  std::deque<Tags> tags;
  std::deque<Metadata> pictures;  // what is left of a preview's metadata: all else counts from the track's beginning
  for (std::size_t i = 0; i < ends.size(); ++i) written.files.emplace_back(job_.out_dir, output_of(i, index).path);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const ProgrammeTrack& track = source_.tracks()[i];
    pieces.push_back({&output_of(i, index), &written.files[i], &track.tags, &track.metadata, ends[i]});
    if (!is_preview(index)) continue;
    pieces.back().preview = preview_of(i, job_.outputs[index], source.track.sample_rate_hz);
    pieces.back().metadata = &pictures.emplace_back(pictures_of(track.metadata));
    Tags& own = tags.emplace_back(track.tags);
    std::erase_if(own.fields, [](const auto& field) { return tells_places(field.first); });
    pieces.back().tags = &own;
  }
  OutputWriter writer(source, weights_, blocks_, watch_, std::move(tick));
  WrittenOutput done = writer.write(pieces, job_.pcm_md5);
  written.reports = std::move(done.pieces);
  written.whole = std::move(done.whole);
  for (std::size_t i = 0; i < ends.size() && is_preview(index); ++i) {
    const std::int64_t from = pieces[i].preview->first - (i == 0 ? 0 : ends[i - 1]);
    written.reports[i].preview_at_s = static_cast<double>(from) / source.track.sample_rate_hz;
  }
  return written;
}

MasteredTrack TrackRun::finish() {
  std::vector<MasteredTrack> tracks;
  for (std::size_t piece = 0; piece < source_.tracks().size(); ++piece) {
    MasteredTrack track;
    track.report = report_of_piece(piece);
    for (auto& [index, output] : written_) {
      track.files.push_back(std::move(output.files[piece]));
      track.report.outputs.push_back(std::move(output.reports[piece]));
    }
    tracks.push_back(std::move(track));
  }
  MasteredTrack first = std::move(tracks.front());
  first.report.busy = watch_.total();
  first.joined.assign(std::make_move_iterator(tracks.begin() + 1), std::make_move_iterator(tracks.end()));
  return first;
}

// All but its outputs, and the time that it took: that is the whole programme's.
TrackReport TrackRun::report_of_piece(std::size_t piece) const {
  TrackReport report = report_;
  const ProgrammeTrack& track = source_.tracks()[piece];
  std::vector<std::string> notes = track.notes;
  if (is_joined()) {
    report.input = track.path;
    report.input_format = format_text(track.format);
    report.frames = track.format.frames;
    report.payload_hash = pieces_[piece].payload_hash;
    report.before = pieces_[piece].before;
    notes.push_back(fmt::format(
        "one stream of {} tracks that run into each other, from {}: what the stages report is of all of it, and its "
        "times count from there",
        source_.tracks().size(), job_.input.filename().string()));
  }
  notes.insert(notes.end(), report_.notes.begin(), report_.notes.end());
  notes.insert(notes.end(), notes_[piece].begin(), notes_[piece].end());
  std::ranges::move(path_notes(piece == 0 ? job_.outputs : job_.joined[piece - 1].outputs), std::back_inserter(notes));
  report.notes = std::move(notes);
  report.reason = reasons_[piece];
  return report;
}

Passage TrackRun::track_within(std::size_t piece, int sample_rate_hz) const {
  const std::vector<std::int64_t> ends = ends_at(sample_rate_hz);
  return {piece == 0 ? 0 : ends[piece - 1], ends[piece]};
}

// The same seconds at every rate.
Passage TrackRun::preview_of(std::size_t piece, const OutputSpec& output, int sample_rate_hz) const {
  const int rate_hz = track_format_.sample_rate_hz;
  const Passage at_track = loudest_passage(loudness_over_time_, track_within(piece, rate_hz), output.preview_s);
  Passage passage = passage_at(at_track, rate_hz, sample_rate_hz);
  const Passage track = track_within(piece, sample_rate_hz);
  passage.end = std::min(passage.end, track.end);
  passage.first = std::max(passage.first, track.first);
  return passage;
}

}  // namespace lathe
