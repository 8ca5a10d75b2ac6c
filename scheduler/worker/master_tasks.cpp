#include "scheduler/worker/master_tasks.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/audio_file/file_descriptor.h"
#include "host/manifest/manifest_row_json.h"
#include "host/report/track_json.h"
#include "scheduler/worker/job_request.h"

namespace lathe::scheduler {
namespace {

void add_stems(const ScannedTrack& mix, v1::TaskSpec& task) {
  task.set_stems(true);
  task.set_mixdown(mix.stems->mixdown);
  for (std::size_t i = 0; i < mix.stems->stems.size(); ++i) {
    v1::TaskSpec::Member& member = *task.add_members();
    member.set_input(mix.stems->stems[i]);
    member.set_role(mix.stems->roles[i]);
    member.set_relative(mix.relative);
  }
  if (mix.row != nullptr) task.mutable_members(0)->set_row_json(manifest_row_json(*mix.manifest, *mix.row));
}

}  // namespace

std::vector<v1::TaskSpec> master_tasks(const std::vector<ScannedTrack>& tracks, const Grouping& grouping,
                                       double more_s_a_byte) {
  std::vector<v1::TaskSpec> tasks;
  tasks.reserve(grouping.groups.size());
  for (const TrackGroup& group : grouping.groups) {
    const ScannedTrack& first = tracks[group.tracks.front().track];
    v1::TaskSpec& task = tasks.emplace_back();
    task.set_input(first.input);
    task.set_relative(first.relative);
    task.set_album(first.album);
    double cost_s = 0;
    for (const GroupedTrack& grouped : group.tracks) {
      const ScannedTrack& track = tracks[grouped.track];
      cost_s += predicted_cost_s(track, v1::JOB_KIND_MASTER, more_s_a_byte);
      if (track.stems) {
        add_stems(track, task);
        break;
      }
      const std::string row = track.row == nullptr ? std::string() : manifest_row_json(*track.manifest, *track.row);
      const FilePart part = track.row == nullptr ? FilePart() : track.row->part;
      if (group.tracks.size() == 1 && grouped.side.empty() && part.is_whole()) {
        task.set_manifest_json(row);
        break;
      }
      v1::TaskSpec::Member& member = *task.add_members();
      member.set_first_frame(part.first_frame);
      member.set_end_frame(part.end_frame);
      member.set_row_json(row);
      member.set_input(track.input);
      member.set_relative(track.relative);
      member.set_joins_previous(grouped.joins_previous);
      member.set_side(grouped.side);
      member.set_note(grouped.note);
    }
    if (group.problem.code.empty()) {
      task.set_predicted_cost_s(cost_s);
    } else {
      task.set_problem_code(group.problem.code);
      task.set_problem(json_text(group.problem.text));
    }
  }
  return tasks;
}

std::vector<v1::TaskSpec::Member> members_of(const v1::TaskSpec& task) {
  if (!task.members().empty()) return {task.members().begin(), task.members().end()};
  v1::TaskSpec::Member only;
  only.set_input(task.input());
  only.set_relative(task.relative());
  only.set_row_json(task.manifest_json());
  return {only};
}

std::vector<std::string> inputs_of(const v1::TaskSpec& task) {
  std::vector<std::string> inputs;
  for (const v1::TaskSpec::Member& member : members_of(task)) inputs.push_back(member.input());
  if (!task.mixdown().empty()) inputs.push_back(task.mixdown());
  return inputs;
}

std::int64_t track_count(const v1::TaskSpec& task) { return task.stems() ? 1 : std::max(task.members_size(), 1); }

void read_ahead(const v1::TaskSpec& task) {
  constexpr std::size_t kTracks = 3;
  const std::vector<v1::TaskSpec::Member> members = members_of(task);
  for (std::size_t i = 0; i < std::min(members.size(), kTracks); ++i) {
    const FileDescriptor fd(::open(members[i].input().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.is_open()) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_WILLNEED);
  }
}

std::string task_text(const v1::TaskSpec& task) {
  const std::int64_t more = track_count(task) - 1;
  return more == 0 ? task.input() : fmt::format("{} and {} more track{}", task.input(), more, more == 1 ? "" : "s");
}

std::string part_name(const v1::TaskSpec::Member& member) {
  const bool is_part = member.first_frame() > 0 || member.end_frame() > 0;
  return is_part ? std::filesystem::path(member.relative()).filename().string() : std::string();
}

std::string part_name(const ScannedTrack& track) {
  const bool is_part = track.row != nullptr && !track.row->part.is_whole();
  return is_part ? std::filesystem::path(track.relative).filename().string() : std::string();
}

std::vector<TrackOutcome> outcomes_of(const v1::TaskSpec& task, const TrackOutcome& whole) {
  const auto result = nlohmann::ordered_json::parse(whole.result_json, nullptr, false);
  const bool has_tracks = result.is_object() && result.contains("tracks");
  if (task.stems()) return {whole};
  const std::vector<v1::TaskSpec::Member> members = members_of(task);
  if (task.members_size() <= 1 && !has_tracks) {
    TrackOutcome only = whole;
    only.first_frame = members.front().first_frame();
    only.part = part_name(members.front());
    return {only};
  }
  const bool has_others = std::ranges::any_of(
      members, [&members](const v1::TaskSpec::Member& member) { return member.input() != members.front().input(); });
  std::vector<TrackOutcome> outcomes;
  for (std::size_t i = 0; i < members.size(); ++i) {
    TrackOutcome& outcome = outcomes.emplace_back(whole);
    outcome.input = members[i].input();
    outcome.first_frame = members[i].first_frame();
    outcome.part = part_name(members[i]);
    outcome.is_with_others = has_others;
    outcome.result_json.clear();
    if (!has_tracks || i >= result["tracks"].size()) continue;
    auto track = result["tracks"][i];
    const auto recipes = result.value("recipes", nlohmann::ordered_json::object());
    if (const auto own = recipes.find(track.value("recipe_sha256", "")); own != recipes.end()) track["recipe"] = *own;
    outcome.result_json = track.dump();
  }
  return outcomes;
}

nlohmann::ordered_json album_of(const std::string& result_json) {
  const auto result = nlohmann::ordered_json::parse(result_json, nullptr, false);
  return result.is_object() ? result.value("album", nlohmann::ordered_json()) : nlohmann::ordered_json();
}

}  // namespace lathe::scheduler
