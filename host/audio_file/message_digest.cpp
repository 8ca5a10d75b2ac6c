// OpenSSL behind MessageDigest.
#include "host/audio_file/message_digest.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace lathe {

MessageDigest::MessageDigest(Kind kind) : context_(::EVP_MD_CTX_new()) {
  const EVP_MD* algorithm = kind == Kind::sha256 ? ::EVP_sha256() : ::EVP_md5();
  if (!context_ || ::EVP_DigestInit_ex(context_.get(), algorithm, nullptr) != 1) {
    throw std::runtime_error(kind == Kind::sha256 ? "OpenSSL offers no SHA-256" : "OpenSSL offers no MD5");
  }
}

MessageDigest::~MessageDigest() = default;
MessageDigest::MessageDigest(MessageDigest&&) noexcept = default;
MessageDigest& MessageDigest::operator=(MessageDigest&&) noexcept = default;

void MessageDigest::Deleter::operator()(evp_md_ctx_st* context) const { ::EVP_MD_CTX_free(context); }

void MessageDigest::update(const void* data, std::size_t bytes) { ::EVP_DigestUpdate(context_.get(), data, bytes); }

std::string MessageDigest::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  ::EVP_DigestFinal_ex(context_.get(), digest, &size);
  return hex_of(digest, size);
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
