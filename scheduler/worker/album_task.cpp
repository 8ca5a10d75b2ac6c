#include "scheduler/worker/album_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "host/audio_file/isolation/decoder_error.h"
#include "host/report/track_json.h"
#include "kernels/cuda/cuda_error.h"
#include "scheduler/worker/album_look.h"
#include "scheduler/worker/digest.h"
#include "scheduler/worker/elapsed.h"
#include "scheduler/worker/master_tasks.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/side_task.h"

namespace lathe::scheduler {
namespace {

using Json = nlohmann::ordered_json;

// What is left of a message of 4 MiB for the tracks' results.
constexpr std::size_t kMostResultBytes = (4 << 20) - (64 << 10);

bool joins(const v1::TaskSpec& task, std::size_t index) {
  return index > 0 && task.members(static_cast<int>(index)).joins_previous();
}

const char* scope_name(LoudnessScope scope) {
  switch (scope) {
    case LoudnessScope::album:
      return "album";
    case LoudnessScope::loudest_track:
      return "loudest-track";
    case LoudnessScope::side:
      return "side";
    case LoudnessScope::track:
      break;
  }
  return "track";
}

Json loudness_json(const AlbumLoudness& loudness) {
  Json json{{"outputs", loudness.outputs}, {"scope", scope_name(loudness.scope)}};
  if (!loudness.side.empty()) json["side"] = loudness.side;
  json["asked"] = {{"integrated_lufs", loudness.asked_lufs ? json_number(*loudness.asked_lufs) : Json(nullptr)}};
  const Json after = measurement_json(loudness.after);
  json["reached"] = {{"integrated_lufs", after["integrated_lufs"]},
                     {"loudness_range_lu", after["loudness_range_lu"]},
                     {"true_peak_dbtp", after["true_peak_dbtp"]}};
  json["gain_db"] = json_number(loudness.gain_db);
  json["reason"] = loudness.reason;
  return json;
}

// The first and the last track of each run of joined ones, by their names.
Json runs_json(const v1::TaskSpec& task) {
  Json runs = Json::array();
  const auto name = [&task](std::size_t i) {
    const v1::TaskSpec::Member& member = task.members(static_cast<int>(i));
    const std::string part = part_name(member);
    return json_text(part.empty() ? std::filesystem::path(member.input()).filename() : std::filesystem::path(part));
  };
  const auto count = static_cast<std::size_t>(task.members_size());
  for (std::size_t first = 0, last = 0; first < count; first = ++last) {
    while (last + 1 < count && joins(task, last + 1)) ++last;
    if (last > first) runs.push_back({name(first), name(last)});
  }
  return runs;
}

Json album_json(const v1::TaskSpec& task, const std::vector<AlbumLoudness>& loudness) {
  Json album{{"path", json_text(task.album())},
             {"tracks", track_count(task)},
             {"loudness", Json::array()},
             {"runs", runs_json(task)}};
  for (const AlbumLoudness& one : loudness) album["loudness"].push_back(loudness_json(one));
  return album;
}

// The longest lists go first, where a message could not hold them. Recipes that several tracks have stand there once.
std::string text_that_fits(Json result) {
  for (Json& track : result["tracks"]) {
    if (!track.contains("recipe")) continue;
    result["recipes"][track["recipe_sha256"].get<std::string>()] = track["recipe"];
    track.erase("recipe");
  }
  std::string text = result.dump();
  if (text.size() <= kMostResultBytes) return text;
  for (Json& track : result["tracks"]) {
    bool is_shorter = false;
    for (Json& stage : track["stages"]) is_shorter = stage.erase("repairs_at") > 0 || is_shorter;
    if (is_shorter) track["notes"].push_back("the places of the repairs are left out: the album's report was too long");
  }
  return result.dump();
}

// A failure of one track is that of all.
template <class Work>
auto as_group(const MasterJob& job, std::size_t tracks, Work&& work) {
  try {
    return work();
  } catch (const MasteringCancelled&) {
    throw;
  } catch (const cuda::CudaError&) {
    throw;
  } catch (const IsolationFailed&) {
    throw;
  } catch (const SchedulerAway&) {
    throw;
  } catch (const std::exception& error) {
    if (tracks < 2) throw;
    TaskFailure failure = failure_of(error);
    failure.message += "; " + none_without_it(need_of(job.recipe->effective().recipe), tracks);
    throw GroupFailed(std::move(failure));
  }
}

std::string group_key(const v1::TaskSpec& task, const std::vector<TrackTask>& tracks,
                      const std::vector<std::string>& hashes) {
  std::string text = "group\n";
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    const TrackJob& job = tracks[i].job;
    text +=
        fmt::format("{} {} {}\n", tracks[i].cache_key(hashes[i]), task.members_size() > 0 && joins(task, i), job.side);
    // In a side's file a track without a title is called by its input.
    if (makes_side_file(job) && tracks[i].source.tags.first("TITLE").empty())
      text += json_text(job.input.stem()) + "\n";
  }
  return sha256_hex(text);
}

// In the order of the tracks: a programme's own, then those of its followers.
std::vector<MasteredTrack> flat(std::vector<MasteredTrack> programmes) {
  std::vector<MasteredTrack> tracks;
  for (MasteredTrack& programme : programmes) {
    std::vector<MasteredTrack> followers = std::move(programme.joined);
    programme.joined.clear();
    tracks.push_back(std::move(programme));
    std::ranges::move(followers, std::back_inserter(tracks));
  }
  return tracks;
}

// Overrides and templates may give two tracks one name: the second would take the first's place.
void refuse_shared_names(const std::vector<TrackTask>& tracks) {
  std::map<std::filesystem::path, std::filesystem::path> owners;
  for (const TrackTask& track : tracks) {
    for (const OutputSpec& output : track.job.outputs) {
      if (!track.reports(output)) continue;
      const auto [owner, is_new] = owners.emplace(output.path, track.job.input);
      if (!is_new) {
        throw OutputTaken(
            fmt::format("{}: its master would be {}, which is the master of {}; give the recipe's output "
                        "a path that tells them apart",
                        track.job.input.string(), output.path.string(), owner->second.string()));
      }
    }
  }
}

// The files that a side's file was made of, as they are called now.
void name_side_inputs(const std::vector<TrackTask>& tracks, std::size_t leader, Json& result) {
  std::vector<std::string> inputs;
  for (const TrackTask& track : tracks)
    if (track.job.side == tracks[leader].job.side) inputs.push_back(json_text(track.job.input));
  for (Json& output : result["outputs"]) {
    if (!output.contains("per") || output["tracks"].size() != inputs.size()) continue;
    for (std::size_t i = 0; i < inputs.size(); ++i) output["tracks"][i]["input"] = inputs[i];
  }
}

void set_group_inputs(const std::vector<TrackTask>& tracks, const std::vector<std::string>& hashes,
                      FinishedTask& done) {
  done.input = tracks.front().identity;
  done.content_hash = hashes.front();
  for (std::size_t i = 1; i < tracks.size(); ++i) done.more_inputs.emplace_back(tracks[i].identity, hashes[i]);
  for (const TrackTask& track : tracks) done.audio_s += seconds_of(track.format);
}

}  // namespace

bool shares_gain(const TrackJob& job) {
  return job.chain.goal.scope != LoudnessScope::track || std::ranges::any_of(job.outputs, [](const OutputSpec& output) {
           return output.goal && output.goal->scope != LoudnessScope::track;
         });
}

void add_files(MasteredTrack mastered, FinishedTask& done) {
  for (std::size_t i = 0; i < mastered.files.size(); ++i) {
    const OutputReport& report = mastered.report.outputs[i];
    done.outputs.push_back(
        {report.path.string(), report.bytes, identity_of(mastered.files[i].path()).mtime_ns, report.sha256});
    done.files.push_back(std::move(mastered.files[i]));
  }
}

std::vector<TrackJob> programmes_of(const v1::TaskSpec& task, const std::vector<TrackTask>& tracks) {
  std::vector<TrackJob> programmes;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    if (joins(task, i)) {
      const TrackJob& job = tracks[i].job;
      programmes.back().joined.push_back({job.input, job.outputs, job.reader, job.part, job.tags});
    } else {
      programmes.push_back(tracks[i].job);
    }
  }
  return programmes;
}

std::vector<AudioFormat> formats_of(const v1::TaskSpec& task, const std::vector<TrackTask>& tracks) {
  std::vector<AudioFormat> formats;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    if (joins(task, i)) {
      formats.back().frames += tracks[i].format.frames;
    } else {
      formats.push_back(tracks[i].format);
    }
  }
  return formats;
}

FinishedTask TaskRunner::run_group(const MasterJob& job, const v1::TaskSpec& task, const TaskListener& listener,
                                   const std::atomic<bool>& is_cancelled) {
  const std::vector<v1::TaskSpec::Member> members = members_of(task);
  return as_group(job, members.size(), [&] {
    const Elapsed watch;
    std::vector<TrackTask> tracks;
    for (const v1::TaskSpec::Member& member : members) tracks.push_back(planner_.plan(job, member));
    find_side_leaders(tracks);
    refuse_shared_names(tracks);
    if (listener.say) {
      listener.say(fmt::format("began on {}, {}, {}: {} tracks of {}", listener.worker, engine_name(),
                               backend_name(job.backend), tracks.size(), task.album()));
    }
    if (job.use_cache) {
      if (auto unchanged = find_unchanged_group(task, tracks)) {
        if (listener.say)
          listener.say("unchanged: samples, recipe and engine gave these results before, and their files lie there");
        return std::move(*unchanged);
      }
    }
    FinishedTask done;
    for (const TrackTask& track : tracks) {
      for (std::size_t i = 0; i < track.job.outputs.size(); ++i) {
        if (!track.reports(track.job.outputs[i])) continue;
        done.replace.push_back(replace_policy(job, track, track.job.outputs[i]));
        done.was_free.push_back(track.was_free[i]);
      }
    }
    MasteredAlbum album = master_group(job, task, tracks, listener, is_cancelled);
    std::vector<MasteredTrack> mastered = flat(std::move(album.programmes));
    join_sides(tracks, mastered, is_cancelled);
    Json result{{"tracks", Json::array()}, {"album", album_json(task, album.loudness)}};
    std::vector<std::string> hashes;
    for (std::size_t i = 0; i < mastered.size(); ++i) {
      TrackReport& report = mastered[i].report;
      if (!members[i].note().empty()) report.notes.push_back(members[i].note());
      if (!job.note.empty()) report.notes.push_back(job.note);
      if (listener.say) {
        const std::string name = report.input.filename().string() + ": ";
        say_how_it_went(report, watch.seconds(), [&](const std::string& line) { listener.say(name + line); });
      }
      hashes.push_back(report.payload_hash);
      Json track = result_json(report, job.backend);
      describe_task(tracks[i], track);
      if (members[i].joins_previous()) track["joined_to_previous"] = true;
      result["tracks"].push_back(std::move(track));
      done.busy += report.busy;
      add_files(std::move(mastered[i]), done);
    }
    done.result_json = text_that_fits(std::move(result));
    done.cache_key = group_key(task, tracks, hashes);
    set_group_inputs(tracks, hashes, done);
    return done;
  });
}

MasteredAlbum TaskRunner::master_group(const MasterJob& job, const v1::TaskSpec& task,
                                       const std::vector<TrackTask>& tracks, const TaskListener& listener,
                                       const std::atomic<bool>& is_cancelled) {
  std::vector<TrackJob> programmes = programmes_of(task, tracks);
  const std::vector<AudioFormat> formats = formats_of(task, tracks);
  // Before any reader is given away.
  std::vector<const TrackTask*> all;
  for (const TrackTask& track : tracks) all.push_back(&track);
  const std::int64_t pictures = metadata_bytes(all);
  std::optional<Room> room;
  std::size_t unread = 0;  // programmes whose files have not been read to the end
  for (std::size_t p = 0, first = 0; p < programmes.size(); ++p) {
    const std::size_t count = programmes[p].joined.size() + 1;
    programmes[p].after_first_pass = [&room, &unread, &tracks, first, count] {
      if (--unread == 0) room->device.reset();
      for (std::size_t i = first; i < first + count; ++i) check_unchanged(tracks[i]);
    };
    first += count;
  }
  if (std::ranges::any_of(programmes, shares_gain)) {
    AlbumJob album{std::move(programmes)};
    MemoryNeed need = master_.memory_needed(album, formats);
    need.add(pictures);
    room.emplace(take_room(job, need, listener));
    for (TrackJob& programme : album.programmes) programme.spool_dir = room->spool_dir;
    unread = album.programmes.size();
    const MemoryRelease release(room->is_large ? &master_ : nullptr);
    return master_.master(album, listener.progress, is_cancelled);
  }
  // They share nothing but the moment in which they get their names.
  MasteredAlbum mastered;
  double seconds = 0, done_s = 0;
  for (const AudioFormat& format : formats) seconds += seconds_of(format);
  for (std::size_t p = 0; p < programmes.size(); ++p) {
    const double own_s = seconds_of(formats[p]);
    const MasteringProgress progress = [&](double share, std::string_view stage) {
      if (listener.progress && seconds > 0) listener.progress((done_s + share * own_s) / seconds, stage);
    };
    room.reset();
    MemoryNeed need = master_.memory_needed(AlbumJob{{programmes[p]}}, {formats[p]});
    need.add(pictures);
    room.emplace(take_room(job, need, listener));
    programmes[p].spool_dir = room->spool_dir;
    unread = 1;
    const MemoryRelease release(room->is_large ? &master_ : nullptr);
    mastered.programmes.push_back(master_.master(programmes[p], progress, is_cancelled));
    done_s += own_s;
  }
  return mastered;
}

// All of it or nothing: one track that is another makes all of them others.
std::optional<FinishedTask> TaskRunner::find_unchanged_group(const v1::TaskSpec& task, std::vector<TrackTask>& tracks) {
  for (const TrackTask& track : tracks) {
    if (track.known.known().empty()) return std::nullopt;  // its masters are not there
  }
  std::vector<std::string> hashes;
  for (const TrackTask& track : tracks) hashes.push_back(content_hash(track));
  FinishedTask done;
  done.cache_key = group_key(task, tracks, hashes);
  const std::string known = planner_.result_of(done.cache_key);
  if (known.empty()) return std::nullopt;
  Json result = Json::parse(known);
  if (result["tracks"].size() != tracks.size()) return std::nullopt;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    Json& track = result["tracks"][i];
    if (!is_still_there(track, tracks[i])) return std::nullopt;
    track["input"] = json_text(tracks[i].job.input);
    name_side_inputs(tracks, i, track);
    describe_task(tracks[i], track);
    track.erase("busy");
  }
  result["album"]["path"] = json_text(task.album());
  result["album"]["runs"] = runs_json(task);
  done.is_unchanged = true;
  done.result_json = text_that_fits(std::move(result));
  set_group_inputs(tracks, hashes, done);
  return done;
}

}  // namespace lathe::scheduler
