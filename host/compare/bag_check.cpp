#include "host/compare/bag_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/message_digest.h"
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

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// What the first line of this label says, in a tag file of "Label: value" lines; nothing if there is none.
std::optional<std::string> element_of(const fs::path& tag_file, std::string_view label) {
  const std::string text = text_of(tag_file).value_or("");
  for (const std::string_view line : lines_of(text)) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || lower_case(line.substr(0, colon)) != label) continue;
    const std::size_t at = line.find_first_not_of(" \t", colon + 1);
    return std::string(at == line.npos ? std::string_view() : line.substr(at));
  }
  return std::nullopt;
}

struct BagAlgorithm {
  std::string_view name, title;
  MessageDigest::Kind kind;
  std::size_t digits;
};

constexpr BagAlgorithm kBagAlgorithms[] = {
    {"md5", "MD5", MessageDigest::Kind::md5, 32},           {"sha1", "SHA-1", MessageDigest::Kind::sha1, 40},
    {"sha224", "SHA-224", MessageDigest::Kind::sha224, 56}, {"sha256", "SHA-256", MessageDigest::Kind::sha256, 64},
    {"sha384", "SHA-384", MessageDigest::Kind::sha384, 96}, {"sha512", "SHA-512", MessageDigest::Kind::sha512, 128}};

struct BagManifest {
  std::string file;  // "tagmanifest-sha256.txt"
  bool is_payload = true;
  const BagAlgorithm* algorithm = nullptr;  // null: unknown
  std::set<std::string> named = {};         // below the bag, normalised
};

// By its file's name; nothing if that is no manifest's. "SHA-256" is "sha256" (RFC 8493, 2.4).
std::optional<BagManifest> manifest_called(const std::string& file) {
  constexpr std::string_view kTag = "tag", kPrefix = "manifest-", kEnd = ".txt";
  std::string_view name = file;
  const bool is_payload = !name.starts_with(kTag);
  if (!is_payload) name.remove_prefix(kTag.size());
  if (!name.starts_with(kPrefix) || !name.ends_with(kEnd) || name.size() <= kPrefix.size() + kEnd.size())
    return std::nullopt;
  name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kEnd.size());
  std::string algorithm = lower_case(name);
  std::erase_if(algorithm, [](unsigned char c) { return std::isalnum(c) == 0; });
  BagManifest manifest{file, is_payload};
  const auto found = std::ranges::find(kBagAlgorithms, algorithm, &BagAlgorithm::name);
  if (found != std::end(kBagAlgorithms)) manifest.algorithm = found;
  return manifest;
}

class Check {
 public:
  Check(const fs::path& bag, const std::map<std::string, std::string>& known, const std::atomic<bool>& is_cancelled)
      : bag_(bag), known_(known), is_cancelled_(is_cancelled) {}

  BagCheck run() {
    find_manifests();
    for (BagManifest& manifest : manifests_) read(manifest);
    look_for_payload_manifest();
    check_.files = static_cast<std::int64_t>(hashes_.size());
    for (const auto& [path, hashes] : hashes_) check_file(path, hashes);
    look_for_unnamed();
    check_oxum();
    return std::move(check_);
  }

 private:
  // What a manifest says of a file.
  struct SaidHash {
    const BagManifest* manifest;
    std::string hash;
  };

  void problem(std::string path, std::string code, std::string message) {
    check_.problems.push_back({std::move(path), std::move(code), std::move(message)});
  }

  void find_manifests() {
    std::error_code error;
    for (fs::directory_iterator at(bag_, error), end; !error && at != end; at.increment(error)) {
      if (auto manifest = manifest_called(at->path().filename().string())) manifests_.push_back(std::move(*manifest));
    }
    if (error) problem(".", "UNREADABLE", "the folder cannot be listed: " + error.message());
    std::ranges::sort(manifests_, {}, &BagManifest::file);
  }

  void look_for_payload_manifest() {
    const auto payload = std::ranges::find_if(manifests_, &BagManifest::is_payload);
    if (payload == manifests_.end())
      return problem("manifest-sha256.txt", "MANIFEST", "is not there, nor is a payload manifest of another algorithm");
    const auto is_known = [](const BagManifest& m) { return m.is_payload && m.algorithm != nullptr; };
    if (std::ranges::none_of(manifests_, is_known))
      problem(payload->file, "MANIFEST", "its algorithm is unknown, and no other manifest is of data/");
  }

  // "HASH  PATH" a line.
  void read(BagManifest& manifest) {
    const std::optional<std::string> text = text_of(bag_ / manifest.file);
    if (!text) return problem(manifest.file, "MANIFEST", "cannot be read");
    if (manifest.algorithm == nullptr) check_.not_checked.push_back(manifest.file);
    int number = 0;
    for (const std::string_view line : lines_of(*text)) {
      ++number;
      const std::size_t blank = line.find_first_of(" \t");
      const std::size_t begin = blank == line.npos ? blank : line.find_first_not_of(" \t*", blank);
      std::string hash = lower_case(line.substr(0, std::min(blank, line.size())));
      const bool is_hash = manifest.algorithm == nullptr || (hash.size() == manifest.algorithm->digits &&
                                                             hash.find_first_not_of("0123456789abcdef") == hash.npos);
      if (begin == line.npos || !is_hash) {
        const std::string_view title = manifest.algorithm == nullptr ? "hash" : manifest.algorithm->title;
        problem(manifest.file, "MANIFEST", fmt::format("line {} is no {} and a path", number, title));
        continue;
      }
      const std::string path = decoded(line.substr(begin));
      const std::string place = fs::path(path).lexically_normal().string();
      manifest.named.insert(place);
      if (!path_in_folder(bag_, path) || manifest.is_payload != place.starts_with("data/")) {
        problem(path, "OUTSIDE", "its path leads out of where it belongs, and is not followed");
      } else {
        hashes_[path].push_back({&manifest, std::move(hash)});
      }
    }
  }

  void check_file(const std::string& path, const std::vector<SaidHash>& hashes) {
    const fs::path place = *path_in_folder(bag_, path);
    if (const auto outside = leads_out(bag_, place))
      return problem(path, "OUTSIDE",
                     fmt::format("a link leads out of the bag, to {}, and is not followed", outside->string()));
    std::error_code error;
    if (!fs::is_regular_file(place, error)) return problem(path, "MISSING", "is not there");
    std::map<MessageDigest::Kind, std::string> found;
    if (const auto taken = known_.find(path); taken != known_.end()) found[MessageDigest::Kind::sha256] = taken->second;
    std::vector<MessageDigest::Kind> wanted;
    for (const SaidHash& said : hashes) {
      const BagAlgorithm* algorithm = said.manifest->algorithm;
      if (algorithm != nullptr && found.try_emplace(algorithm->kind).second) wanted.push_back(algorithm->kind);
    }
    try {
      if (!wanted.empty()) {
        const std::vector<std::string> taken = digests_of_file(place, wanted, is_cancelled_);
        for (std::size_t i = 0; i < wanted.size(); ++i) found[wanted[i]] = taken[i];
      }
    } catch (const AudioFileError& unreadable) {
      return problem(path, "UNREADABLE", unreadable.reason());
    }
    for (const auto& [manifest, hash] : hashes) {
      if (manifest->algorithm == nullptr || found[manifest->algorithm->kind] == hash) continue;
      problem(path, "CHANGED",
              fmt::format("its {} is {}, {} has {}", manifest->algorithm->title, found[manifest->algorithm->kind],
                          manifest->file, hash));
    }
  }

  void look_for_unnamed() {
    const bool may_share = element_of(bag_ / "bagit.txt", "bagit-version").value_or("").starts_with("0.");
    std::error_code error;
    for (fs::recursive_directory_iterator at(bag_ / "data", error), end; !error && at != end; at.increment(error)) {
      std::error_code unreadable;
      if (!at->is_regular_file(unreadable)) continue;
      ++payload_files_;
      payload_bytes_ += static_cast<std::int64_t>(at->file_size(unreadable));
      const std::string path = at->path().lexically_relative(bag_).string();
      const auto names_it = [&path](const BagManifest& m) { return m.is_payload && m.named.contains(path); };
      if (may_share && std::ranges::any_of(manifests_, names_it)) continue;
      for (const BagManifest& manifest : manifests_) {
        if (manifest.is_payload && !names_it(manifest)) problem(path, "UNNAMED", manifest.file + " does not name it");
      }
    }
    if (error) problem("data", "UNREADABLE", "the folder cannot be listed: " + error.message());
  }

  // "Payload-Oxum: BYTES.FILES" of bag-info.txt.
  void check_oxum() {
    const std::optional<std::string> said = element_of(bag_ / "bag-info.txt", "payload-oxum");
    const std::string is = fmt::format("{}.{}", payload_bytes_, payload_files_);
    if (said && *said != is)
      problem("bag-info.txt", "OXUM", fmt::format("Payload-Oxum says {}, data/ holds {}", *said, is));
  }

  const fs::path& bag_;
  const std::map<std::string, std::string>& known_;
  const std::atomic<bool>& is_cancelled_;
  std::vector<BagManifest> manifests_;
  std::map<std::string, std::vector<SaidHash>> hashes_;  // by path below the bag
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
