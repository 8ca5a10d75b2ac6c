// A file through a lossy codec and back: what its listeners' players are given.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "host/codec/codec_programs.h"
#include "kernels/loudness/loudness_reading.h"

namespace lathe {

struct CodecTrial {
  bool was_tried = false;
  std::string why_not;  // where it was not
  std::string encoder;  // "ffmpeg 5.1.9 aac"; empty: none
  std::string decoder;
  int stream_rate_hz = 0;
  // Of what was decoded, at the stream's rate: by the meter that measures masters.
  LoudnessFigures figures{};
};

// Encodes the samples of a file that this process has written, decodes them as they come, and measures. `check` is
// called some times a second and may throw, whereupon all ends. What programs cannot do is said, not thrown; throws
// AudioFileError where the file cannot be read, std::system_error where the system has no pipes left.
CodecTrial try_codec(const CodecPrograms& programs, const CodecAtRate& codec, const std::filesystem::path& file,
                     const std::function<void()>& check);

}  // namespace lathe
