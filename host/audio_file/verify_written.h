// Reads a finished file back and proves that it holds what was meant, before it gets its final name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/audio_file/audio_file.h"

namespace lathe {

struct VerifiedFile {
  std::string sha256;  // of the whole file, in hexadecimal
  std::int64_t bytes = 0;
};

// Opens `path` with AudioReader and hashes its PCM bytes again. Throws AudioFileError: write_failed when format or hash
// differ from what was written (`payload_xxh3_128` from WrittenAudio), and whatever reading throws. Plainly stored
// samples are read once for both hashes.
VerifiedFile verify_written(const std::filesystem::path& path, const AudioFormat& written,
                            const std::string& payload_xxh3_128);

}  // namespace lathe
