#include "tests/cli/tagged_file.h"

#include <algorithm>

namespace lathe::test {
namespace {

std::uint64_t number(std::string_view bytes, bool is_big) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = is_big ? i : bytes.size() - 1 - i;
    value = value << 8 | static_cast<unsigned char>(bytes[at]);
  }
  return value;
}

// What a frame says behind its encoding, language and description, its texts parted by NUL.
std::string_view text_behind_description(const RawChunk& frame) {
  std::string_view body = std::string_view(frame.body).substr(1);
  if (frame.id == "COMM" || frame.id == "USLT") body.remove_prefix(3);
  if (frame.id == "COMM" || frame.id == "USLT" || frame.id == "TXXX") body.remove_prefix(body.find('\0') + 1);
  return body;
}

}  // namespace

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string big(std::uint64_t value, int bytes) {
  const std::string turned = little(value, bytes);
  return {turned.rbegin(), turned.rend()};
}

std::vector<RawChunk> chunks_of(std::string_view file, bool is_big) {
  std::vector<RawChunk> chunks;
  for (std::size_t at = 12; at + 8 <= file.size();) {
    const std::string id(file.substr(at, 4));
    const std::size_t size = number(file.substr(at + 4, 4), is_big);
    const bool is_sound = id == "data" || id == "SSND";
    chunks.push_back({id, is_sound ? "" : std::string(file.substr(at + 8, size))});
    at += 8 + size + size % 2;
  }
  return chunks;
}

std::string chunk_named(const std::vector<RawChunk>& chunks, std::string_view id, std::string_view begins_with) {
  const auto found = std::ranges::find_if(
      chunks, [&](const RawChunk& chunk) { return chunk.id == id && chunk.body.starts_with(begins_with); });
  return found == chunks.end() ? std::string() : found->body;
}

std::string with_chunks(std::string file, const std::vector<RawChunk>& chunks, bool is_big) {
  if (file.size() % 2 != 0) file += '\0';
  for (const RawChunk& chunk : chunks) {
    const std::size_t size = chunk.body.size();
    file += chunk.id + (is_big ? big(size, 4) : little(size, 4)) + chunk.body + std::string(size % 2, '\0');
  }
  return file.replace(4, 4, is_big ? big(file.size() - 8, 4) : little(file.size() - 8, 4));
}

std::vector<FlacBlockBytes> flac_blocks_of(std::string_view file) {
  std::vector<FlacBlockBytes> blocks;
  bool is_last = false;
  for (std::size_t at = 4; !is_last && at + 4 <= file.size();) {
    const auto head = static_cast<unsigned char>(file[at]);
    const std::size_t size = number(file.substr(at + 1, 3), true);
    is_last = (head & 0x80) != 0;
    blocks.push_back({head & 0x7f, std::string(file.substr(at + 4, size))});
    at += 4 + size;
  }
  return blocks;
}

std::string with_flac_blocks(std::string_view file, const std::vector<FlacBlockBytes>& blocks) {
  std::size_t frames_at = 4;
  const std::vector<FlacBlockBytes> there = flac_blocks_of(file);
  for (const FlacBlockBytes& block : there) frames_at += 4 + block.body.size();
  std::string out = "fLaC";
  out += std::string(1, '\0') + big(there.front().body.size(), 3) + there.front().body;
  for (const FlacBlockBytes& block : blocks) {
    const int last = &block == &blocks.back() ? 0x80 : 0;
    out += static_cast<char>(block.type | last) + big(block.body.size(), 3) + block.body;
  }
  return out + std::string(file.substr(frames_at));
}

std::string comment_block(const FieldList& fields) {
  std::string body = little(4, 4) + "test" + little(fields.size(), 4);
  for (const auto& [name, value] : fields) body += little(name.size() + 1 + value.size(), 4) + name + "=" + value;
  return body;
}

FieldList comments_in(std::string_view block) {
  FieldList fields;
  std::size_t at = 4 + number(block.substr(0, 4), false);
  const std::size_t count = number(block.substr(at, 4), false);
  at += 4;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = number(block.substr(at, 4), false);
    const std::string_view text = block.substr(at + 4, size);
    const std::size_t equals = text.find('=');
    fields.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    at += 4 + size;
  }
  return fields;
}

std::string picture_block(int type, const std::string& mime, const std::string& description, const std::string& data) {
  return big(static_cast<std::uint64_t>(type), 4) + big(mime.size(), 4) + mime + big(description.size(), 4) +
         description + std::string(16, '\0') + big(data.size(), 4) + data;
}

std::string id3_tag_of(const std::vector<RawChunk>& frames) {
  const auto seven_bits = [](std::size_t size) {
    std::string out;
    for (int shift = 21; shift >= 0; shift -= 7) out += static_cast<char>((size >> shift) & 0x7f);
    return out;
  };
  std::string body;
  for (const RawChunk& frame : frames)
    body += frame.id + seven_bits(frame.body.size()) + std::string(2, '\0') + frame.body;
  return std::string("ID3\x04\0\0", 6) + seven_bits(body.size()) + body;
}

std::vector<RawChunk> id3_frames_of(std::string_view tag) {
  std::vector<RawChunk> frames;
  for (std::size_t at = 10; at + 10 <= tag.size();) {
    std::size_t size = 0;
    for (std::size_t i = 4; i < 8; ++i) size = size << 7 | static_cast<unsigned char>(tag[at + i]);
    frames.push_back({std::string(tag.substr(at, 4)), std::string(tag.substr(at + 10, size))});
    at += 10 + size;
  }
  return frames;
}

std::vector<std::string> id3_values(const std::vector<RawChunk>& frames) {
  std::vector<std::string> values;
  for (const RawChunk& frame : frames) {
    if (frame.id[0] == 'W') values.push_back(frame.body);
    if (frame.id[0] != 'T' && frame.id != "COMM" && frame.id != "USLT") continue;
    std::string_view text = text_behind_description(frame);
    while (true) {
      const std::size_t end = text.find('\0');
      values.emplace_back(text.substr(0, end));
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
  }
  return values;
}

}  // namespace lathe::test
