#include "scheduler/worker/attempt_log.h"

#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

constexpr std::size_t kMostLineBytes = 2'000;
// Kept for the end: five lines, each of which may have grown threefold where its bytes were no text.
constexpr std::size_t kEndLines = 5, kEndBytes = kEndLines * 3 * kMostLineBytes;

std::string shortened(std::string_view text) {
  if (text.size() <= kMostLineBytes) return storable_text(text);
  std::size_t end = kMostLineBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return storable_text(text.substr(0, end)) + " ...";
}

}  // namespace

void AttemptLog::keep(std::string text, std::int64_t at_ms) {
  bytes_ += text.size();
  lines_.push_back({std::move(text), at_ms});
}

void AttemptLog::add(std::string_view text, std::int64_t at_ms) {
  std::string line = shortened(text);
  if (lines_.size() + kEndLines >= kMostLines || bytes_ + line.size() > kMostBytes - kEndBytes) {
    ++left_out_;
    return;
  }
  keep(std::move(line), at_ms);
}

void AttemptLog::add_end(std::string_view text, std::int64_t at_ms) {
  if (left_out_ > 0) {
    const std::size_t count = left_out_;
    left_out_ = 0;
    add_end("(" + std::to_string(count) + " lines left out)", at_ms);
  }
  std::string line = shortened(text);
  if (lines_.size() < kMostLines && bytes_ + line.size() <= kMostBytes) keep(std::move(line), at_ms);
}

}  // namespace lathe::scheduler
