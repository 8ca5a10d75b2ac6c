// What a file's header says, as a decoder tells it: packed there, and believed here only after every number was
// checked.
#pragma once

#include <string>
#include <string_view>

#include "host/audio_file/frame_source.h"

namespace lathe::isolation {

// The header alone, without a way to read.
class HeaderOnly final : public FrameSource {
 public:
  std::int64_t read(std::byte*, std::int64_t) override { return 0; }
  void rewind() override {}
};

std::string pack_header(const FrameSource& header);

// Throws WireError for what this file, of this container, cannot have.
void unpack_header(std::string_view bytes, const InputFile& file, Container container, FrameSource& header);

}  // namespace lathe::isolation
