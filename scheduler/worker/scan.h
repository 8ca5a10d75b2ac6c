// From what the user names to the tracks of a batch: files, and folders with all that lies in them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/manifest/manifest.h"
#include "scheduler/store/file_stamp.h"

namespace lathe::scheduler {

// The files of one mix.
struct StemFolder {
  std::vector<std::string> stems;  // absolute, by name, or in a manifest's order
  std::vector<std::string> roles;  // that a manifest gives them, or empty texts; as many
  std::string mixdown;             // that the untouched stems should sum to; empty: none
  ManifestRow row;                 // what a manifest says of the mix
};

struct ScannedTrack {
  // Paths as text: a std::filesystem::path takes several times the room, and there may be many tracks.
  std::string input;                   // absolute, as the user reaches it (links are not resolved)
  std::string relative;                // its place under the output folder, without the extension
  std::string album;                   // planning key: the folder it lies in
  std::int64_t bytes = 0;              // of a part of a file, its share
  FileStamp stamp;                     // as the scan found it
  const Manifest* manifest = nullptr;  // the one that names it, and its row there; the scan keeps it
  const ManifestRow* row = nullptr;
  // It is a mix: `input` is its folder, or in a manifest what that would be called; `bytes` and `stamp` are theirs.
  std::shared_ptr<const StemFolder> stems = {};
};

// Something that was named, or found in a folder, and cannot be looked at.
struct ScanProblem {
  std::filesystem::path path;
  std::string reason;
};

struct Scan {
  std::int64_t began_ms = 0;         // since 1970; every stamp was taken later
  std::vector<ScannedTrack> tracks;  // those of manifests in their order, then the others sorted by path
  std::vector<std::shared_ptr<const Manifest>> manifests;
  std::vector<ScanProblem> problems;
  std::vector<std::string> warnings;  // sound files of kinds that are not taken, counted by kind
};

// The command as a whole makes no sense, and nothing has been touched.
class RefusedInput : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Folders are searched to the bottom; hidden files and what other systems leave behind (`._x`) are passed over, and a
// folder that links back to one above it is entered once. One folder alone: tracks keep their place below it. Several
// inputs: each folder keeps its own name too. Throws RefusedInput when `out_dir` lies in an input folder; it is empty
// for a run that writes nothing.
// With `takes_manifests`, a .csv or .json file among the inputs stands for the tracks it names, there or not, and
// throws RecipeErrors with all that is wrong in all of them. What it names is not taken a second time from a folder.
// With `takes_cue_sheets`, a .cue file among the inputs stands for its tracks, or throws RecipeErrors; one in a folder,
// if what it names is there, and else there is a warning. A file that is cut into tracks is none by itself. Tracks that
// are parts of a file lie where the file does, under the names "01 Title"; in a folder of the sheet's name where there
// are several such sheets.
Scan scan_inputs(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& out_dir,
                 bool takes_manifests = false, bool takes_cue_sheets = false);

}  // namespace lathe::scheduler
