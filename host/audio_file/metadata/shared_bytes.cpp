#include "host/audio_file/metadata/shared_bytes.h"

#include <xxhash.h>

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace lathe {
namespace {

// Less is not worth the search.
constexpr std::size_t kLeastShared = 4096;

class HeldBytes {
 public:
  std::shared_ptr<const std::string> hold(std::string bytes) {
    const std::uint64_t hash = ::XXH3_64bits(bytes.data(), bytes.size());
    const std::lock_guard lock(mutex_);
    const auto [first, end] = held_.equal_range(hash);
    for (auto one = first; one != end; ++one) {
      if (auto there = one->second.lock(); there && *there == bytes) return there;
    }
    std::erase_if(held_, [](const auto& one) { return one.second.expired(); });
    auto made = std::make_shared<const std::string>(std::move(bytes));
    held_.emplace(hash, made);
    return made;
  }

 private:
  std::mutex mutex_;
  std::unordered_multimap<std::uint64_t, std::weak_ptr<const std::string>> held_;
};

HeldBytes& held_bytes() {
  static HeldBytes held;
  return held;
}

}  // namespace

SharedBytes::SharedBytes(std::string bytes) {
  if (bytes.empty()) return;
  bytes_ = bytes.size() < kLeastShared ? std::make_shared<const std::string>(std::move(bytes))
                                       : held_bytes().hold(std::move(bytes));
}

}  // namespace lathe
