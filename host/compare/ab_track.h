// What a listener is to compare of one master: excerpts of before, after and their difference at one loudness.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "host/compare/ab_encoding.h"
#include "host/compare/master_folder.h"

namespace lathe {

struct AbVersion {
  std::string name;    // "before", "after", "difference", or the id of what a stage removed
  double gain_db = 0;  // it is played with
  double lufs = 0;     // as it is played; with what it lacks to the others where its peaks left no more room
  bool is_matched = true;
  std::vector<std::byte> bytes;  // of an audio file
};

struct AbExcerpt {
  double at_s = 0, seconds = 0;
  std::string why;  // "the loudest", "where master and input differ most"
  std::vector<AbVersion> versions;
};

struct AbTrack {
  std::string title, artist;  // of the input's tags; the title is its file's name where there is none. Any bytes
  std::string input, master;  // paths, any bytes
  double before_lufs = 0, after_lufs = 0;
  std::vector<AbExcerpt> excerpts;
  std::vector<std::string> notes;  // for people
  std::string failure;             // with its name, why there is nothing of it; empty when there is

  std::size_t bytes() const;
};

struct AbOptions {
  double seconds = 10;
  int excerpts = 3;
  AbCodec codec = AbCodec::flac;
};

// `masters`: the files of one track in the folder. The first whole master is "after"; "before" is the input, and of a
// mix made of stems its mixdown. Excerpts do not overlap: the loudest of the master (K-weighted), then where master and
// input, at the same integrated loudness, differ most. Before and after have the same loudness within 0.1 LU, at most
// -16 LUFS and with their true peaks under -1 dBTP; the difference is that of what is heard, and brought to the same
// loudness as far as its peaks allow. Rates above 48 kHz are converted, of more than two channels the first two are
// taken. Never throws for what is wrong with a file. Throws CheckCancelled, IsolationFailed, EncoderFailed.
AbTrack cut_track(const std::vector<NamedMaster>& masters, const AbOptions& options,
                  const std::atomic<bool>& is_cancelled);

}  // namespace lathe
