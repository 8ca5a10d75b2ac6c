// Which files a recipe takes.
#pragma once

#include <filesystem>

#include "host/audio_file/audio_file.h"
#include "lathe/v1/recipe.pb.h"

namespace lathe {

// Throws AudioFileError (unsupported) for a file whose container is not among the recipe's input.accept, unless that is
// empty.
void check_accepted(const v1::Recipe& recipe, const std::filesystem::path& file, Container container);

}  // namespace lathe
