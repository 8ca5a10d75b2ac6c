// JSON written straight into a text: for reports of many rows, where building a document of each costs more than
// looking it up.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

// Commas come by themselves; that every object and array is closed and keys stand in objects alone is the caller's.
class JsonText {
 public:
  // In an object: the key of what comes next. A plain word: it is not escaped.
  JsonText& key(std::string_view word);

  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_array() { return open('['); }
  JsonText& end_array() { return close(']'); }

  // Bytes that are not UTF-8 become U+FFFD.
  JsonText& text(std::string_view bytes);
  // What is JSON already.
  JsonText& json(std::string_view value) { return bare(value); }
  JsonText& boolean(bool value) { return bare(value ? "true" : "false"); }
  JsonText& null() { return bare("null"); }
  JsonText& integer(std::int64_t value);
  // Rounded to five decimals, never -0; null when it is not finite.
  JsonText& number(double value);
  JsonText& number(const std::optional<double>& value) { return value ? number(*value) : null(); }

  JsonText& texts(const std::vector<std::string>& values);
  JsonText& texts(const std::map<std::string, std::string>& values);
  JsonText& numbers(const std::map<std::string, double>& values);
  JsonText& integers(const std::map<std::string, std::int64_t>& values);

  std::string_view view() const { return {json_.data(), size_}; }
  // Begins anew and keeps the room.
  void clear();

 private:
  JsonText& open(char bracket);
  JsonText& close(char bracket);
  JsonText& bare(std::string_view word);
  void separate();
  void put(std::string_view bytes) {
    if (json_.size() - size_ < bytes.size()) grow(bytes.size());
    std::memcpy(json_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void grow(std::size_t by);
  void quoted(std::string_view bytes);
  template <class Map, class Add>
  JsonText& object(const Map& values, Add add);

  std::vector<char> json_ = std::vector<char>(4096);
  std::size_t size_ = 0;
  bool needs_comma_ = false;
};

}  // namespace lathe
