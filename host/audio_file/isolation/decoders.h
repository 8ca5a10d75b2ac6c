// Decoders in processes of their own: where files of unknown origin are parsed, so that what is hidden in one can reach
// nothing.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/isolation/child_link.h"

namespace lathe {

// Forks the process that starts them; from then on AudioReader reads through them. To be called first of all in main(),
// before there are threads, once. LATHE_ISOLATION=off: does nothing; =file: every header gets a child of its own.
// Throws std::system_error, std::runtime_error.
void start_decoders();

class Decoders;

// Null: files are read in the process.
Decoders* running_decoders();

// The line to the nursery. Any thread may use it.
class Decoders {
 public:
  // `shared_headers`: of how many files a child may read the headers.
  Decoders(FileDescriptor nursery, int shared_headers);

  // A child that has met no file. Throws IsolationFailed.
  isolation::ChildLink take();

  // A child for headers, of plain files or of FLAC.
  struct HeaderChild {
    isolation::ChildLink link;
    int files = 0;  // that it has met
  };
  HeaderChild take_for_header(Container container);
  // After a file with which all went well.
  void give_back(Container container, HeaderChild child);

 private:
  isolation::ChildLink order();
  std::vector<HeaderChild>& resting(Container container) { return resting_[container == Container::flac ? 1 : 0]; }

  FileDescriptor nursery_;
  const int shared_headers_;
  std::mutex mutex_;
  std::optional<isolation::ChildLink> spare_;  // ordered ahead: what a fork takes is not waited for
  std::array<std::vector<HeaderChild>, 2> resting_;
};

}  // namespace lathe
