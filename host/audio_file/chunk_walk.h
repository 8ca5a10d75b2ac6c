// Lists the chunks of a RIFF, RF64, W64, AIFF or CAF file, read-only and within limits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/audio_file/input_file.h"

namespace lathe {

struct Chunk {
  std::string id;           // four characters; of a W64 GUID its first four
  std::int64_t offset = 0;  // of its body, in bytes from the file's start
  std::int64_t size = 0;    // of its body, as the header says it (ds64 applied); kOpenEnded when the writer never knew
};
constexpr std::int64_t kOpenEnded = -1;

// In file order, up to the file's end; the last may reach past it. Throws limits (more than 10,000 chunks, or more than
// 64 MiB that is neither audio nor padding).
std::vector<Chunk> list_chunks(const InputFile& file, Container container);

}  // namespace lathe
