#include "host/compare/master_check.h"

#include <fmt/format.h>

#include <cmath>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/input_file.h"
#include "host/audio_file/isolation/decoder_error.h"
#include "kernels/aligned.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace {

constexpr std::size_t kReadBytes = 512 << 10;
constexpr std::int64_t kMasterBlock = 16384;

std::string bits_text(const AudioFormat& format) {
  const int bits = format.valid_bits > 0 ? format.valid_bits : bits_per_sample(format.encoding);
  return fmt::format("{}{}", bits, is_float(format.encoding) ? "f" : "");
}

// A WAV that outgrew 4 GB is an RF64.
std::string family(std::string_view container) { return std::string(container == "RF64" ? "WAV" : container); }

// What decoding the whole file gave.
struct Decoded {
  std::string pcm_md5;
  std::optional<double> integrated_lufs, true_peak_dbtp;
  std::int64_t non_finite = 0;
  bool was_measured = false;
};

class CheckRun {
 public:
  CheckRun(const MasterEntry& entry, const std::filesystem::path& path, const MasterCheckOptions& options,
           const std::atomic<bool>& is_cancelled)
      : entry_(entry), path_(path), options_(options), is_cancelled_(is_cancelled) {}

  MasterCheck run(const KnownHashes& known) {
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path_, error)) && !error) return missing();
    try {
      check_bytes(known);
    } catch (const AudioFileError& fault) {
      if (fault.fault() == AudioFileError::Fault::not_found) return missing();
      found("READ", fault.reason());
      return ended(MasterState::unreadable);
    }
    const bool has_right_bytes = check_.findings.empty();
    const bool is_another = !has_right_bytes && check_.findings.front().code == "OTHER_MASTER";
    if (is_another) return ended(MasterState::different);
    try {
      decode();
    } catch (const AudioFileError& fault) {
      return undecodable(has_right_bytes, fault.reason());
    } catch (const DecoderDied& end) {
      return undecodable(has_right_bytes, end.reason());
    }
    if (check_.findings.empty()) return ended(MasterState::ok);
    return ended(has_right_bytes ? MasterState::different : MasterState::changed);
  }

 private:
  void found(const char* code, std::string message) { check_.findings.push_back({code, std::move(message)}); }

  MasterCheck ended(MasterState state) {
    check_.state = state;
    return std::move(check_);
  }

  MasterCheck missing() {
    found("MISSING", "is not there");
    return ended(MasterState::missing);
  }

  MasterCheck undecodable(bool has_right_bytes, const std::string& reason) {
    found("DECODE", "does not decode: " + reason);
    if (has_right_bytes) return ended(MasterState::unreadable);
    check_.audio = AudioState::changed;
    return ended(MasterState::changed);
  }

  void check_bytes(const KnownHashes& known) {
    const InputFile file(path_);
    check_.sha256 = sha256_of_file(path_, is_cancelled_);
    if (*check_.sha256 == entry_.sha256) return;
    if (const std::string owner = known.owner(*check_.sha256); !owner.empty()) {
      found("OTHER_MASTER", fmt::format("is not this master but a copy of {}", owner));
      return;
    }
    if (file.size() != entry_.bytes)
      found("BYTES", fmt::format("is {} bytes long, the manifest has {}", file.size(), entry_.bytes));
    found("SHA256", fmt::format("its SHA-256 is {}, the manifest has {}", *check_.sha256, entry_.sha256));
  }

  void decode() {
    AudioReader reader(path_, Md5::compared);
    check_format(reader.format());
    const Decoded decoded = read_all(reader);
    check_samples(decoded);
    if (options_.measures) check_figures(decoded);
  }

  void check_format(const AudioFormat& format) {
    const auto differs = [this](const char* what, const auto& is, const auto& should) {
      if (is != should) found("FORMAT", fmt::format("has {} {}, the manifest has {}", is, what, should));
    };
    differs("as its container", family(container_name(format.container)), family(entry_.format));
    differs("frames", format.frames, entry_.frames);
    differs("Hz", format.sample_rate_hz, entry_.sample_rate_hz);
    differs("channels", format.channels, entry_.channels);
    differs("as its bits", bits_text(format), entry_.bits);
  }

  Decoded read_all(AudioReader& reader) {
    const AudioFormat& format = reader.format();
    Decoded decoded;
    MessageDigest md5(MessageDigest::Kind::md5);
    AlignedArray<std::byte> bytes(static_cast<std::size_t>(kMasterBlock * frame_bytes(format)) + kPcmSlackBytes);
    AlignedArray<float> samples(static_cast<std::size_t>(kMasterBlock * format.channels));
    LoudnessMeter meter({static_cast<double>(format.sample_rate_hz),
                         channel_weights(format.channels, format.channel_mask, format.speakers), true, false,
                         format.frames});
    while (const std::int64_t count = reader.read(bytes.data(), kMasterBlock)) {
      if (is_cancelled_.load(std::memory_order_relaxed)) throw CheckCancelled();
      if (!entry_.pcm_md5.empty()) md5.update(bytes.data(), static_cast<std::size_t>(count * frame_bytes(format)));
      if (!options_.measures) continue;
      const MutableAudioView frames{samples.data(), format.channels, count, kMasterBlock};
      unpack_pcm(bytes.data(), format.encoding, frames);
      if (is_float(format.encoding)) decoded.non_finite += find_non_finite(frames, false).count;
      if (decoded.non_finite == 0) meter.take(frames);
    }
    decoded.pcm_md5 = md5.hex();
    if (!options_.measures || decoded.non_finite > 0) return decoded;
    meter.finish();
    const LoudnessFigures figures = meter.figures();
    decoded.was_measured = std::isfinite(figures.integrated_lufs);
    if (!decoded.was_measured) return decoded;
    decoded.integrated_lufs = figures.integrated_lufs;
    decoded.true_peak_dbtp = figures.true_peak_dbtp;
    return decoded;
  }

  void check_samples(const Decoded& decoded) {
    const bool has_right_bytes = check_.findings.empty();
    if (entry_.pcm_md5.empty()) {
      if (!has_right_bytes)
        found("AUDIO", "whether its samples changed cannot be told: the manifest has no MD5 of them (--pcm-md5)");
      else
        check_.audio = AudioState::same;
      return;
    }
    check_.audio = decoded.pcm_md5 == entry_.pcm_md5 ? AudioState::same : AudioState::changed;
    if (check_.audio == AudioState::changed)
      found("PCM_MD5",
            fmt::format("the MD5 of its samples is {}, the manifest has {}", decoded.pcm_md5, entry_.pcm_md5));
    else if (!has_right_bytes)
      found("AUDIO", "its samples are the same: what changed is its header or its tags");
  }

  void check_figures(const Decoded& decoded) {
    if (decoded.non_finite > 0)
      return found("NON_FINITE", fmt::format("{} of its samples are NaN or infinite", decoded.non_finite));
    check_.integrated_lufs = decoded.integrated_lufs;
    check_.true_peak_dbtp = decoded.true_peak_dbtp;
    // What a stage took out is not measured when it is made.
    if (entry_.is_removed() && !entry_.is_measured) return;
    if (decoded.was_measured != entry_.is_measured)
      return found("LOUDNESS", decoded.was_measured ? "has a loudness, by the manifest it has none"
                                                    : "has no loudness, by the manifest it has one");
    if (!decoded.was_measured) return;
    compare("LOUDNESS", decoded.integrated_lufs, entry_.integrated_lufs, kLoudnessTolerance_lu, "LUFS");
    compare("TRUE_PEAK", decoded.true_peak_dbtp, entry_.true_peak_dbtp, kTruePeakTolerance_db, "dBTP");
  }

  void compare(const char* code, const std::optional<double>& is, const std::optional<double>& should, double tolerance,
               const char* unit) {
    if (!is || !should || std::abs(*is - *should) <= tolerance) return;
    found(code, fmt::format("measures {:.3f} {}, the manifest has {:.3f}", *is, unit, *should));
  }

  const MasterEntry& entry_;
  const std::filesystem::path& path_;
  const MasterCheckOptions& options_;
  const std::atomic<bool>& is_cancelled_;
  MasterCheck check_;
};

}  // namespace

std::string_view word(MasterState state) {
  switch (state) {
    case MasterState::ok:
      return "OK";
    case MasterState::changed:
      return "CHANGED";
    case MasterState::missing:
      return "MISSING";
    case MasterState::unreadable:
      return "UNREADABLE";
    case MasterState::different:
      return "DIFFERENT";
  }
  return "";
}

std::string MasterCheck::reason() const {
  std::string text;
  for (const MasterFinding& finding : findings) text += (text.empty() ? "" : "; ") + finding.message;
  return text;
}

KnownHashes::KnownHashes(const MasterManifest& manifest) {
  for (const MasterOrigin& track : manifest.tracks) {
    for (const MasterEntry& entry : track.outputs) paths_.emplace(entry.sha256, entry.path);
  }
}

std::string KnownHashes::owner(const std::string& sha256) const {
  const auto found = paths_.find(sha256);
  return found == paths_.end() ? std::string() : found->second;
}

std::vector<std::string> digests_of_file(const std::filesystem::path& path,
                                         const std::vector<MessageDigest::Kind>& kinds,
                                         const std::atomic<bool>& is_cancelled) {
  const InputFile file(path);
  std::vector<MessageDigest> digests;
  for (const MessageDigest::Kind kind : kinds) digests.emplace_back(kind);
  std::vector<std::byte> block(kReadBytes);
  std::int64_t at = 0;
  while (const std::size_t got = file.read_at(at, block.data(), block.size())) {
    if (is_cancelled.load(std::memory_order_relaxed)) throw CheckCancelled();
    for (MessageDigest& digest : digests) digest.update(block.data(), got);
    at += static_cast<std::int64_t>(got);
  }
  std::vector<std::string> hashes;
  for (MessageDigest& digest : digests) hashes.push_back(digest.hex());
  return hashes;
}

std::string sha256_of_file(const std::filesystem::path& path, const std::atomic<bool>& is_cancelled) {
  return digests_of_file(path, {MessageDigest::Kind::sha256}, is_cancelled).front();
}

MasterCheck check_master(const MasterEntry& entry, const std::filesystem::path& path, const KnownHashes& known,
                         const MasterCheckOptions& options, const std::atomic<bool>& is_cancelled) {
  return CheckRun(entry, path, options, is_cancelled).run(known);
}

}  // namespace lathe
