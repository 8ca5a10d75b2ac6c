#include "kernels/loudness/channel_weights.h"

#include <algorithm>
#include <array>

namespace lathe {
namespace {

constexpr double kSide = 1.41;

// WAVEX speaker bits.
constexpr std::uint32_t kLfe = 0x8, kBackLeft = 0x10, kBackRight = 0x20, kSideLeft = 0x200, kSideRight = 0x400;

double weight_of(std::uint32_t speaker, std::uint32_t mask) {
  if (speaker == kLfe) return 0.0;
  if (speaker == kSideLeft || speaker == kSideRight) return kSide;
  const bool has_sides = (mask & (kSideLeft | kSideRight)) != 0;
  return (speaker == kBackLeft || speaker == kBackRight) && !has_sides ? kSide : 1.0;
}

double weight_of(std::string_view speaker) {
  constexpr std::array<std::string_view, 6> kAtTheSide = {"Ls", "Rs", "Lsd", "Rsd", "Lw", "Rw"};
  if (speaker.starts_with("LFE")) return 0.0;
  return std::ranges::find(kAtTheSide, speaker) == kAtTheSide.end() ? 1.0 : kSide;
}

// One letter a channel: f(ront, rear, height, bottom), s(ide), - for LFE.
struct UsualLayout {
  int channels;
  std::string_view name, letters;
};
constexpr UsualLayout kUsual[] = {
    {1, "mono", "f"},
    {2, "stereo", "ff"},
    {3, "3.0", "fff"},
    {4, "4.0", "ffss"},
    {5, "5.0", "fffss"},
    {6, "5.1", "fff-ss"},
    {7, "6.1", "fff-fss"},
    {8, "7.1", "fff-ffss"},
    {10, "5.1.4", "fff-ssffff"},
    {12, "7.1.4", "fff-ssffffff"},
    {14, "9.1.4", "fff-ssffssffff"},
    {16, "9.1.6", "fff-ssffssffffff"},
    {24, "22.2", "ssf-fffff-ssffffffffffff"},
};

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// "7.1", or what the mask's loudspeakers are called where they are none of the usual layouts.
std::string name_of_mask(std::uint32_t mask, int channels) {
  constexpr std::string_view kNames[] = {"L",  "R",  "C",  "LFE", "Lb",  "Rb",  "Lc",  "Rc",  "Cs",
                                         "Ls", "Rs", "Ts", "Tfl", "Tfc", "Tfr", "Tbl", "Tbc", "Tbr"};
  struct Known {
    std::uint32_t mask;
    std::string_view name;
  };
  constexpr Known kKnown[] = {{0x4, "mono"},  {0x3, "stereo"}, {0x7, "3.0"},      {0x33, "4.0"},  {0x603, "4.0"},
                              {0x37, "5.0"},  {0x607, "5.0"},  {0x3f, "5.1"},     {0x60f, "5.1"}, {0x13f, "6.1"},
                              {0x70f, "6.1"}, {0x63f, "7.1"},  {0x2d63f, "7.1.4"}};
  for (const Known& known : kKnown) {
    if (known.mask == mask) return std::string(known.name);
  }
  std::string name;
  for (std::size_t bit = 0; bit < 32; ++bit) {
    if ((mask >> bit & 1) == 0) continue;
    if (bit >= std::size(kNames)) return std::to_string(channels) + " channels";
    name += (name.empty() ? "" : " ") + std::string(kNames[bit]);
  }
  return name;
}

}  // namespace

ChannelLayout channel_layout(int channels, std::uint32_t channel_mask, std::string_view speakers) {
  ChannelLayout layout;
  if (const auto names = words_of(speakers); static_cast<int>(names.size()) == channels) {
    layout.name = speakers;
    for (const std::string_view name : names) layout.weights.push_back(weight_of(name));
    return layout;
  }
  if (__builtin_popcount(channel_mask) == channels) {
    layout.name = name_of_mask(channel_mask, channels);
    for (std::uint32_t bit = 1; bit != 0; bit <<= 1) {
      if (channel_mask & bit) layout.weights.push_back(weight_of(bit, channel_mask));
    }
    return layout;
  }
  layout.is_assumed = channels > 2;
  layout.weights.assign(static_cast<std::size_t>(channels), 1.0);
  const auto* usual = std::ranges::find(kUsual, channels, &UsualLayout::channels);
  layout.name = usual == std::end(kUsual) ? std::to_string(channels) + " channels" : std::string(usual->name);
  if (usual == std::end(kUsual)) return layout;
  for (std::size_t c = 0; c < usual->letters.size(); ++c)
    layout.weights[c] = usual->letters[c] == '-' ? 0.0 : usual->letters[c] == 's' ? kSide : 1.0;
  return layout;
}

std::vector<double> channel_weights(int channels, std::uint32_t channel_mask, std::string_view speakers) {
  return channel_layout(channels, channel_mask, speakers).weights;
}

}  // namespace lathe
