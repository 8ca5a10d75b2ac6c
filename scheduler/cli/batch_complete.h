// BatchComplete.json: the file that is written last, so that whoever waits for a delivery knows that it is whole.
#pragma once

#include <filesystem>
#include <string>

#include "scheduler/worker/local_batch.h"

namespace lathe::cli {

// The sentinel of one delivery folder. It is there only while all tracks of the last run into the folder have their
// masters there: a run that fails, or is broken off, leaves none.
class BatchComplete {
 public:
  // Takes away what an earlier run left. Throws std::invalid_argument for a file of that name that is not Lathe's, and
  // AudioFileError where the folder cannot be written.
  explicit BatchComplete(std::filesystem::path folder);
  ~BatchComplete();
  BatchComplete(const BatchComplete&) = delete;
  BatchComplete& operator=(const BatchComplete&) = delete;

  // The run has begun: until then what an earlier run left comes back when the object goes.
  void begin() { has_begun_ = true; }

  // Takes away what is of Lathe's, for good: other masters are on their way.
  static void remove_from(const std::filesystem::path& folder);

  // Likewise, if it vouches for another manifest than the one that lies there.
  static void remove_unless_of(const std::filesystem::path& folder, const std::filesystem::path& manifest);

  // Whether all that was asked for is there, the masters with the sizes that they were written with.
  static bool is_complete(const scheduler::BatchResult& result, std::size_t problems);

  // After everything else: state, count of tracks, and the hash of `manifest` (and of a bag's manifests). If the run
  // changed nothing, what was there before it comes back as it was. Throws AudioFileError.
  void write(const scheduler::BatchResult& result, const std::filesystem::path& manifest, const std::string& engine);

 private:
  std::filesystem::path folder_, path_;
  bool has_begun_ = false;
  std::filesystem::path aside_;  // where the earlier one is while the run goes on, hidden; it goes with the object
};

// How masters are known for those that a run has written.
enum class Likeness { size, bytes };

// Whether all that the track's result names lies where it was written, like it was written; false without a result.
bool masters_lie_there(const scheduler::TrackOutcome& track, Likeness likeness);

}  // namespace lathe::cli
