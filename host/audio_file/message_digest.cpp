// OpenSSL behind MessageDigest.
#include "host/audio_file/message_digest.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace lathe {
namespace {

const EVP_MD* algorithm_of(MessageDigest::Kind kind) {
  switch (kind) {
    case MessageDigest::Kind::md5:
      return ::EVP_md5();
    case MessageDigest::Kind::sha1:
      return ::EVP_sha1();
    case MessageDigest::Kind::sha224:
      return ::EVP_sha224();
    case MessageDigest::Kind::sha384:
      return ::EVP_sha384();
    case MessageDigest::Kind::sha512:
      return ::EVP_sha512();
    case MessageDigest::Kind::sha256:
      break;
  }
  return ::EVP_sha256();
}

}  // namespace

MessageDigest::MessageDigest(Kind kind) : context_(::EVP_MD_CTX_new()) {
  const EVP_MD* algorithm = algorithm_of(kind);
  if (!context_ || ::EVP_DigestInit_ex(context_.get(), algorithm, nullptr) != 1)
    throw std::runtime_error(std::string("OpenSSL offers no ") + ::EVP_MD_get0_name(algorithm));
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
