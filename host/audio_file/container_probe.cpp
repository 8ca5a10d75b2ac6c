// Magic numbers of the six accepted containers and of the foreign ones worth a clear word.
#include "host/audio_file/container_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace lathe {
namespace {

using Fault = AudioFileError::Fault;

constexpr std::string_view kAccepted = "accepted are WAV, RF64, W64, AIFF, CAF and FLAC";
constexpr std::size_t kProbeBytes = 64;
constexpr std::string_view kW64Riff = {"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", 16};

struct Foreign {
  std::string_view magic;
  std::size_t at;
  std::string_view name;
};
constexpr std::array<Foreign, 11> kForeign = {{{"OggS", 0, "an Ogg file"},
                                               {"ftyp", 4, "an MPEG-4 (M4A) file"},
                                               {"wvpk", 0, "a WavPack file"},
                                               {"MAC ", 0, "a Monkey's Audio file"},
                                               {"DSD ", 0, "a DSD (DSF) file"},
                                               {"FRM8", 0, "a DSD (DSDIFF) file"},
                                               {"BW64", 0, "a BW64 file"},
                                               {"RIFX", 0, "a big-endian (RIFX) WAV file"},
                                               {".snd", 0, "a Sun AU file"},
                                               {"TTA1", 0, "a True Audio file"},
                                               {"\x1a\x45\xdf\xa3", 0, "a Matroska file"}}};

// The first bytes as a reader can recognise them: text where it is text, else hexadecimal.
std::string quoted(std::string_view head) {
  const std::string_view shown = head.substr(0, 12);
  const bool is_text = std::all_of(shown.begin(), shown.end(), [](unsigned char c) {
    return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
  });
  std::string out;
  for (const unsigned char c : shown) {
    if (is_text) {
      out += c < 0x20 ? ' ' : static_cast<char>(c);
    } else {
      out += fmt::format("{}{:02x}", out.empty() ? "" : " ", c);
    }
  }
  return is_text ? fmt::format("'{}'", out) : fmt::format("bytes {}", out);
}

[[noreturn]] void refuse_foreign(const InputFile& file, std::string_view name) {
  file.fail(Fault::unsupported, fmt::format("is {}, which is not read; {}", name, kAccepted));
}

// An ID3v2 tag stands before MP3 as a rule, but some programs put one before FLAC too.
Container probe_after_id3(const InputFile& file, std::string_view head) {
  std::int64_t size = 0;
  for (std::size_t i = 6; i < 10; ++i) size = (size << 7) | (static_cast<unsigned char>(head[i]) & 0x7f);
  std::array<std::byte, 4> magic{};
  const std::size_t got = file.read_at(10 + size, magic.data(), magic.size());
  if (std::string_view(reinterpret_cast<const char*>(magic.data()), got) == "fLaC") return Container::flac;
  refuse_foreign(file, "an MP3 file");
}

}  // namespace

Container probe_container(const InputFile& file) {
  std::array<std::byte, kProbeBytes> bytes{};
  const std::size_t got = file.read_at(0, bytes.data(), bytes.size());
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), got);
  if (head.empty()) file.fail(Fault::not_audio, "is empty (0 bytes), not an audio file");

  const bool is_whole = head.size() >= 12;
  const std::string_view form = is_whole ? head.substr(8, 4) : std::string_view();
  if (head.starts_with("fLaC")) return Container::flac;
  if (is_whole && form == "WAVE") {
    if (head.starts_with("RIFF")) return Container::wav;
    if (head.starts_with("RF64")) return Container::rf64;
  }
  if (head.starts_with(kW64Riff)) return Container::w64;
  if (is_whole && head.starts_with("FORM") && (form == "AIFF" || form == "AIFC")) return Container::aiff;
  if (is_whole && head.starts_with("caff")) return Container::caf;
  if (is_whole && head.starts_with("ID3")) return probe_after_id3(file, head);

  for (const Foreign& foreign : kForeign) {
    if (head.size() >= foreign.at && head.substr(foreign.at).starts_with(foreign.magic)) {
      refuse_foreign(file, foreign.name);
    }
  }
  const bool is_mpeg_sync =
      head.size() >= 2 && head[0] == '\xff' && (static_cast<unsigned char>(head[1]) & 0xe6) > 0xe0;
  if (is_mpeg_sync) refuse_foreign(file, "an MP3 file");
  for (const std::string_view magic : {"RIFF", "RF64", "FORM", "caff"}) {
    if (!head.starts_with(magic)) continue;
    if (!is_whole) file.fail(Fault::truncated, fmt::format("ends inside its header, after {} bytes", head.size()));
    file.fail(Fault::unsupported, fmt::format("is a {} file of kind {}, which is not audio that is read; {}", magic,
                                              quoted(form), kAccepted));
  }
  file.fail(
      Fault::not_audio,
      fmt::format("is not an audio file: it starts with {}; expected RIFF, RF64, riff (W64), FORM (AIFF), caff or "
                  "fLaC",
                  quoted(head)));
}

}  // namespace lathe
