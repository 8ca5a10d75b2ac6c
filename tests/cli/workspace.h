// A folder for one test: inputs, masters, Lathe's state, and what changed in it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cli/program.h"
#include "tests/cli/sound_file.h"

namespace lathe::test {

namespace fs = std::filesystem;

// What stands under a folder: each file's bytes by its path in it.
using Tree = std::map<std::string, std::string>;
Tree tree_of(const fs::path& folder);
// Only what has its final name: without manifest, sentinel and what is hidden.
Tree masters_of(const fs::path& folder);
// How many those are, while somebody may be at work in the folder.
int count_masters(const fs::path& folder);
// A recipe that changes nothing.
inline constexpr const char* kCopy = "recipe: v1\nname: copy\n";
std::string slurp(const fs::path& file);
void spill(const fs::path& file, std::string_view bytes);

class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const fs::path& root() const { return root_; }
  fs::path in() const { return root_ / "in"; }
  fs::path out() const { return root_ / "out"; }
  fs::path state() const { return root_ / "state"; }

  // A file beside the inputs; returns its path.
  std::string recipe(std::string_view yaml) const;

  // `lathe master` of `in()` to `out()` with its state here, and more arguments. An INPUT of the call's own stands
  // instead of in().
  ProgramCall master_call(const std::vector<std::string>& more = {}) const;
  ProgramResult master(const std::vector<std::string>& more = {}) const;

 private:
  fs::path root_;
};

// The report's entry of the input of this name; fails the test if there is none.
nlohmann::json track_named(const nlohmann::json& report, std::string_view file_name);
// "DONE" by file name, for all tracks.
std::map<std::string, std::string> states_of(const nlohmann::json& report);

// Notes hash and time of files and proves later that nobody touched them.
class Untouched {
 public:
  explicit Untouched(fs::path folder);
  ~Untouched();

 private:
  std::map<std::string, fs::file_time_type> times() const;
  fs::path folder_;
  Tree before_;
  std::map<std::string, fs::file_time_type> times_;
};

// No staged or hidden file is left in the output folder.
void expect_nothing_staged(const fs::path& out);

}  // namespace lathe::test
