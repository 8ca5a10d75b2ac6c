// The manifest that `lathe master` leaves beside its masters, read back: what each of them is said to be.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/audio_file/file_part.h"

namespace lathe {

// One file that the manifest names.
struct MasterEntry {
  std::string path;    // relative to the folder
  std::string id;      // of the recipe's output: "hd"; empty of an only one
  std::string format;  // "FLAC"
  std::int64_t frames = 0;
  int sample_rate_hz = 0;
  int channels = 0;
  std::string bits;  // 16, 24, 32 or 32f
  std::int64_t bytes = 0;
  std::string sha256;
  std::string pcm_md5;       // empty: not taken
  bool is_of_side = false;   // one file for the tracks of a side: no master of one track
  bool is_partial = false;   // a preview, a stem, or a mix without some of them
  bool is_measured = false;  // the figures below are its own
  std::optional<double> integrated_lufs, true_peak_dbtp;

  // What a restoration stage took out of the track, and no master.
  bool is_removed() const { return id.ends_with("-removed"); }
};

struct MasterOrigin {
  std::string input;  // absolute, as it was then
  std::int64_t frames = 0;
  int sample_rate_hz = 0;
  FilePart part = {};        // of the input that the track is
  bool is_mix = false;       // made of stems: no file holds what it was before
  std::string mixdown = {};  // of a mix: the file that its stems were held against; empty without one
  std::vector<MasterEntry> outputs;
};

struct MasterManifest {
  std::filesystem::path folder;
  std::vector<MasterOrigin> tracks;
};

// No manifest, or none that can be believed. what() is for people.
class ManifestProblem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

constexpr const char* kMasterManifestName = "lathe-manifest.json";

// FOLDER/lathe-manifest.json. Stages and recipes are passed over as they are met: they may be many times the rest.
// Throws ManifestProblem: not there, no JSON, another schema, an entry that lacks something or names the wrong kind.
MasterManifest read_master_manifest(const std::filesystem::path& folder);

// Where the manifest's path leads; none when it would lead out of the folder.
std::optional<std::filesystem::path> path_in_folder(const std::filesystem::path& folder, const std::string& relative);

// Where links on the way to `path` lead, if that is out of the folder (which may itself be a link); else none.
std::optional<std::filesystem::path> leads_out(const std::filesystem::path& folder, const std::filesystem::path& path);

}  // namespace lathe
