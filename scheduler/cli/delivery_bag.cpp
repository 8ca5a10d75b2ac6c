#include "scheduler/cli/delivery_bag.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/staged_file.h"
#include "host/audio_file/text_encoding.h"
#include "scheduler/cli/published_text.h"
#include "scheduler/worker/digest.h"
#include "scheduler/worker/scan.h"

namespace lathe::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBagInfo = "bag-info.txt";
constexpr const char* kPayloadManifest = "manifest-sha256.txt";
constexpr const char* kTagManifest = "tagmanifest-sha256.txt";

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
    if (at->is_directory() && at->path().filename() == kStagingFolder) at.disable_recursion_pending();
    if (!at->is_regular_file()) continue;
    const std::string name = at->path().lexically_relative(data).string();
    KnownFile file{{}, static_cast<std::int64_t>(at->file_size())};
    const auto master = masters.find(name);
    const bool is_known = master != masters.end() && master->second.bytes == file.bytes;
    file.sha256 = is_known ? master->second.sha256 : scheduler::file_sha256(at->path());
    if (!is_utf8(name))
      throw AudioFileError(
          AudioFileError::Fault::write_failed, data,
          "the name of " + escaped_bytes(name) + " is not UTF-8, as a bag's manifest is: rename it, and run again");
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

// An element of bag-info.txt: its lines, the label in lower case, and what its first line says.
struct BagElement {
  std::string lines, label, value;
};

std::vector<BagElement> bag_elements(const fs::path& bag) {
  std::vector<BagElement> elements;
  std::istringstream text(text_of_file(bag / kBagInfo));
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const bool goes_on = line.front() == ' ' || line.front() == '\t';
    if (!goes_on || elements.empty()) {
      const std::size_t colon = std::min(line.find(':'), line.size());
      const std::size_t at = std::min(line.find_first_not_of(" \t", std::min(colon + 1, line.size())), line.size());
      std::string label = line.substr(0, colon);
      std::ranges::transform(label, label.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      elements.push_back({{}, std::move(label), line.substr(at)});
    }
    elements.back().lines += line + "\n";
  }
  return elements;
}

// Written anew by each run, or (Bag-Size) no longer true after it.
bool is_of_the_run(const BagElement& element) {
  static const std::set<std::string> kLabels{"bag-software-agent", "bagging-date", "external-identifier",
                                             "payload-oxum", "bag-size"};
  return kLabels.contains(element.label);
}

bool is_made_by_lathe(const fs::path& bag) {
  bool is_named = false;
  for (const BagElement& element : bag_elements(bag)) {
    if (element.label != "bag-software-agent") continue;
    if (!element.value.starts_with("lathe ")) return false;
    is_named = true;
  }
  return is_named;
}

// What of a bag lies in the folder that Lathe did not write, or would not keep true; empty if nothing.
std::string foreign_bag_file(const fs::path& folder) {
  std::set<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool is_manifest =
        name.ends_with(".txt") && (name.starts_with("manifest-") || name.starts_with("tagmanifest-"));
    if (is_manifest || name == "bagit.txt" || name == kBagInfo || name == "fetch.txt") files.insert(name);
  }
  if (is_made_by_lathe(folder)) {
    for (const char* own : {"bagit.txt", kBagInfo, kPayloadManifest, kTagManifest}) files.erase(own);
  }
  return files.empty() ? std::string() : *files.begin();
}

// The bag that the folder lies in; empty if there is none.
fs::path bag_above(const fs::path& folder) {
  for (fs::path above = folder.parent_path(); above.has_relative_path(); above = above.parent_path())
    if (is_bag(above)) return above;
  return {};
}

fs::path without_links(const fs::path& folder) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(folder, error);
  return error ? folder : real;
}

}  // namespace

fs::path bag_payload(const fs::path& bag) { return bag / "data"; }

bool is_bag(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / "bagit.txt", error);
}

void refuse_inside_bag(const fs::path& out, bool to_bag) {
  const std::string foreign = foreign_bag_file(out);
  if (to_bag && !foreign.empty()) {
    throw scheduler::RefusedInput("--out " + out.string() + " holds a bag that is not Lathe's own (see its " + foreign +
                                  "): --bag would replace its metadata, or make its manifests untrue. Choose another "
                                  "folder, and add the masters with the program that made the bag");
  }
  if (!to_bag && is_bag(out)) {
    const std::string way = foreign.empty() ? "say --bag (of `lathe master`) to add to it, or choose another folder"
                                            : "it is not Lathe's; choose another folder";
    throw scheduler::RefusedInput("--out " + out.string() + " is a bag: " + way);
  }
  const fs::path real = without_links(out);
  fs::path bag = bag_above(out);
  if (bag.empty()) bag = bag_above(real);
  if (bag.empty() && to_bag) bag = bag_above(without_links(bag_payload(out)));
  if (bag.empty() || bag == real) return;
  const std::string way =
      foreign_bag_file(bag).empty() ? "say --bag --out " + bag.string() + " to add to it, or choose" : "choose";
  throw scheduler::RefusedInput("--out " + out.string() + " lies in the bag " + bag.string() +
                                ", whose hashes would no longer be true: " + way + " another folder");
}

void write_bag(const fs::path& bag, const std::string& engine) {
  const fs::path data = bag_payload(bag);
  const Payload masters = masters_in(data);
  std::string manifest;
  std::int64_t bytes = 0;
  const auto files = files_in(data, masters.files);
  if (files.empty() && !is_bag(bag)) return;
  for (const auto& [name, file] : files) {
    manifest += fmt::format("{}  data/{}\n", file.sha256, encoded(name));
    bytes += file.bytes;
  }
  std::string info = fmt::format("Bag-Software-Agent: {}\nBagging-Date: {}\n", engine, today());
  for (const std::string& upc : masters.upcs) info += fmt::format("External-Identifier: {}\n", upc);
  info += fmt::format("Payload-Oxum: {}.{}\n", bytes, files.size());
  for (const BagElement& element : bag_elements(bag))
    if (!is_of_the_run(element)) info += element.lines;
  const std::vector<std::pair<const char*, std::string>> texts{
      {kBagInfo, std::move(info)},
      {"bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"},
      {kPayloadManifest, std::move(manifest)}};
  std::string tags;
  for (const auto& [name, text] : texts) {
    publish_text(bag, bag / name, text);
    tags += fmt::format("{}  {}\n", scheduler::sha256_hex(text), name);
  }
  publish_text(bag, bag / kTagManifest, tags);
}

}  // namespace lathe::cli
