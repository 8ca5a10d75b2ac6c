#include "scheduler/worker/scan.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "host/audio_file/audio_file.h"
#include "scheduler/core/clock.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

std::string lower_extension(const fs::path& path) {
  std::string ext = path.extension().string();
  std::transform(ext.begin(), ext.end(), ext.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ext;
}

bool is_other_sound(const std::string& ext) {
  static const std::set<std::string> kinds{".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".ape", ".wv",
                                           ".dsf", ".dff", ".mka", ".mp4",  ".au",  ".snd", ".voc", ".tta"};
  return kinds.contains(ext);
}

// Both as the file system knows them: no "..", links resolved as far as they exist.
bool is_inside(const fs::path& inner, const fs::path& outer) {
  const fs::path relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

// All 0 for what cannot be asked.
FileStamp stamp_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  const auto ns = [](const timespec& at) { return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec; };
  return {info.st_size, ns(info.st_mtim), ns(info.st_ctim), static_cast<std::int64_t>(info.st_ino)};
}

class Scanner {
 public:
  explicit Scanner(const fs::path& out_dir) : out_dir_(out_dir.empty() ? fs::path() : fs::weakly_canonical(out_dir)) {
    scan_.began_ms = SystemClock().now_ms();
  }

  void add(const fs::path& named, bool keep_folder_name) {
    const fs::path path = fs::absolute(named).lexically_normal();
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status))
      return problem(
          path, error && error != std::errc::no_such_file_or_directory ? error.message() : "no such file or folder");
    if (!fs::is_directory(status)) return add_file(path, path.stem(), path.parent_path());
    const fs::path folder = path.has_filename() ? path : path.parent_path();
    refuse_output_inside(folder);
    search(folder, keep_folder_name ? folder.filename() : fs::path());
  }

  Scan finish() {
    std::sort(scan_.tracks.begin(), scan_.tracks.end(), [](const auto& a, const auto& b) { return a.input < b.input; });
    const auto same = [](const auto& a, const auto& b) { return a.input == b.input; };
    scan_.tracks.erase(std::unique(scan_.tracks.begin(), scan_.tracks.end(), same), scan_.tracks.end());
    for (const auto& [ext, count] : passed_over_) {
      scan_.warnings.push_back(fmt::format("{} {} file{} passed over: Lathe takes WAV, RF64, W64, AIFF, CAF and FLAC",
                                           count, ext, count == 1 ? "" : "s"));
    }
    return std::move(scan_);
  }

 private:
  void refuse_output_inside(const fs::path& folder) const {
    if (out_dir_.empty()) return;
    const fs::path real = fs::weakly_canonical(folder);
    if (out_dir_ == real || is_inside(out_dir_, real)) {
      throw RefusedInput(
          fmt::format("the output folder {} lies in the input folder {}: the next run would take masters for tracks. "
                      "Choose an output folder outside of it",
                      out_dir_.string(), folder.string()));
    }
  }

  void search(const fs::path& folder, const fs::path& relative) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (!error && !entered_.insert(real).second) return;
    if (!error && !out_dir_.empty() && (real == out_dir_ || is_inside(real, out_dir_)) && !relative.empty()) {
      scan_.warnings.push_back(folder.string() + " leads into the output folder and is passed over");
      return;
    }
    fs::directory_iterator entries(folder, error);
    if (error) return problem(folder, "the folder cannot be listed: " + error.message());
    std::vector<fs::directory_entry> sorted;
    for (const fs::directory_iterator end; entries != end; entries.increment(error)) {
      if (error) break;
      sorted.push_back(*entries);
    }
    if (error) problem(folder, "the folder cannot be listed to its end: " + error.message());
    std::sort(sorted.begin(), sorted.end());
    for (const fs::directory_entry& entry : sorted) visit(entry, folder, relative);
  }

  void visit(const fs::directory_entry& entry, const fs::path& folder, const fs::path& relative) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.')) return;
    std::error_code error;
    if (entry.is_directory(error)) return search(entry.path(), relative / name);
    const std::string ext = lower_extension(entry.path());
    if (is_accepted_extension(ext)) return add_file(entry.path(), relative / entry.path().stem(), folder);
    if (is_other_sound(ext)) ++passed_over_[ext];
  }

  void add_file(const fs::path& path, const fs::path& relative, const fs::path& folder) {
    const FileStamp stamp = stamp_of(path);
    scan_.tracks.push_back({path, relative, folder.string(), stamp.size_bytes, stamp});
  }

  void problem(const fs::path& path, std::string reason) { scan_.problems.push_back({path, std::move(reason)}); }

  fs::path out_dir_;
  std::set<fs::path> entered_;
  std::map<std::string, int> passed_over_;
  Scan scan_;
};

}  // namespace

Scan scan_inputs(const std::vector<fs::path>& inputs, const fs::path& out_dir) {
  Scanner scanner(out_dir);
  for (const fs::path& input : inputs) scanner.add(input, inputs.size() > 1);
  return scanner.finish();
}

}  // namespace lathe::scheduler
