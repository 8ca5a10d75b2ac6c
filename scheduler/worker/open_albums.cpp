#include "scheduler/worker/open_albums.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/isolation/decoder_error.h"

namespace lathe::scheduler {
namespace {

// "7", "07" and "7/12" are 7; 0 for what is no number.
int number_of(const FileAudit& file, const char* tag) {
  const auto found = file.tags.find(tag);
  int number = 0;
  if (found != file.tags.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return std::max(number, 0);
}

// Copied, not moved: what the threads allocate they give back, and nothing small stays among their large buffers.
AlbumTrack slim(const FileAudit& file) {
  AlbumTrack track;
  FileAudit& kept = track.file;
  kept.path = file.path.filename();  // a path takes room for each of its parts
  kept.state = file.state;
  kept.reason = file.reason;
  kept.encoding = file.encoding;
  kept.sample_rate_hz = file.sample_rate_hz;
  kept.channels = file.channels;
  kept.channel_mask = file.channel_mask;
  kept.channel_layout = file.channel_layout;
  kept.frames = file.frames;
  kept.payload_hash = file.payload_hash;
  kept.figures = file.figures;
  kept.octaves = file.octaves;
  kept.powers = file.powers;
  kept.edges = file.edges;
  track.disc = number_of(file, "disc");
  track.number = number_of(file, "track");
  return track;
}

bool joins_next(const AlbumTrack& track, const AlbumTrack& next, Contiguous when) {
  const ManifestRow* row = track.from->row;
  if (row != nullptr && row->contiguous) when = *row->contiguous ? Contiguous::always : Contiguous::never;
  return runs_on(track.file, next.file, when);
}

StreamAudit stream_audit(const std::vector<std::filesystem::path>& files, const std::vector<const FileAudit*>& tracks,
                         const AuditOptions& options, AuditMemory* memory, const std::atomic<bool>& is_cancelled) {
  if (memory != nullptr) {
    if (const auto known = memory->recall_stream(tracks)) return *known;
  }
  StreamAudit audit = measure_stream(files, options.dual_mono, is_cancelled);
  if (memory != nullptr) memory->remember_stream(tracks, audit);
  return audit;
}

}  // namespace

void OpenAlbum::put_in_order() {
  std::set<std::pair<int, int>> places;
  for (const AlbumTrack& track : tracks) {
    if (track.number == 0 || !places.insert({track.disc, track.number}).second) return;
  }
  std::ranges::stable_sort(tracks, {}, [](const AlbumTrack& track) { return std::pair(track.disc, track.number); });
}

OpenAlbums::OpenAlbums(const Scan& scan) {
  for (const ScannedTrack& track : scan.tracks) ++left_[track.album];
}

std::optional<OpenAlbum> OpenAlbums::add(const FileAudit& file, const ScannedTrack& from) {
  std::int64_t& left = left_[file.album];
  std::vector<AlbumTrack>& tracks = tracks_[file.album];
  if (tracks.empty()) tracks.reserve(static_cast<std::size_t>(left));
  tracks.push_back(slim(file));
  tracks.back().from = &from;
  if (--left > 0) return std::nullopt;
  OpenAlbum whole{file.album, std::move(tracks)};
  tracks_.erase(file.album);
  return whole;
}

std::vector<OpenAlbum> OpenAlbums::take_rest() {
  std::vector<OpenAlbum> rest;
  for (auto& [path, tracks] : tracks_) rest.push_back({path, std::move(tracks)});
  tracks_.clear();
  return rest;
}

std::vector<AlbumStream> streams_of(const OpenAlbum& album, Contiguous when, const AuditOptions& options,
                                    AuditMemory* memory, const std::atomic<bool>& is_cancelled) {
  std::vector<AlbumStream> streams;
  const std::vector<AlbumTrack>& tracks = album.tracks;
  try {
    for (std::size_t first = 0, end = 1; first < tracks.size(); first = end, end = first + 1) {
      while (end < tracks.size() && joins_next(tracks[end - 1], tracks[end], when)) ++end;
      if (end - first < 2) continue;
      std::vector<std::filesystem::path> files;
      std::vector<const FileAudit*> members;
      for (std::size_t t = first; t < end; ++t) {
        files.emplace_back(tracks[t].from->input);
        members.push_back(&tracks[t].file);
      }
      streams.push_back({first, end - first, stream_audit(files, members, options, memory, is_cancelled)});
    }
  } catch (const AudioFileError&) {
    streams.clear();
  } catch (const DecoderDied&) {
    streams.clear();
  }
  return streams;
}

void put_paths(const OpenAlbum& album, AlbumLadder& ladder) {
  for (std::size_t t = 0; t < ladder.tracks.size(); ++t) ladder.tracks[t].path = album.tracks[t].from->input;
}

}  // namespace lathe::scheduler
