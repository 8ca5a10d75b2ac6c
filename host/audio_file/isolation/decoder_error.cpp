// Names of the ends of a decoder.
#include "host/audio_file/isolation/decoder_error.h"

namespace lathe {

std::string_view DecoderDied::code_name() const {
  switch (code_) {
    case Code::crashed:
      return "DECODER_CRASHED";
    case Code::forbidden:
      return "DECODER_FORBIDDEN";
    case Code::timeout:
      return "DECODER_TIMEOUT";
    case Code::killed:
      return "DECODER_KILLED";
  }
  return "";
}

}  // namespace lathe
