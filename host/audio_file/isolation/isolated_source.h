// A file read through isolated decoders.
#pragma once

#include <memory>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/frame_source.h"
#include "host/audio_file/isolation/decoders.h"

namespace lathe {

// `container` is what the file's first bytes say. Borrows `file`. Throws what reading in the process would, and
// DecoderDied and IsolationFailed.
std::unique_ptr<FrameSource> open_isolated_source(Decoders& decoders, const InputFile& file, Container container,
                                                  Md5 md5, Reading reading);

}  // namespace lathe
