// Pictures, frames and chunks as a decoder tells them: packed there, and believed here only after every number was
// checked.
#pragma once

#include "host/audio_file/isolation/wire.h"
#include "host/audio_file/metadata/metadata.h"

namespace lathe::isolation {

void pack_metadata(Packer& packer, const Metadata& metadata);

// Throws WireError for what no file can have.
Metadata unpack_metadata(Unpacker& unpacker);

}  // namespace lathe::isolation
