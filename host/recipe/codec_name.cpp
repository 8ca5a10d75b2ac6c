#include "host/recipe/codec_name.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <vector>

#include "host/recipe/field_reader.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

// ISO/IEC 11172-3, table of layer III.
constexpr int kMp3Kbps[] = {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320};

struct Range {
  int least, most;
};

Range range_of(LossyCodec codec) {
  switch (codec) {
    case LossyCodec::aac:
      return {32, 512};
    case LossyCodec::mp3:
      return {kMp3Kbps[0], *std::rbegin(kMp3Kbps)};
    case LossyCodec::opus:
      return {6, 510};
    case LossyCodec::vorbis:
      break;
  }
  return {45, 500};
}

std::optional<LossyCodec> codec_of(std::string_view word) {
  for (const LossyCodec codec : kLossyCodecs) {
    if (word_of(codec) == word) return codec;
  }
  return std::nullopt;
}

// Before and behind the last hyphen.
std::pair<std::string_view, std::string_view> parts_of(std::string_view name) {
  const std::size_t hyphen = name.rfind('-');
  if (hyphen == name.npos) return {name, {}};
  return {name.substr(0, hyphen), name.substr(hyphen + 1)};
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string rate_problem(LossyCodec codec, int kbps) {
  const std::string word(word_of(codec)), asked = codec_text({codec, kbps});
  const Range range = range_of(codec);
  if (kbps < range.least || kbps > range.most) {
    return in_quotes(asked) + ": " + word + " takes " + std::to_string(range.least) + " to " +
           std::to_string(range.most) + " kbit/s";
  }
  if (codec != LossyCodec::mp3 || std::ranges::find(kMp3Kbps, kbps) != std::end(kMp3Kbps)) return {};
  std::vector<std::string> rates;
  for (const int rate : kMp3Kbps) rates.push_back(std::to_string(rate));
  return in_quotes(asked) + ": MP3 has no " + std::to_string(kbps) + " kbit/s; it takes " + joined(rates, ", ");
}

}  // namespace

std::string_view word_of(LossyCodec codec) {
  switch (codec) {
    case LossyCodec::aac:
      return "aac";
    case LossyCodec::mp3:
      return "mp3";
    case LossyCodec::opus:
      return "opus";
    case LossyCodec::vorbis:
      break;
  }
  return "vorbis";
}

std::string codec_text(const CodecAtRate& codec) {
  return std::string(word_of(codec.codec)) + "-" + std::to_string(codec.kbps);
}

std::optional<CodecAtRate> codec_named(std::string_view name) {
  if (!codec_problem(name).empty()) return std::nullopt;
  const auto [word, rate] = parts_of(name);
  return CodecAtRate{*codec_of(word), *whole_number(rate)};
}

std::string codec_problem(std::string_view name) {
  const auto [word, rate] = parts_of(name);
  const std::optional<LossyCodec> codec = codec_of(word);
  if (!codec) {
    std::vector<std::string> words;
    for (const LossyCodec known : kLossyCodecs) words.emplace_back(word_of(known));
    return "there is no codec " + in_quotes(word) + suggestion(word, words) +
           "; write it with its kbit/s: aac-256, mp3-320, opus-128, vorbis-160";
  }
  const std::optional<int> kbps = whole_number(rate);
  if (!kbps || codec_text({*codec, *kbps}) != name) {
    return in_quotes(name) + " needs its kbit/s as a whole number: " + std::string(word) + "-" +
           std::to_string(*codec == LossyCodec::mp3 ? 320 : 256);
  }
  return rate_problem(*codec, *kbps);
}

}  // namespace lathe
