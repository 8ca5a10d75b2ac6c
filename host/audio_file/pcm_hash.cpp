// libxxhash behind PcmHash.
#include "host/audio_file/pcm_hash.h"

#include <xxh_x86dispatch.h>  // the widest vectors that the processor has; the plain functions stop at SSE2

#include <new>

#include "host/audio_file/message_digest.h"

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

}  // namespace lathe
