// SHA and MD5 over bytes as they stream by, in hexadecimal.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

struct evp_md_ctx_st;

namespace lathe {

class MessageDigest {
 public:
  enum class Kind { md5, sha1, sha224, sha256, sha384, sha512 };

  // Throws std::runtime_error when OpenSSL does not offer it.
  explicit MessageDigest(Kind kind);
  ~MessageDigest();
  MessageDigest(MessageDigest&&) noexcept;
  MessageDigest& operator=(MessageDigest&&) noexcept;

  void update(const void* data, std::size_t bytes);
  // Of all bytes so far, in lower case. Once only.
  std::string hex();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

// Any bytes as lower-case hexadecimal digits.
std::string hex_of(const unsigned char* bytes, std::size_t count);

}  // namespace lathe
