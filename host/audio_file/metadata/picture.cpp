#include "host/audio_file/metadata/picture.h"

#include <array>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/metadata/id3_tag.h"
#include "host/audio_file/text_encoding.h"

namespace lathe {
namespace {

constexpr int kMostPictureType = 20;

const std::byte* at(std::string_view bytes, std::size_t i) { return reinterpret_cast<const std::byte*>(&bytes[i]); }

std::string one_text(int encoding, std::string_view bytes) {
  const auto strings = id3_strings(encoding, bytes);
  return strings.empty() ? std::string() : strings.front();
}

int type_of(std::uint32_t number) { return number <= kMostPictureType ? static_cast<int>(number) : 0; }

// A number and as many bytes; false where they are not there.
bool take_counted(std::string_view& bytes, std::string& into) {
  if (bytes.size() < 4) return false;
  const std::size_t size = load_be32(at(bytes, 0));
  if (size > bytes.size() - 4) return false;
  into = bytes.substr(4, size);
  bytes.remove_prefix(4 + size);
  return true;
}

int bounded(std::uint32_t value) { return value <= INT32_MAX ? static_cast<int>(value) : 0; }

std::optional<Picture> picture_from_block(std::string_view bytes) {
  Picture picture;
  if (bytes.size() < 4) return std::nullopt;
  picture.type = type_of(load_be32(at(bytes, 0)));
  bytes.remove_prefix(4);
  if (!take_counted(bytes, picture.mime) || !take_counted(bytes, picture.description) || bytes.size() < 16)
    return std::nullopt;
  int* const numbers[] = {&picture.width, &picture.height, &picture.depth, &picture.colors};
  for (std::size_t i = 0; i < 4; ++i) *numbers[i] = bounded(load_be32(at(bytes, 4 * i)));
  bytes.remove_prefix(16);
  std::string data;
  if (!take_counted(bytes, data) || data.empty()) return std::nullopt;
  picture.data = std::move(data);
  picture.mime = utf8_from_unknown(picture.mime).text;
  picture.description = utf8_from_unknown(picture.description).text;
  return picture;
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

// The frame header of a JPEG: the first marker SOF, which is 0xC0 to 0xCF without 0xC4, 0xC8 and 0xCC.
void find_in_jpeg(Picture& picture) {
  const std::string_view data = picture.data;
  for (std::size_t i = 2; i + 10 < data.size();) {
    if (data[i] != '\xff') return;
    const auto marker = static_cast<unsigned char>(data[i + 1]);
    const bool is_frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) {
      picture.height = load_be16(at(data, i + 5));
      picture.width = load_be16(at(data, i + 7));
      picture.depth = 8 * static_cast<unsigned char>(data[i + 9]);
      return;
    }
    i += marker == 0xff ? 1 : 2 + static_cast<std::size_t>(load_be16(at(data, i + 2)));
  }
}

void find_in_png(Picture& picture) {
  if (picture.data.size() < 26 || std::string_view(picture.data).substr(12, 4) != "IHDR") return;
  constexpr std::array<int, 7> kSamples = {1, 0, 3, 1, 2, 0, 4};  // of a pixel, by colour type
  const auto color_type = static_cast<unsigned char>(picture.data[25]);
  picture.width = bounded(load_be32(at(picture.data, 16)));
  picture.height = bounded(load_be32(at(picture.data, 20)));
  // Of a palette a pixel's depth is that of its colours.
  if (color_type < kSamples.size())
    picture.depth = color_type == 3 ? 24 : kSamples[color_type] * static_cast<unsigned char>(picture.data[24]);
}

// Where a tag does not say them, as ID3's do not.
void find_dimensions(Picture& picture) {
  const std::string_view data = picture.data;
  if (data.starts_with("\x89PNG\r\n")) find_in_png(picture);
  if (data.starts_with("\xff\xd8")) find_in_jpeg(picture);
  if (data.starts_with("GIF8") && data.size() > 10) {
    picture.width = load_le<std::uint16_t>(at(data, 6));
    picture.height = load_le<std::uint16_t>(at(data, 8));
    picture.depth = 24;
  }
}

}  // namespace

std::optional<Picture> picture_from_apic(std::string_view body, bool is_version_2) {
  if (body.size() < 6) return std::nullopt;
  Picture picture;
  const int encoding = body[0];
  body.remove_prefix(1);
  if (is_version_2) {
    const std::string_view format = body.substr(0, 3);
    picture.mime = format == "PNG" ? "image/png" : format == "JPG" ? "image/jpeg" : std::string(format);
    body.remove_prefix(3);
  } else {
    picture.mime = utf8_from_unknown(take_id3_string(0, body)).text;
  }
  if (body.empty()) return std::nullopt;
  picture.type = type_of(static_cast<unsigned char>(body[0]));
  body.remove_prefix(1);
  picture.description = one_text(encoding, take_id3_string(encoding, body));
  picture.data = body;
  if (picture.data.empty()) return std::nullopt;
  find_dimensions(picture);
  return picture;
}

std::string apic_body(const Picture& picture) {
  std::string body = "\x03" + picture.mime + '\0' + static_cast<char>(picture.type) + picture.description + '\0';
  return body.append(picture.data);
}

std::optional<Picture> picture_from_comment(std::string_view base64) {
  const auto block = from_base64(base64);
  return block ? picture_from_block(*block) : std::nullopt;
}

}  // namespace lathe
