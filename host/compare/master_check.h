// One master against what its manifest says: bytes, hash, decoding, format, samples, and its loudness measured anew.
//
// Nothing of the mastering is believed: the published file is opened as a stranger's would be (isolated decoders), and
// measured from what was decoded.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/audio_file/message_digest.h"
#include "host/compare/master_manifest.h"

namespace lathe {

enum class MasterState {
  ok,
  changed,     // its bytes are not the manifest's
  missing,     // not there
  unreadable,  // cannot be read, or does not decode though its bytes are right
  different    // another master in its place; or its bytes are right and what is in them is not what the manifest says
};

std::string_view word(MasterState state);  // "OK"

// What the samples of a changed file are, as far as the manifest can tell.
enum class AudioState { same, changed, unknown };

struct MasterFinding {
  std::string code;     // stable: "SHA256"
  std::string message;  // for people
};

struct MasterCheck {
  MasterState state = MasterState::ok;
  std::vector<MasterFinding> findings;  // empty when ok; the weightiest first
  AudioState audio = AudioState::unknown;
  std::optional<std::string> sha256;                      // as found
  std::optional<double> integrated_lufs, true_peak_dbtp;  // as measured

  std::string reason() const;  // all messages in a line
};

struct MasterCheckOptions {
  bool measures = true;  // loudness and true peak
};

// How far a second measurement of the same samples may lie from the first.
constexpr double kLoudnessTolerance_lu = 0.01;
constexpr double kTruePeakTolerance_db = 0.02;

// Whose hashes a manifest knows.
class KnownHashes {
 public:
  explicit KnownHashes(const MasterManifest& manifest);
  // The first file with this hash; empty when there is none.
  std::string owner(const std::string& sha256) const;

 private:
  std::map<std::string, std::string> paths_;
};

// Thrown from within when `is_cancelled` becomes true.
class CheckCancelled : public std::runtime_error {
 public:
  CheckCancelled() : std::runtime_error("cancelled") {}
};

// Never throws for what is wrong with the file. Throws CheckCancelled, IsolationFailed.
MasterCheck check_master(const MasterEntry& entry, const std::filesystem::path& path, const KnownHashes& known,
                         const MasterCheckOptions& options, const std::atomic<bool>& is_cancelled);

// Of a whole file, read once: in the order of `kinds`. Throws AudioFileError, CheckCancelled.
std::vector<std::string> digests_of_file(const std::filesystem::path& path,
                                         const std::vector<MessageDigest::Kind>& kinds,
                                         const std::atomic<bool>& is_cancelled);

// SHA-256 of a whole file. Throws likewise.
std::string sha256_of_file(const std::filesystem::path& path, const std::atomic<bool>& is_cancelled);

}  // namespace lathe
