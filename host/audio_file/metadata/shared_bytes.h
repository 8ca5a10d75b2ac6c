// Bytes that many hold and nobody changes: a cover that stands in all files of a release, and in all parts of one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace lathe {

class SharedBytes {
 public:
  SharedBytes() = default;
  // Whatever equals it and is held somewhere in the process already is held once more, and not twice.
  SharedBytes(std::string bytes);
  SharedBytes(std::string_view bytes) : SharedBytes(std::string(bytes)) {}
  SharedBytes(const char* text) : SharedBytes(std::string(text)) {}

  operator std::string_view() const { return bytes_ ? std::string_view(*bytes_) : std::string_view(); }
  const char* data() const { return std::string_view(*this).data(); }
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  bool empty() const { return size() == 0; }
  char operator[](std::size_t at) const { return (*bytes_)[at]; }

  friend bool operator==(const SharedBytes& a, const SharedBytes& b) {
    return a.bytes_ == b.bytes_ || std::string_view(a) == std::string_view(b);
  }

 private:
  std::shared_ptr<const std::string> bytes_;
};

}  // namespace lathe
