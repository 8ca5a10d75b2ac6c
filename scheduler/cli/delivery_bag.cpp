#include "scheduler/cli/delivery_bag.h"

#include <fmt/format.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "scheduler/cli/published_text.h"
#include "scheduler/worker/digest.h"
#include "scheduler/worker/scan.h"

namespace lathe::cli {
namespace {

namespace fs = std::filesystem;
constexpr const char* kStaging = ".lathe";

struct KnownFile {
  std::string sha256;
  std::int64_t bytes = 0;
};

struct Payload {
  std::map<std::string, KnownFile> files;  // by path below data/
  std::set<std::string> upcs;
};

// What the manifest beside the masters says of them.
Payload masters_in(const fs::path& data) {
  Payload masters;
  const nlohmann::json manifest = nlohmann::json::parse(text_of_file(data / "lathe-manifest.json"), nullptr, false);
  if (!manifest.is_object()) return masters;
  for (const nlohmann::json& track : manifest.value("tracks", nlohmann::json::array())) {
    for (const nlohmann::json& output : track.value("outputs", nlohmann::json::array()))
      masters.files[output.value("path", "")] = {output.value("sha256", ""), output.value("bytes", std::int64_t{0})};
    const std::string upc = track.value("tags", nlohmann::json::object()).value("upc", "");
    if (!upc.empty()) masters.upcs.insert(upc);
  }
  return masters;
}

// All that lies there, but for what is being written.
std::map<std::string, KnownFile> files_in(const fs::path& data, const std::map<std::string, KnownFile>& masters) {
  std::map<std::string, KnownFile> files;
  for (fs::recursive_directory_iterator at(data), end; at != end; ++at) {
    if (at->is_directory() && at->path().filename() == kStaging) at.disable_recursion_pending();
    if (!at->is_regular_file()) continue;
    const std::string name = at->path().lexically_relative(data).string();
    KnownFile file{{}, static_cast<std::int64_t>(at->file_size())};
    const auto master = masters.find(name);
    const bool is_known = master != masters.end() && master->second.bytes == file.bytes;
    file.sha256 = is_known ? master->second.sha256 : scheduler::file_sha256(at->path());
    if (file.sha256.empty())
      throw AudioFileError(AudioFileError::Fault::unreadable, at->path(), "cannot be read, and is not in the bag");
    files[name] = file;
  }
  return files;
}

// RFC 8493, 2.1.3: line ends and percent signs are encoded, and nothing else.
std::string encoded(const std::string& path) {
  std::string text;
  for (const char c : path) {
    if (c == '\n' || c == '\r' || c == '%') {
      text += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
}

}  // namespace

fs::path bag_payload(const fs::path& bag) { return bag / "data"; }

bool is_bag(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / "bagit.txt", error);
}

void refuse_inside_bag(const fs::path& out, bool to_bag) {
  if (!to_bag && is_bag(out)) {
    throw scheduler::RefusedInput("--out " + out.string() +
                                  " is a bag: say --bag (of `lathe master`) to add to it, or choose another folder");
  }
  for (fs::path above = out.parent_path(); above.has_relative_path(); above = above.parent_path()) {
    if (!is_bag(above)) continue;
    throw scheduler::RefusedInput("--out " + out.string() + " lies in the bag " + above.string() +
                                  ", whose hashes would no longer be true: say --bag --out " + above.string() +
                                  " to add to it, or choose another folder");
  }
}

void write_bag(const fs::path& bag, const std::string& engine) {
  const fs::path data = bag_payload(bag);
  const Payload masters = masters_in(data);
  std::string manifest;
  std::int64_t bytes = 0;
  const auto files = files_in(data, masters.files);
  for (const auto& [name, file] : files) {
    manifest += fmt::format("{}  data/{}\n", file.sha256, encoded(name));
    bytes += file.bytes;
  }
  std::string info = fmt::format("Bag-Software-Agent: {}\nBagging-Date: {}\n", engine, today());
  for (const std::string& upc : masters.upcs) info += fmt::format("External-Identifier: {}\n", upc);
  info += fmt::format("Payload-Oxum: {}.{}\n", bytes, files.size());
  const std::vector<std::pair<const char*, std::string>> texts{
      {"bag-info.txt", std::move(info)},
      {"bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"},
      {"manifest-sha256.txt", std::move(manifest)}};
  std::string tags;
  for (const auto& [name, text] : texts) {
    publish_text(bag, bag / name, text);
    tags += fmt::format("{}  {}\n", scheduler::sha256_hex(text), name);
  }
  publish_text(bag, bag / "tagmanifest-sha256.txt", tags);
}

}  // namespace lathe::cli
