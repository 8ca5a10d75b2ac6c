#include "host/compare/bag_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "host/audio_file/audio_file.h"
#include "host/compare/master_check.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(stream), {}};
}

// RFC 8493, 2.1.3: %0A, %0D and %25 stand for line ends and percent signs.
std::string decoded(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view code = text.substr(i, 3);
    if (code == "%0A" || code == "%0a") {
      path += '\n';
    } else if (code == "%0D" || code == "%0d") {
      path += '\r';
    } else if (code == "%25") {
      path += '%';
    } else {
      path += text[i];
      continue;
    }
    i += 2;
  }
  return path;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

class Check {
 public:
  Check(const fs::path& bag, const std::map<std::string, std::string>& known, const std::atomic<bool>& is_cancelled)
      : bag_(bag), known_(known), is_cancelled_(is_cancelled) {}

  BagCheck run() {
    const std::optional<std::string> manifest = text_of(bag_ / "manifest-sha256.txt");
    if (!manifest) {
      problem("manifest-sha256.txt", "MANIFEST", "is not there or cannot be read: other hashes are not looked at");
      return std::move(check_);
    }
    check_files(*manifest, "manifest-sha256.txt", true);
    if (const auto tags = text_of(bag_ / "tagmanifest-sha256.txt")) check_files(*tags, "tagmanifest-sha256.txt", false);
    look_for_unnamed();
    check_oxum();
    return std::move(check_);
  }

 private:
  void problem(std::string path, std::string code, std::string message) {
    check_.problems.push_back({std::move(path), std::move(code), std::move(message)});
  }

  // "HASH  PATH" a line.
  void check_files(std::string_view text, const char* manifest, bool is_payload) {
    int number = 0;
    for (const std::string_view line : lines_of(text)) {
      ++number;
      const std::size_t blank = line.find_first_of(" \t");
      const std::size_t begin = blank == line.npos ? blank : line.find_first_not_of(" \t*", blank);
      std::string hash(line.substr(0, std::min(blank, line.size())));
      std::ranges::transform(hash, hash.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      const bool is_hash = hash.size() == 64 && hash.find_first_not_of("0123456789abcdef") == hash.npos;
      if (begin == line.npos || !is_hash) {
        problem(manifest, "MANIFEST", fmt::format("line {} is no SHA-256 and a path", number));
        continue;
      }
      const std::string path = decoded(line.substr(begin));
      if (is_payload) named_.insert(fs::path(path).lexically_normal().string());
      ++check_.files;
      check_file(path, hash, is_payload);
    }
  }

  void check_file(const std::string& path, const std::string& hash, bool is_payload) {
    const std::optional<fs::path> place = path_in_folder(bag_, path);
    const bool is_in_data = fs::path(path).lexically_normal().string().starts_with("data/");
    if (!place || is_payload != is_in_data)
      return problem(path, "OUTSIDE", "its path leads out of where it belongs, and is not followed");
    if (const auto outside = leads_out(bag_, *place))
      return problem(path, "OUTSIDE",
                     fmt::format("a link leads out of the bag, to {}, and is not followed", outside->string()));
    std::error_code error;
    if (!fs::is_regular_file(*place, error)) return problem(path, "MISSING", "is not there");
    try {
      const auto taken = known_.find(path);
      const std::string found = taken == known_.end() ? sha256_of_file(*place, is_cancelled_) : taken->second;
      if (found != hash)
        problem(path, "CHANGED", fmt::format("its SHA-256 is {}, the bag's manifest has {}", found, hash));
    } catch (const AudioFileError& unreadable) {
      problem(path, "UNREADABLE", unreadable.reason());
    }
  }

  void look_for_unnamed() {
    std::error_code error;
    for (fs::recursive_directory_iterator at(bag_ / "data", error), end; !error && at != end; at.increment(error)) {
      std::error_code unreadable;
      if (!at->is_regular_file(unreadable)) continue;
      ++payload_files_;
      payload_bytes_ += static_cast<std::int64_t>(at->file_size(unreadable));
      const std::string path = at->path().lexically_relative(bag_).string();
      if (!named_.contains(path)) problem(path, "UNNAMED", "the bag's manifest does not name it");
    }
    if (error) problem("data", "UNREADABLE", "the folder cannot be listed: " + error.message());
  }

  // "Payload-Oxum: BYTES.FILES" of bag-info.txt.
  void check_oxum() {
    constexpr std::string_view kLabel = "payload-oxum:";
    const std::string info = text_of(bag_ / "bag-info.txt").value_or("");
    for (const std::string_view line : lines_of(info)) {
      std::string label(line.substr(0, kLabel.size()));
      std::ranges::transform(label, label.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (label != kLabel) continue;
      const std::size_t at = line.find_first_not_of(" \t", kLabel.size());
      const std::string said(at == line.npos ? std::string_view() : line.substr(at));
      const std::string is = fmt::format("{}.{}", payload_bytes_, payload_files_);
      if (said != is) problem("bag-info.txt", "OXUM", fmt::format("Payload-Oxum says {}, data/ holds {}", said, is));
    }
  }

  const fs::path& bag_;
  const std::map<std::string, std::string>& known_;
  const std::atomic<bool>& is_cancelled_;
  std::set<std::string> named_;
  std::int64_t payload_bytes_ = 0, payload_files_ = 0;
  BagCheck check_;
};

}  // namespace

bool is_bag_folder(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / "bagit.txt", error);
}

BagCheck check_bag(const fs::path& bag, const std::map<std::string, std::string>& known,
                   const std::atomic<bool>& is_cancelled) {
  return Check(bag, known, is_cancelled).run();
}

}  // namespace lathe
