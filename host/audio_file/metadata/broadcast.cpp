#include "host/audio_file/metadata/broadcast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/sample_rate_converter.h"

namespace lathe {
namespace {

constexpr std::size_t kTimeReferenceAt = 338, kVersionAt = 346, kUmidAt = 348, kHistoryAt = 602;
constexpr int kUnused = 0x7fff;

int hundredths(double value) {
  const double scaled = std::round(100 * value);
  return std::isfinite(scaled) && std::abs(scaled) < kUnused ? static_cast<int>(scaled) : kUnused;
}

std::string history_line(const AudioFormat& format) {
  const std::string mode = format.channels == 1 ? "M=mono," : format.channels == 2 ? "M=stereo," : "";
  const std::string more = format.channels > 2 ? fmt::format("; {} channels", format.channels) : "";
  return fmt::format("A=PCM,F={},W={},{}T=Lathe {}{}\r\n", format.sample_rate_hz, bits_per_sample(format.encoding),
                     mode, LATHE_VERSION, more);
}

}  // namespace

std::string bext_loudness(const BroadcastLoudness& loudness) {
  std::string bytes;
  for (const double value : {loudness.integrated_lufs, loudness.loudness_range_lu, loudness.true_peak_dbtp,
                             loudness.max_momentary_lufs, loudness.max_short_term_lufs})
    bytes += le_bytes(static_cast<std::uint64_t>(hundredths(value)), 2);
  return bytes;
}

std::string bext_of_master(const std::string& body, const AudioFormat& from, const AudioFormat& to) {
  std::string out = body;
  if (out.size() < kHistoryAt) out.resize(kHistoryAt, '\0');
  const auto* bytes = reinterpret_cast<const std::byte*>(out.data());
  const auto time = load_le<std::uint64_t>(bytes + kTimeReferenceAt);
  const auto version = load_le<std::uint16_t>(bytes + kVersionAt);
  constexpr std::uint64_t kMostFrames = 1ULL << 52;
  if (from.sample_rate_hz != to.sample_rate_hz && time < kMostFrames) {
    out.replace(kTimeReferenceAt, 8,
                le_bytes(static_cast<std::uint64_t>(
                             converted_frames(static_cast<std::int64_t>(time), from.sample_rate_hz, to.sample_rate_hz)),
                         8));
  }
  out.replace(kVersionAt, 2, le_bytes(std::max<std::uint16_t>(version, 2), 2));
  // What a version does not know yet, it has reserved, and not everybody has filled it with zeros.
  const std::size_t reserved_at = version == 0 ? kUmidAt : version == 1 ? kBextLoudnessAt : kHistoryAt;
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(reserved_at), out.begin() + kHistoryAt, '\0');
  out.replace(kBextLoudnessAt, kBextLoudnessBytes, bext_loudness({}));
  const std::size_t end = out.find_last_not_of('\0');
  out.resize(std::max(kHistoryAt, end + 1));
  if (out.size() > kHistoryAt && !out.ends_with("\n")) out += "\r\n";
  out += history_line(to);
  return out + std::string(out.size() % 2, '\0');  // libsndfile 1.2 loses its way behind odd chunks of RF64
}

}  // namespace lathe
