// The tone and the loudness of the files that match_eq's `reference` names, measured once and shared.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/tonal_balance/match_curve.h"

namespace lathe {

// The file itself, or what a folder holds of accepted extensions, by name; not what lies in folders below it. Throws
// std::invalid_argument when there is nothing.
std::vector<std::filesystem::path> reference_files(const std::filesystem::path& reference);

struct ReferenceReading {
  ToneAim tone;
  double integrated_lufs = 0;  // a folder's files as one programme: gated together (BS.1770-5)
};

// For all tracks and threads of a process.
class ReferenceTones {
 public:
  // Measured at the first call, and again when a file's size or time has changed; an album's signature
  // (album_signature.h) is read instead. Two threads that ask for the same
  // measure it once; others do not wait. `check` is called for every block that is read; it may throw. Throws
  // std::invalid_argument that names the file when one cannot be read, holds samples that are no number, or has no loud
  // part in all of them; until a file changes, again without another look.
  ReferenceReading get(const std::filesystem::path& reference, const std::function<void()>& check);

 private:
  struct Entry {
    std::mutex mutex;
    std::string state;  // of the files when they were measured; empty: not yet
    ReferenceReading reading;
    std::string why_not;  // the files cannot serve; else empty
  };
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace lathe
