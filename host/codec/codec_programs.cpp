#include "host/codec/codec_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

#include "host/codec/child_process.h"

namespace lathe {
namespace {

// In the order of choice: Fraunhofer's AAC where somebody has built ffmpeg with it.
const std::vector<std::string>& ffmpeg_names(LossyCodec codec) {
  static const std::vector<std::string> aac{"libfdk_aac", "aac"}, mp3{"libmp3lame"}, opus{"libopus"},
      vorbis{"libvorbis"};
  switch (codec) {
    case LossyCodec::aac:
      return aac;
    case LossyCodec::mp3:
      return mp3;
    case LossyCodec::opus:
      return opus;
    case LossyCodec::vorbis:
      break;
  }
  return vorbis;
}

// How ffmpeg calls the stream as it writes it, and as it reads it.
struct StreamFormat {
  const char *written, *read;
};

StreamFormat stream_format(LossyCodec codec) {
  if (codec == LossyCodec::aac) return {"adts", "aac"};
  if (codec == LossyCodec::mp3) return {"mp3", "mp3"};
  return {"ogg", "ogg"};
}

// The word behind `before` in the first line.
std::string word_after(const std::optional<std::string>& said, std::string_view before) {
  if (!said) return {};
  const std::string line = said->substr(0, said->find('\n'));
  const std::size_t at = line.find(before);
  if (at == std::string::npos) return {};
  const std::size_t from = at + before.size();
  return line.substr(from, line.find_first_of(" ,)\r", from) - from);
}

std::vector<std::string> encoders_of_ffmpeg() {
  const std::optional<std::string> said = said_by({"ffmpeg", "-hide_banner", "-encoders"});
  if (!said) return {};
  std::vector<std::string> known;
  std::istringstream lines(*said);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string flags, name;
    if (!(words >> flags >> name)) continue;
    for (const LossyCodec codec : kLossyCodecs) {
      const auto& names = ffmpeg_names(codec);
      if (std::ranges::find(names, name) != names.end()) known.push_back(name);
    }
  }
  return known;
}

CodecPrograms::Found look() {
  CodecPrograms::Found found;
  found.ffmpeg = word_after(said_by({"ffmpeg", "-hide_banner", "-version"}), "ffmpeg version ");
  if (!found.ffmpeg.empty()) found.ffmpeg_encoders = encoders_of_ffmpeg();
  found.lame = word_after(said_by({"lame", "--version"}), "version ");
  const std::optional<std::string> opusenc = said_by({"opusenc", "--version"});
  found.opusenc = word_after(opusenc, "opus-tools ");
  if (const std::string library = word_after(opusenc, "using "); !found.opusenc.empty() && !library.empty())
    found.opusenc += fmt::format(" ({} {})", library, word_after(opusenc, library + " "));
  found.oggenc = word_after(said_by({"oggenc", "--version"}), "vorbis-tools ");
  return found;
}

std::string package_for(LossyCodec codec) {
  if (codec == LossyCodec::mp3) return "lame and ffmpeg";
  if (codec == LossyCodec::opus) return "opus-tools and ffmpeg";
  if (codec == LossyCodec::vorbis) return "ffmpeg with libvorbis, or vorbis-tools and ffmpeg";
  return "ffmpeg";
}

}  // namespace

CodecPrograms::CodecPrograms(Found found) : found_(std::move(found)) {}

const CodecPrograms& CodecPrograms::of_this_machine() {
  static const CodecPrograms programs(look());
  return programs;
}

std::string CodecPrograms::ffmpeg_encoder(LossyCodec codec) const {
  for (const std::string& name : ffmpeg_names(codec)) {
    if (std::ranges::find(found_.ffmpeg_encoders, name) != found_.ffmpeg_encoders.end()) return name;
  }
  return {};
}

bool CodecPrograms::is_encoded_by_ffmpeg(LossyCodec codec) const {
  if (codec == LossyCodec::mp3 && !found_.lame.empty()) return false;
  if (codec == LossyCodec::opus && !found_.opusenc.empty()) return false;
  return !ffmpeg_encoder(codec).empty();
}

std::string CodecPrograms::encoder(LossyCodec codec) const {
  if (found_.ffmpeg.empty()) return {};
  if (is_encoded_by_ffmpeg(codec)) return "ffmpeg " + found_.ffmpeg + " " + ffmpeg_encoder(codec);
  if (codec == LossyCodec::mp3 && !found_.lame.empty()) return "lame " + found_.lame;
  if (codec == LossyCodec::opus && !found_.opusenc.empty()) return "opusenc " + found_.opusenc;
  if (codec == LossyCodec::vorbis && !found_.oggenc.empty()) return "oggenc " + found_.oggenc;
  return {};
}

std::string CodecPrograms::decoder() const { return found_.ffmpeg.empty() ? "" : "ffmpeg " + found_.ffmpeg; }

std::string CodecPrograms::absence(LossyCodec codec) const {
  if (!encoder(codec).empty()) return {};
  if (found_.ffmpeg.empty()) return "no ffmpeg in PATH to decode it to float; install " + package_for(codec);
  return "no program in PATH encodes it; install " + package_for(codec);
}

int CodecPrograms::stream_rate_hz(LossyCodec codec, int input_rate_hz) {
  if (codec == LossyCodec::opus) return 48000;
  if (input_rate_hz == 32000 || input_rate_hz == 44100 || input_rate_hz == 48000) return input_rate_hz;
  return input_rate_hz % 11025 == 0 ? 44100 : 48000;
}

EncodeCommand CodecPrograms::encode_command(const CodecAtRate& codec, const CodecInput& input) const {
  const std::string rate = std::to_string(input.sample_rate_hz), channels = std::to_string(input.channels);
  const std::string kbps = std::to_string(codec.kbps);
  const bool keeps_rate = stream_rate_hz(codec.codec, input.sample_rate_hz) == input.sample_rate_hz;
  const std::string ffmpeg = ffmpeg_encoder(codec.codec);
  // lame and oggenc only where they need not change the rate.
  const bool must_convert = !keeps_rate && codec.codec != LossyCodec::opus;
  if (is_encoded_by_ffmpeg(codec.codec) || (must_convert && !ffmpeg.empty())) {
    std::vector<std::string> words{"ffmpeg", "-nostdin", "-v", "error", "-threads", "1",  "-f",
                                   "f32le",  "-ar",      rate, "-ac",   channels,   "-i", "pipe:0"};
    for (const char* word : {"-map_metadata", "-1", "-threads", "1", "-ar"}) words.emplace_back(word);
    words.push_back(std::to_string(stream_rate_hz(codec.codec, input.sample_rate_hz)));
    for (const std::string& word : {std::string("-c:a"), ffmpeg, std::string("-b:a"), kbps + "k"})
      words.push_back(word);
    if (codec.codec == LossyCodec::mp3) {
      for (const char* word : {"-write_xing", "0", "-id3v2_version", "0"}) words.emplace_back(word);
    }
    for (const char* word : {"-f", stream_format(codec.codec).written, "pipe:1"}) words.emplace_back(word);
    return {"ffmpeg " + found_.ffmpeg + " " + ffmpeg, std::move(words), true};
  }
  const std::string own = encoder(codec.codec);
  if (codec.codec == LossyCodec::mp3) {
    return {own,
            {"lame", "--silent", "-r", "-s", fmt::format("{:g}", input.sample_rate_hz / 1000.0), "--bitwidth", "24",
             "--signed", "--little-endian", "-m", input.channels == 1 ? "m" : "j", "-t", "--cbr", "-b", kbps, "-", "-"},
            false};
  }
  if (codec.codec == LossyCodec::opus) {
    return {own,
            {"opusenc", "--quiet", "--raw", "--raw-bits", "24", "--raw-rate", rate, "--raw-chan", channels, "--bitrate",
             kbps, "-", "-"},
            false};
  }
  return {own,
          {"oggenc", "--quiet", "--raw", "--raw-bits=24", "--raw-chan=" + channels, "--raw-rate=" + rate, "-b", kbps,
           "-o", "-", "-"},
          false};
}

std::vector<std::string> CodecPrograms::decode_command(LossyCodec codec, const CodecInput& input) const {
  return {"ffmpeg",   "-nostdin",
          "-v",       "error",
          "-threads", "1",
          "-f",       stream_format(codec).read,
          "-i",       "pipe:0",
          "-map",     "0:a:0",
          "-c:a",     "pcm_f32le",
          "-ar",      std::to_string(stream_rate_hz(codec, input.sample_rate_hz)),
          "-ac",      std::to_string(input.channels),
          "-f",       "f32le",
          "pipe:1"};
}

}  // namespace lathe
