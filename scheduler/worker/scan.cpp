#include "scheduler/worker/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <unordered_set>

#include "host/audio_file/audio_file.h"
#include "host/manifest/cue_tracks.h"
#include "host/recipe/recipe_problem.h"
#include "scheduler/core/clock.h"
#include "scheduler/worker/cue_scan.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// With its dot; empty where there is none, and for ".wav" alone.
std::string_view extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view() : name.substr(dot);
}

std::string lower(std::string_view text) {
  std::string ext(text);
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

// All 0 for what cannot be asked. `path` is seen from the folder, if it is not absolute.
FileStamp stamp_of(int folder_fd, const char* path) {
  struct stat info {};
  if (::fstatat(folder_fd, path, &info, 0) != 0) return {};
  const auto ns = [](const timespec& at) { return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec; };
  return {info.st_size, ns(info.st_mtim), ns(info.st_ctim), static_cast<std::int64_t>(info.st_ino)};
}

// As std::filesystem::path compares: component by component.
bool is_before(const std::string& a, const std::string& b) {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_b == b.end()) return false;
  if (at_a == a.end()) return true;
  const auto rank = [](char c) { return c == '/' ? -1 : static_cast<unsigned char>(c); };
  return rank(*at_a) < rank(*at_b);
}

// What a folder holds. The kind is DT_UNKNOWN where the file system does not say.
struct FolderEntry {
  std::string name;
  unsigned char kind;
};

class OpenFolder {
 public:
  explicit OpenFolder(const std::string& path) : stream_(::opendir(path.c_str())) {}
  bool is_open() const { return stream_ != nullptr; }
  int fd() const { return ::dirfd(stream_.get()); }

  // By name, without hidden ones. `error` is errno where the list broke off, else 0.
  std::vector<FolderEntry> sorted(int& error) {
    std::vector<FolderEntry> entries;
    errno = 0;
    while (const dirent* entry = ::readdir(stream_.get())) {
      if (entry->d_name[0] != '.') entries.push_back({entry->d_name, entry->d_type});
      errno = 0;
    }
    error = errno;
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

 private:
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
};

bool is_folder(int folder_fd, const FolderEntry& entry) {
  if (entry.kind != DT_UNKNOWN && entry.kind != DT_LNK) return entry.kind == DT_DIR;
  struct stat info {};
  return ::fstatat(folder_fd, entry.name.c_str(), &info, 0) == 0 && S_ISDIR(info.st_mode);
}

class Scanner {
 public:
  Scanner(const fs::path& out_dir, bool takes_cue_sheets)
      : out_dir_(out_dir.empty() ? fs::path() : fs::weakly_canonical(out_dir)), takes_cue_sheets_(takes_cue_sheets) {
    scan_.began_ms = SystemClock().now_ms();
  }

  void add(const fs::path& named, bool keep_folder_name) {
    const fs::path path = fs::absolute(named).lexically_normal();
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status))
      return problem(
          path, error && error != std::errc::no_such_file_or_directory ? error.message() : "no such file or folder");
    if (!fs::is_directory(status)) return add_file(path);
    const fs::path folder = path.has_filename() ? path : path.parent_path();
    refuse_output_inside(folder);
    search(folder, keep_folder_name ? folder.filename() : fs::path());
  }

  void add_manifest(const fs::path& file) {
    std::shared_ptr<const Manifest> manifest;
    try {
      manifest = std::make_shared<const Manifest>(read_manifest(file));
    } catch (const RecipeErrors& errors) {
      wrong_.insert(wrong_.end(), errors.problems().begin(), errors.problems().end());
      return;
    }
    for (const ManifestRow& row : manifest->rows) {
      if (!named_.insert(row.path).second) {
        scan_.warnings.push_back(fmt::format("{}:{}: {} is in a manifest before this one, and counts there alone",
                                             manifest->file, row.line, row.path));
        continue;
      }
      const fs::path path = row.path;
      const FileStamp stamp = stamp_of(AT_FDCWD, path.c_str());
      listed_.push_back({row.path, path.stem().native(), row.album.empty() ? path.parent_path().native() : row.album,
                         stamp.size_bytes, stamp, manifest.get(), &row});
    }
    scan_.manifests.push_back(std::move(manifest));
  }

  // Named, or found in a folder: then what is wrong with it is a warning. `place` is below the output folder.
  void add_cue_sheet(const fs::path& file, const fs::path& place, bool in_own_folder, bool is_named) {
    try {
      add_cue_tracks(read_cue_tracks(file), place, in_own_folder);
    } catch (const RecipeErrors& errors) {
      if (is_named) {
        wrong_.insert(wrong_.end(), errors.problems().begin(), errors.problems().end());
        return;
      }
      scan_.warnings.push_back(
          fmt::format("{}; the cue sheet is passed over", errors.problems().front().text("warning")));
    }
  }

  Scan finish() {
    if (!wrong_.empty()) throw RecipeErrors(std::move(wrong_));
    const auto by_path = [](const auto& a, const auto& b) { return is_before(a.input, b.input); };
    if (!std::is_sorted(scan_.tracks.begin(), scan_.tracks.end(), by_path))
      std::sort(scan_.tracks.begin(), scan_.tracks.end(), by_path);
    const auto same = [](const auto& a, const auto& b) { return a.input == b.input; };
    scan_.tracks.erase(std::unique(scan_.tracks.begin(), scan_.tracks.end(), same), scan_.tracks.end());
    if (!listed_.empty()) {
      std::erase_if(scan_.tracks, [this](const ScannedTrack& track) { return named_.contains(track.input); });
      listed_.insert(listed_.end(), std::make_move_iterator(scan_.tracks.begin()),
                     std::make_move_iterator(scan_.tracks.end()));
      scan_.tracks = std::move(listed_);
    }
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
    OpenFolder open(folder.native());
    if (!open.is_open())
      return problem(folder, "the folder cannot be listed: " + std::generic_category().message(errno));
    int broke_off = 0;
    const std::vector<FolderEntry> entries = open.sorted(broke_off);
    if (broke_off != 0)
      problem(folder, "the folder cannot be listed to its end: " + std::generic_category().message(broke_off));
    const std::string prefix = folder.native().ends_with('/') ? folder.native() : folder.native() + "/";
    const std::string relative_prefix = relative.empty() ? "" : relative.native() + "/";
    if (takes_cue_sheets_) search_cue_sheets(prefix, relative, entries);
    for (const FolderEntry& entry : entries) {
      if (is_folder(open.fd(), entry)) {
        search(prefix + entry.name, relative / entry.name);
        continue;
      }
      const std::string_view ext = extension_of(entry.name);
      if (is_accepted_extension(ext)) {
        const FileStamp stamp = stamp_of(open.fd(), entry.name.c_str());
        const std::string stem = entry.name.substr(0, entry.name.size() - ext.size());
        scan_.tracks.push_back(
            {prefix + entry.name, relative_prefix + stem, folder.native(), stamp.size_bytes, stamp, nullptr, nullptr});
      } else if (is_other_sound(lower(ext))) {
        ++passed_over_[lower(ext)];
      }
    }
  }

  void search_cue_sheets(const std::string& prefix, const fs::path& relative, const std::vector<FolderEntry>& entries) {
    std::vector<std::string> names;
    for (const FolderEntry& entry : entries) {
      std::error_code error;
      if (is_cue_name(entry.name) && fs::is_regular_file(prefix + entry.name, error)) names.push_back(entry.name);
    }
    for (const std::string& name : names) add_cue_sheet(prefix + name, relative, names.size() > 1, false);
  }

  void add_cue_tracks(CueTracks cue, const fs::path& place, bool in_own_folder) {
    for (const std::string& note : cue.notes) scan_.warnings.push_back(note);
    const auto manifest = std::make_shared<const Manifest>(std::move(cue.manifest));
    std::set<std::string> files;
    for (const ManifestRow& row : manifest->rows) files.insert(row.path);
    const auto taken = std::ranges::find_if(files, [this](const auto& path) { return named_.contains(path); });
    if (taken != files.end()) {
      scan_.warnings.push_back(
          fmt::format("{}: {} is in a list before this one, and the cue sheet is passed over", manifest->file, *taken));
      return;
    }
    named_.insert(files.begin(), files.end());
    const auto stamp = [](const std::string& path) { return stamp_of(AT_FDCWD, path.c_str()); };
    std::ranges::move(tracks_of_cue(*manifest, place, in_own_folder, stamp), std::back_inserter(listed_));
    scan_.manifests.push_back(manifest);
  }

  void add_file(const fs::path& path) {
    const FileStamp stamp = stamp_of(AT_FDCWD, path.c_str());
    scan_.tracks.push_back(
        {path.native(), path.stem().native(), path.parent_path().native(), stamp.size_bytes, stamp, nullptr, nullptr});
  }

  void problem(const fs::path& path, std::string reason) { scan_.problems.push_back({path, std::move(reason)}); }

  fs::path out_dir_;
  bool takes_cue_sheets_;
  std::set<fs::path> entered_;
  std::map<std::string, int> passed_over_;
  std::vector<ScannedTrack> listed_;       // by manifests
  std::unordered_set<std::string> named_;  // their paths
  std::vector<RecipeProblem> wrong_;
  Scan scan_;
};

}  // namespace

Scan scan_inputs(const std::vector<fs::path>& inputs, const fs::path& out_dir, bool takes_manifests,
                 bool takes_cue_sheets) {
  Scanner scanner(out_dir, takes_cue_sheets);
  for (const fs::path& input : inputs) {
    std::error_code ignored;
    const bool is_manifest = takes_manifests && is_manifest_name(input) && fs::is_regular_file(input, ignored);
    const bool is_cue_sheet = takes_cue_sheets && is_cue_name(input) && fs::is_regular_file(input, ignored);
    if (is_manifest) {
      scanner.add_manifest(input);
    } else if (is_cue_sheet) {
      scanner.add_cue_sheet(fs::absolute(input).lexically_normal(), {}, inputs.size() > 1, true);
    } else {
      scanner.add(input, inputs.size() > 1);
    }
  }
  return scanner.finish();
}

}  // namespace lathe::scheduler
