// From the recipe's words to what the kernels and files are told: the chain of a track, and the files to make of it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/tags.h"
#include "host/mastering/chain.h"
#include "host/mastering/output_path.h"
#include "lathe/v1/recipe.pb.h"

namespace lathe {

// `recipe` is effective (its defaults filled in). Throws std::invalid_argument for a stage this version does not have;
// unbuilt_features() finds those before a batch starts.
Chain chain_of(const v1::Recipe& recipe);

// The stages of a chain but for its limiter, in order. Throws as chain_of() does.
std::vector<ChainStage> stages_of(const google::protobuf::RepeatedPtrField<v1::Stage>& chain);

// One file for each of the recipe's outputs, or one like the input. `relative` is the track's place under `out_dir`
// without its extension ("Album/01 Song"); a path template may name another. Throws std::invalid_argument when a
// template names an unknown field or leaves the output folder, or, where `row` says who names the track
// ("album.csv:3"), a field that nobody gives. `stems` are the files of a mix: an output of stems becomes one for each
// of them; without any it throws too.
std::vector<OutputSpec> outputs_of(const v1::Recipe& recipe, const AudioFormat& input, const Tags& tags,
                                   const std::filesystem::path& out_dir, const std::filesystem::path& relative,
                                   std::string_view row = {}, const std::vector<StemFile>& stems = {});

}  // namespace lathe
