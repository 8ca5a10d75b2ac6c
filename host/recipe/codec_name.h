// Lossy codecs as recipes name them: "aac-256" is AAC at 256 kilobits a second.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lathe {

enum class LossyCodec { aac, mp3, opus, vorbis };

constexpr LossyCodec kLossyCodecs[] = {LossyCodec::aac, LossyCodec::mp3, LossyCodec::opus, LossyCodec::vorbis};

std::string_view word_of(LossyCodec codec);  // "aac"

// A codec with the bits of its whole stream, whatever the number of channels.
struct CodecAtRate {
  LossyCodec codec = LossyCodec::aac;
  int kbps = 256;
  friend bool operator==(const CodecAtRate&, const CodecAtRate&) = default;
};

std::string codec_text(const CodecAtRate& codec);  // "aac-256"

// Empty for a name that codec_problem() has something against.
std::optional<CodecAtRate> codec_named(std::string_view name);

// What is wrong with the name, and what to write; empty: nothing.
//   aac 32 to 512 kbit/s; mp3 one of the rates of MPEG-1 layer III, 32 to 320; opus 6 to 510 (RFC 6716); vorbis 45 to
//   500, what libvorbis takes for stereo
std::string codec_problem(std::string_view name);

}  // namespace lathe
