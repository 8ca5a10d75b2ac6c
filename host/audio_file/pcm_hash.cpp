// libxxhash behind PcmHash.
#include "host/audio_file/pcm_hash.h"

#include <new>

namespace lathe {

PcmHash::PcmHash() : state_(::XXH3_createState()) {
  if (!state_ || ::XXH3_128bits_reset(state_.get()) != XXH_OK) throw std::bad_alloc();
}

void PcmHash::update(const std::byte* data, std::size_t bytes) {
  if (bytes > 0) ::XXH3_128bits_update(state_.get(), data, bytes);
}

std::string PcmHash::hex() const {
  XXH128_canonical_t canonical;
  ::XXH128_canonicalFromHash(&canonical, ::XXH3_128bits_digest(state_.get()));
  return hex_of(canonical.digest, sizeof canonical.digest);
}

std::string hex_of(const unsigned char* bytes, std::size_t count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 0xf];
  }
  return out;
}

}  // namespace lathe
