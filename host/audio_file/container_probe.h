// Tells from a file's first bytes what it is, before any library is let near it.
#pragma once

#include "host/audio_file/audio_file.h"
#include "host/audio_file/input_file.h"

namespace lathe {

// Throws AudioFileError: not_audio (with the bytes found and those expected), unsupported (a known foreign format, with
// what is accepted), truncated (only the beginning of a header is there).
Container probe_container(const InputFile& file);

}  // namespace lathe
