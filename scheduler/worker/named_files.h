// The files that a recipe names beside the track: a master is made of them, too, and another content under the same
// name is another master.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "host/mastering/chain.h"

namespace lathe::scheduler {

// Of one thread that masters.
class NamedFiles {
 public:
  // What they hold, by hash: a line each; empty when the chain names none. Throws AudioFileError for a name that is no
  // whole path or not a file, what check_below_roots() throws, and std::invalid_argument for a folder without audio.
  std::string hashes(const Chain& chain, const std::vector<std::string>& roots);

  // What the checks of the outputs stand on, in the same way: files of delivery profiles, and the programs of this
  // machine that encode and decode, for another version may leave other peaks, and so another ceiling. Throws as
  // hashes().
  std::string check_lines(const std::vector<OutputSpec>& outputs, const std::vector<std::string>& roots);

 private:
  // Read once for all tracks that are made with it, and again when its size, time or place has changed.
  const std::string& hash_of(const std::filesystem::path& file);

  std::map<std::string, std::string> known_;  // by name and identity
};

// The file or folder that the chain names and that lies at `output` or around it; empty: none.
std::filesystem::path named_file_at(const Chain& chain, const std::filesystem::path& output);

}  // namespace lathe::scheduler
