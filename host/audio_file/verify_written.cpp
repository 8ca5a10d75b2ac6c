// One pass of big reads feeds SHA-256 with all bytes and XXH3 with the samples; FLAC is decoded in a second pass.
#include "host/audio_file/verify_written.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/byte_order.h"
#include "host/audio_file/frame_source.h"
#include "host/audio_file/pcm_hash.h"

namespace lathe {
namespace {

using Fault = AudioFileError::Fault;

constexpr std::int64_t kReadBytes = 512 << 10;  // half a second-level cache: both hashes find the bytes still there
constexpr std::int64_t kDecodeFrames = 16384;

class Sha256 {
 public:
  Sha256() : context_(::EVP_MD_CTX_new()) {
    if (!context_ || ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) != 1) {
      throw std::runtime_error("OpenSSL offers no SHA-256");
    }
  }
  void update(const std::byte* data, std::size_t bytes) { ::EVP_DigestUpdate(context_.get(), data, bytes); }
  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ::EVP_DigestFinal_ex(context_.get(), digest, &size);
    return hex_of(digest, size);
  }

 private:
  struct Deleter {
    void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Deleter> context_;
};

// Feeds the part of a read that lies in the audio. Samples to be turned round must come whole, hence `carry`.
class StoredPcmHash {
 public:
  StoredPcmHash(const StoredPcm& stored, const AudioFormat& format)
      : stored_(stored),
        sample_bytes_(bytes_per_sample(format.encoding)),
        end_(stored.offset + format.frames * frame_bytes(format)) {}

  void update(std::int64_t at, std::byte* data, std::int64_t bytes) {
    const std::int64_t first = std::max(stored_.offset - at, std::int64_t{0});
    const std::int64_t last = std::min(end_ - at, bytes);
    if (first >= last) return;
    std::byte* from = data + first;
    const auto count = static_cast<std::size_t>(last - first);
    if (!stored_.is_big_endian && !stored_.is_signed_8) return hash_.update(from, count);
    carry_.insert(carry_.end(), from, from + count);
    const std::size_t samples = carry_.size() / static_cast<std::size_t>(sample_bytes_);
    const std::size_t whole = samples * static_cast<std::size_t>(sample_bytes_);
    if (stored_.is_big_endian) reverse_samples(carry_.data(), samples, sample_bytes_);
    if (stored_.is_signed_8) flip_sign_bits(carry_.data(), whole);
    hash_.update(carry_.data(), whole);
    carry_.erase(carry_.begin(), carry_.begin() + static_cast<std::ptrdiff_t>(whole));
  }

  std::string hex() const { return hash_.hex(); }

 private:
  StoredPcm stored_;
  int sample_bytes_;
  std::int64_t end_;
  PcmHash hash_;
  std::vector<std::byte> carry_;
};

std::string decoded_hash(AudioReader& reader) {
  PcmHash hash;
  const auto frame = static_cast<std::size_t>(frame_bytes(reader.format()));
  std::vector<std::byte> block(kDecodeFrames * frame);
  while (const std::int64_t got = reader.read(block.data(), kDecodeFrames)) {
    hash.update(block.data(), static_cast<std::size_t>(got) * frame);
  }
  return hash.hex();
}

void check_format(const std::filesystem::path& path, const AudioFormat& meant, const AudioFormat& found) {
  if (meant.encoding != found.encoding || meant.sample_rate_hz != found.sample_rate_hz ||
      meant.channels != found.channels || meant.frames != found.frames) {
    throw AudioFileError(
        Fault::write_failed, path,
        fmt::format("reads back as {} frames, {} channels, {} Hz, {} bits; {}, {}, {} and {} were written",
                    found.frames, found.channels, found.sample_rate_hz, bits_per_sample(found.encoding), meant.frames,
                    meant.channels, meant.sample_rate_hz, bits_per_sample(meant.encoding)));
  }
}

}  // namespace

VerifiedFile verify_written(const std::filesystem::path& path, const AudioFormat& written,
                            const std::string& payload_xxh3_128) {
  AudioReader reader(path);
  check_format(path, written, reader.format());
  const StoredPcm* stored = reader.stored_pcm();
  StoredPcmHash payload(stored != nullptr ? *stored : StoredPcm{}, reader.format());
  Sha256 sha256;
  std::vector<std::byte> block(static_cast<std::size_t>(kReadBytes));
  std::int64_t at = 0;
  while (const auto got = static_cast<std::int64_t>(reader.file().read_at(at, block.data(), block.size()))) {
    sha256.update(block.data(), static_cast<std::size_t>(got));
    if (stored != nullptr) payload.update(at, block.data(), got);
    at += got;
  }
  const std::string found = stored != nullptr ? payload.hex() : decoded_hash(reader);
  if (found != payload_xxh3_128) {
    throw AudioFileError(Fault::write_failed, path,
                         fmt::format("does not read back as written (XXH3 {}, not {}): check the disk and run again",
                                     found, payload_xxh3_128));
  }
  return {sha256.hex(), at};
}

}  // namespace lathe
