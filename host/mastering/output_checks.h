// What a recipe asks to be checked of one output once it is written.
#pragma once

#include <string>
#include <vector>

#include "host/recipe/codec_name.h"
#include "lathe/v1/recipe.pb.h"

namespace lathe {

struct CodecWish {
  CodecAtRate codec;
  bool lowers_ceiling = false;  // until what is decoded holds the ceiling that was asked for; else it is reported
  bool operator==(const CodecWish&) const = default;
};

struct OutputChecks {
  std::vector<std::string> profiles;  // delivery profiles: shipped names, or whole paths of files
  std::vector<CodecWish> codecs;      // each once
  bool cd_frames = false;             // its length against the frames of a CD

  // The codecs that the limiter's ceiling is lowered for.
  std::vector<CodecWish> lowering() const;
  bool operator==(const OutputChecks&) const = default;
};

// Of the recipe's checks those that are for this output, which is one of the recipe's.
OutputChecks checks_of(const v1::Recipe& recipe, const v1::Output& output);

// What a dry run leaves out, as a note; empty: nothing is asked for.
std::string checks_not_made(const std::vector<OutputChecks>& outputs);

}  // namespace lathe
