// The albums of an audit while their files come in: what is kept of each file until its album is whole.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/audit/track_stream.h"
#include "scheduler/worker/audit_memory.h"
#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

struct AlbumTrack {
  FileAudit file;                      // slim: what albums are made of and judged by; its path is its name alone
  const ScannedTrack* from = nullptr;  // the scan outlives it
  int disc = 0, number = 0;            // by its tags; 0 for none
};

struct OpenAlbum {
  std::string path;
  std::vector<AlbumTrack> tracks;

  // In the order in which they are played: by disc and number where all tracks have one of their own, else as they
  // came.
  void put_in_order();
};

// Albums in the order of the scan: a folder's files stand together in it but for folders between them, so each album
// knows how many of its files are still to come.
class OpenAlbums {
 public:
  explicit OpenAlbums(const Scan& scan);

  // Takes what the album needs of the file. The album, when this is its last one.
  std::optional<OpenAlbum> add(const FileAudit& file, const ScannedTrack& from);

  // What is there of the albums that will not be finished.
  std::vector<OpenAlbum> take_rest();

 private:
  std::map<std::string, std::int64_t> left_;
  std::map<std::string, std::vector<AlbumTrack>> tracks_;
};

// The runs of tracks that go on into each other, each measured end to end, or remembered. Throws AuditCancelled; a file
// that cannot be read any more leaves its album without streams.
std::vector<AlbumStream> streams_of(const OpenAlbum& album, Contiguous when, const AuditOptions& options,
                                    AuditMemory* memory, const std::atomic<bool>& is_cancelled);

// The ladder's tracks by where they lie, instead of by their names alone.
void put_paths(const OpenAlbum& album, AlbumLadder& ladder);

}  // namespace lathe::scheduler
