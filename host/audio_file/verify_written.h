// Reads a finished file back and proves that it holds what was meant, before it gets its final name.
#pragma once

#include <filesystem>
#include <string>

#include "host/audio_file/audio_writer.h"

namespace lathe {

// Opens `path` with AudioReader; `format` and `written` are what its AudioWriter was given and gave. Plainly stored
// samples were compared byte for byte as they were written, so format and length are what is left to check; FLAC is
// decoded and its PCM bytes hashed again. Returns the SHA-256 of the whole file, in hexadecimal. Throws AudioFileError:
// write_failed when something differs, and whatever reading throws.
std::string verify_written(const std::filesystem::path& path, const AudioFormat& format, const WrittenAudio& written);

}  // namespace lathe
