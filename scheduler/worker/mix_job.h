// A mix of stems as a job of the master: its files opened, and what the recipe says of each.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/mastering/output_path.h"
#include "host/mastering/track_master.h"
#include "host/recipe/recipe.h"

namespace lathe::scheduler {

struct OpenMix {
  std::vector<std::shared_ptr<AudioReader>> stems;
  AudioFormat format;        // the widest and longest of what they are: a master like its input is like this
  Tags tags;                 // of the mixdown; without one those in which all stems agree
  Metadata metadata;         // likewise of the mixdown; without one none
  int metadata_rate_hz = 0;  // that its cue points count in
};

// Throws AudioFileError.
OpenMix open_mix(const std::vector<StemFile>& stems, const std::filesystem::path& mixdown,
                 Reading reading = Reading::samples);

// Gives the job its stems, each with its rule of the recipe, and the mix's tags. The notes say which rules no file
// falls under, and which files no rule. Throws std::invalid_argument as chain_of() does.
std::vector<std::string> add_stems(const v1::Recipe& recipe, const OpenMix& mix, const std::vector<StemFile>& files,
                                   const std::filesystem::path& mixdown, TrackJob& job);

}  // namespace lathe::scheduler
