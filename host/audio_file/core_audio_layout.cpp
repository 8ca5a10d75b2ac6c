#include "host/audio_file/core_audio_layout.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "host/audio_file/byte_order.h"

namespace lathe {
namespace {

constexpr std::uint32_t kUseChannelDescriptions = 0, kUseChannelBitmap = 1U << 16;
constexpr std::size_t kHeadBytes = 12, kDescriptionBytes = 20;

struct TaggedLayout {
  std::uint32_t number;  // the tag's upper half
  std::string_view speakers;
};

// The lower half of a tag is its number of channels.
constexpr TaggedLayout kTagged[] = {
    {108, "L R Ls Rs"},
    {109, "L R Ls Rs C"},
    {110, "L R Ls Rs C Cs"},
    {113, "L R C"},
    {114, "C L R"},
    {115, "L R C Cs"},
    {116, "C L R Cs"},
    {117, "L R C Ls Rs"},
    {118, "L R Ls Rs C"},
    {119, "L C R Ls Rs"},
    {120, "C L R Ls Rs"},
    {121, "L R C LFE Ls Rs"},
    {122, "L R Ls Rs C LFE"},
    {123, "L C R Ls Rs LFE"},
    {124, "C L R Ls Rs LFE"},
    {125, "L R C LFE Ls Rs Cs"},
    {126, "L R C LFE Ls Rs Lc Rc"},
    {127, "C Lc Rc L R Ls Rs LFE"},
    {128, "L R C LFE Ls Rs Rls Rrs"},
    {129, "L R Ls Rs C LFE Lc Rc"},
    {131, "L R Cs"},
    {132, "L R Ls Rs"},
    {133, "L R LFE"},
    {134, "L R LFE Cs"},
    {135, "L R LFE Ls Rs"},
    {136, "L R C LFE"},
    {137, "L R C LFE Cs"},
    {138, "L R Ls Rs LFE"},
    {139, "L R Ls Rs C Cs"},
    {140, "L R Ls Rs C Rls Rrs"},
    {141, "C L R Ls Rs Cs"},
    {142, "C L R Ls Rs Cs LFE"},
    {143, "C L R Ls Rs Rls Rrs"},
};

// By label: 1 is L. Where a name is missing the label says nothing of a place.
constexpr std::array<std::string_view, 38> kLabels = {
    "",    "L",   "R",   "C",   "LFE", "Ls",  "Rs", "Lc",  "Rc",  "Cs", "Lsd", "Rsd", "Ts",
    "Vhl", "Vhc", "Vhr", "Tbl", "Tbc", "Tbr", "",   "",    "",    "",   "",    "",    "",
    "",    "",    "",    "",    "",    "",    "",   "Rls", "Rrs", "Lw", "Rw",  "LFE2"};

// Layouts that a mask says as well: their channels stand in the order of its bits.
struct MaskedLayout {
  std::string_view speakers;
  std::uint32_t mask;
};
constexpr MaskedLayout kMasked[] = {{"C", 0x4},
                                    {"L R", 0x3},
                                    {"L R C", 0x7},
                                    {"L R LFE", 0xb},
                                    {"L R C LFE", 0xf},
                                    {"L R Cs", 0x103},
                                    {"L R C Cs", 0x107},
                                    {"L R Ls Rs", 0x33},
                                    {"L R C Ls Rs", 0x37},
                                    {"L R C LFE Ls Rs", 0x3f},
                                    {"L R C LFE Ls Rs Cs", 0x13f},
                                    {"L R C LFE Rls Rrs Ls Rs", 0x63f},
                                    {"L R C LFE Rls Rrs Lsd Rsd", 0x63f}};

CoreAudioLayout as_mask_if_possible(std::string speakers) {
  for (const MaskedLayout& masked : kMasked) {
    if (masked.speakers == speakers) return {masked.mask, ""};
  }
  return {0, std::move(speakers)};
}

std::string described(std::span<const std::byte> body, int channels) {
  std::string speakers;
  for (int c = 0; c < channels; ++c) {
    const std::uint32_t label = load_be32(&body[kHeadBytes + static_cast<std::size_t>(c) * kDescriptionBytes]);
    if (label >= kLabels.size() || kLabels[label].empty()) return "";
    speakers += (c > 0 ? " " : "") + std::string(kLabels[label]);
  }
  return speakers;
}

}  // namespace

CoreAudioLayout read_core_audio_layout(std::span<const std::byte> body, int channels) {
  if (body.size() < kHeadBytes) return {};
  const std::uint32_t tag = load_be32(&body[0]);
  if (tag == kUseChannelBitmap) return {load_be32(&body[4]), ""};
  if (tag == kUseChannelDescriptions) {
    const std::uint32_t count = load_be32(&body[8]);
    const bool is_whole = count == static_cast<std::uint32_t>(channels) &&
                          body.size() >= kHeadBytes + static_cast<std::size_t>(channels) * kDescriptionBytes;
    return as_mask_if_possible(is_whole ? described(body, channels) : "");
  }
  if ((tag & 0xffff) != static_cast<std::uint32_t>(channels)) return {};
  const auto* found = std::ranges::find(kTagged, tag >> 16, &TaggedLayout::number);
  return as_mask_if_possible(found == std::end(kTagged) ? "" : std::string(found->speakers));
}

}  // namespace lathe
