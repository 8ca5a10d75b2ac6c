#include "tests/cli/workspace.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace lathe::test {
namespace {

bool is_of_the_delivery(const std::string& name) {
  return name == "lathe-manifest.json" || name == "BatchComplete.json";
}

}  // namespace

Tree tree_of(const fs::path& folder) {
  Tree tree;
  if (!fs::exists(folder)) return tree;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) tree[entry.path().lexically_relative(folder).string()] = slurp(entry.path());
  }
  return tree;
}

Tree masters_of(const fs::path& folder) {
  Tree tree = tree_of(folder);
  std::erase_if(tree, [](const auto& file) { return file.first.starts_with(".") || is_of_the_delivery(file.first); });
  return tree;
}

int count_masters(const fs::path& folder) {
  int count = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(".")) at.disable_recursion_pending();
    count += !name.starts_with(".") && !is_of_the_delivery(name) && !at->is_directory(error);
  }
  return count;
}

std::string slurp(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void spill(const fs::path& file, std::string_view bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream.flush()) throw std::runtime_error(file.string() + " cannot be written");
}

Workspace::Workspace() {
  std::string name = (fs::temp_directory_path() / "lathe-cli-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  root_ = name;
  fs::permissions(root_, fs::perms(0755));
  fs::create_directories(in());
  fs::create_directories(state());
}

Workspace::~Workspace() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

std::string Workspace::recipe(std::string_view yaml) const {
  const fs::path file = root_ / "recipe.yaml";
  spill(file, yaml);
  return file.string();
}

ProgramCall Workspace::master_call(const std::vector<std::string>& more) const {
  ProgramCall call;
  call.arguments = {"master"};
  if (more.empty() || more.front().starts_with("-")) call.arguments.push_back(in().string());
  call.arguments.insert(call.arguments.end(), more.begin(), more.end());
  bool names_out = false;
  for (const std::string& argument : more) names_out = names_out || argument == "--out";
  if (!names_out) call.arguments.insert(call.arguments.end(), {"--out", out().string()});
  call.environment["LATHE_STATE_DIR"] = state().string();
  return call;
}

ProgramResult Workspace::master(const std::vector<std::string>& more) const { return run_program(master_call(more)); }

nlohmann::json track_named(const nlohmann::json& report, std::string_view file_name) {
  for (const auto& track : report.value("tracks", nlohmann::json::array())) {
    if (fs::path(track.at("input").get<std::string>()).filename() == file_name) return track;
  }
  ADD_FAILURE() << "no track " << file_name << " in " << report.dump(1);
  return {};
}

std::map<std::string, std::string> states_of(const nlohmann::json& report) {
  std::map<std::string, std::string> states;
  for (const auto& track : report.value("tracks", nlohmann::json::array())) {
    states[fs::path(track.at("input").get<std::string>()).filename()] = track.at("state").get<std::string>();
  }
  return states;
}

Untouched::Untouched(fs::path folder) : folder_(std::move(folder)), before_(tree_of(folder_)), times_(times()) {}

Untouched::~Untouched() {
  EXPECT_TRUE(tree_of(folder_) == before_) << "files under " << folder_ << " were changed";
  EXPECT_TRUE(times() == times_) << "files under " << folder_ << " were written to";
}

std::map<std::string, fs::file_time_type> Untouched::times() const {
  std::map<std::string, fs::file_time_type> all;
  for (const auto& [name, bytes] : before_) {
    std::error_code error;
    all[name] = fs::last_write_time(folder_ / name, error);
  }
  return all;
}

void expect_nothing_staged(const fs::path& out) {
  if (!fs::exists(out)) return;
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    const std::string name = entry.path().filename().string();
    EXPECT_FALSE(name.starts_with(".") || name.ends_with(".part")) << entry.path() << " was left behind";
  }
}

}  // namespace lathe::test
