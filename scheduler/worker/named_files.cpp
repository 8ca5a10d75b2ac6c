#include "scheduler/worker/named_files.h"

#include <fmt/format.h>

#include <set>

#include "host/codec/codec_programs.h"
#include "host/recipe/delivery_profiles.h"
#include "scheduler/worker/digest.h"
#include "scheduler/worker/path_roots.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {
namespace fs = std::filesystem;
namespace {

void check_place(const fs::path& file, const std::string& what, const std::vector<std::string>& roots) {
  if (!file.is_absolute())
    throw AudioFileError(AudioFileError::Fault::not_found, file, "a " + what + " goes by its whole path here");
  check_below_roots(file.string(), roots);
}

}  // namespace

std::string NamedFiles::hashes(const Chain& chain, const std::vector<std::string>& roots) {
  std::string lines;
  for (const ChainStage& stage : chain.stages) {
    if (const auto* restoration = std::get_if<RestorationStage>(&stage);
        restoration != nullptr && !restoration->noise_file.empty()) {
      check_place(restoration->noise_file, "noise profile", roots);
      lines += "noise " + hash_of(restoration->noise_file) + "\n";
    }
    if (const auto* match = std::get_if<MatchEqStage>(&stage); match != nullptr && !match->reference.empty()) {
      check_place(match->reference, "reference", roots);
      for (const fs::path& file : reference_files(match->reference)) {
        check_place(file, "reference", roots);
        lines += "reference " + hash_of(file) + "\n";
      }
    }
  }
  return lines;
}

std::string NamedFiles::check_lines(const std::vector<OutputSpec>& outputs, const std::vector<std::string>& roots) {
  std::set<std::string> lines;
  for (const OutputSpec& output : outputs) {
    for (const std::string& profile : output.checks.profiles) {
      if (!is_profile_file(profile)) continue;  // shipped: part of the engine
      check_place(profile, "delivery profile", roots);
      lines.insert("profile " + hash_of(profile) + "\n");
    }
    for (const CodecWish& wish : output.checks.codecs) {
      const CodecPrograms& programs = CodecPrograms::of_this_machine();
      lines.insert(
          fmt::format("{} {} {}\n", codec_text(wish.codec), programs.encoder(wish.codec.codec), programs.decoder()));
    }
  }
  return fmt::format("{}", fmt::join(lines, ""));
}

fs::path named_file_at(const Chain& chain, const fs::path& output) {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(output, error);
  const auto lies_at = [&](const fs::path& named) {
    if (named.empty()) return false;
    const fs::path there = fs::weakly_canonical(named, error);
    if (there == place) return true;
    return fs::is_directory(there, error) && place.parent_path() == there;
  };
  for (const ChainStage& stage : chain.stages) {
    const auto* restoration = std::get_if<RestorationStage>(&stage);
    if (restoration != nullptr && lies_at(restoration->noise_file)) return restoration->noise_file;
    const auto* match = std::get_if<MatchEqStage>(&stage);
    if (match != nullptr && lies_at(match->reference)) return match->reference;
  }
  return {};
}

const std::string& NamedFiles::hash_of(const fs::path& file) {
  const FileIdentity now = identity_of(file);
  std::string& hash =
      known_[fmt::format("{} {} {} {} {}", file.string(), now.size_bytes, now.mtime_ns, now.inode, now.device)];
  if (hash.empty()) hash = file_sha256(file);
  return hash;
}

}  // namespace lathe::scheduler
