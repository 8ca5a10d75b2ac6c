// The programs of this machine that encode and decode lossy codecs: ffmpeg, lame, opusenc, oggenc.
#pragma once

#include <string>
#include <vector>

#include "host/recipe/codec_name.h"

namespace lathe {

// What goes into a codec.
struct CodecInput {
  int sample_rate_hz = 0;
  int channels = 0;
};

// How an encoder wants to be run.
struct EncodeCommand {
  std::string encoder;  // "lame 3.100"
  std::vector<std::string> words;
  bool takes_float = false;  // raw interleaved float32, little-endian; else 24-bit integers
};

class CodecPrograms {
 public:
  // Those in PATH, looked for once a process, which takes some tenths of a second.
  static const CodecPrograms& of_this_machine();

  struct Found {
    std::string ffmpeg, lame, opusenc, oggenc;  // versions: "5.1.9", "3.100"; empty: not there
    std::vector<std::string> ffmpeg_encoders;   // of those that Lathe asks for: "aac", "libmp3lame"
  };
  explicit CodecPrograms(Found found);

  // "ffmpeg 5.1.9 aac", "lame 3.100"; empty: nothing encodes or nothing decodes it. A rate that a codec does not have
  // is another encoder's, where ffmpeg has one: encode_command() says which.
  std::string encoder(LossyCodec codec) const;
  // "ffmpeg 5.1.9"; empty: none. All codecs are decoded by ffmpeg, to float: others clip what they decode.
  std::string decoder() const;
  // What to install; empty where there is an encoder.
  std::string absence(LossyCodec codec) const;

  // The rate of the stream: what the codec has of 32, 44.1 and 48 kHz for music, the nearest of the input's family;
  // Opus is always at 48 kHz.
  static int stream_rate_hz(LossyCodec codec, int input_rate_hz);

  // There is an encoder. From standard input to standard output.
  EncodeCommand encode_command(const CodecAtRate& codec, const CodecInput& input) const;
  // To raw interleaved float32 at the stream's rate.
  std::vector<std::string> decode_command(LossyCodec codec, const CodecInput& input) const;

 private:
  std::string ffmpeg_encoder(LossyCodec codec) const;
  bool is_encoded_by_ffmpeg(LossyCodec codec) const;

  Found found_;
};

}  // namespace lathe
