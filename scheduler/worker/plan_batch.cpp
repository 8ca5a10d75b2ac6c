#include "scheduler/worker/plan_batch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "host/audio_file/input_file.h"
#include "host/mastering/accepted_formats.h"
#include "host/mastering/recipe_chain.h"
#include "scheduler/worker/album_groups.h"
#include "scheduler/worker/album_look.h"
#include "scheduler/worker/album_task.h"
#include "scheduler/worker/elapsed.h"
#include "scheduler/worker/header_plan.h"
#include "scheduler/worker/job_request.h"
#include "scheduler/worker/listed_tracks.h"
#include "scheduler/worker/master_tasks.h"
#include "scheduler/worker/mix_job.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/side_task.h"
#include "scheduler/worker/track_source.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// What writing, measuring and proving a master takes, where reading, measuring, equalising and solving its gain takes
// 1: 1.03 to 1.08 in CPU time on ten tracks by the recipe streaming, WAV to WAV.
constexpr double kWritingToPlanning = 1.05;

// An output onto the input, or onto another output: known before anything is done.
void refuse_taken(const TrackJob& job) {
  std::set<fs::path> paths;
  for (const OutputSpec& output : job.outputs) {
    if (!paths.insert(output.path).second) {
      throw OutputTaken("two outputs of " + job.input.string() + " would both be " + output.path.string() +
                        "; give their paths {id} or {ext}" + (output.stem ? ", and those of stems {stem}" : ""));
    }
    std::error_code error;
    if (fs::equivalent(output.path, job.input, error)) {
      throw OutputTaken("the master of " + job.input.string() + " would be written onto " + output.path.string() +
                        ", which is that very file; choose another output folder");
    }
  }
}

// Restoration is done once, however many masters there are: what is written costs in proportion to the rest.
double mastering_seconds(const TrackPlan& plan) {
  double restoring_s = 0;
  for (const StageReport& stage : plan.planned->report.stages) {
    if (stage.restoration) restoring_s += stage.restoration->cost * plan.audio_s;
  }
  const auto masters = static_cast<double>(plan.planned->report.outputs.size());
  return plan.planned_s + kWritingToPlanning * masters * std::max(plan.planned_s - restoring_s, 0.0);
}

class PlanRun {
 public:
  PlanRun(PlanBatch& batch, const std::vector<ScannedTrack>& tracks)
      : batch_(batch),
        tracks_(tracks),
        plans_(tracks.size()),
        shares_(tracks.size()),
        memory_(batch.memory_bytes),
        device_memory_(device_memory_bytes(batch.backend)),
        problems_(master_problems(tracks, *batch.recipe, batch.out_dir)) {
    for (const ScannedTrack& track : tracks) total_cost_ += cost_of(track);
    grouping_ = group_tracks(tracks, *batch.recipe, problems_, batch.jobs, batch.is_interrupted);
    for (const TrackGroup& group : grouping_.groups) {
      for (const GroupedTrack& track : group.tracks) {
        if (!track.joins_previous) programmes_.emplace_back();
        programmes_.back().push_back(track);
      }
    }
  }

  std::vector<TrackPlan> run() {
    const auto threads = std::min(static_cast<std::size_t>(std::max(batch_.jobs, 1)), programmes_.size());
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < threads; ++i) {
        workers.emplace_back([this] {
          work();
          const std::lock_guard lock(mutex_);
          ++ended_;
          changed_.notify_all();
        });
      }
      std::unique_lock lock(mutex_);
      while (!changed_.wait_for(lock, std::chrono::milliseconds(100), [&] { return ended_ == threads; })) {
        if (batch_.on_progress) batch_.on_progress(progress());
      }
    }
    for (const TrackGroup& group : grouping_.groups) {
      hold_back(group);
      join_planned_sides(group);
    }
    std::vector<TrackPlan> done;
    for (std::optional<TrackPlan>& plan : plans_) {
      if (plan) done.push_back(std::move(*plan));
    }
    return done;
  }

 private:
  static double cost_of(const ScannedTrack& track) { return predicted_cost_s(track, v1::JOB_KIND_MASTER); }

  void work() {
    TrackMaster master(designs_);
    for (;;) {
      std::size_t mine = 0;
      {
        const std::lock_guard lock(mutex_);
        if (next_ == programmes_.size() || is_interrupted()) return;
        mine = next_++;
      }
      const std::vector<GroupedTrack>& programme = programmes_[mine];
      std::vector<TrackPlan> plans(programme.size());
      for (std::size_t i = 0; i < programme.size(); ++i) {
        const ScannedTrack& track = tracks_[programme[i].track];
        plans[i].input = track.input;
        plans[i].part = part_name(track);
      }
      try {
        make(plans, programme, master);
      } catch (const MasteringCancelled&) {
        return;
      } catch (const std::exception& error) {
        TaskFailure failure = failure_of(error);
        if (programme.size() > 1) failure.message += "; " + none_without_it({}, programme.size());
        for (TrackPlan& plan : plans) {
          plan.planned.reset();
          plan.failure = failure;
          plan.is_with_others = has_other_files(programme);
        }
      }
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < programme.size(); ++i) {
        shares_[programme[i].track] = 1;
        plans_[programme[i].track] = std::move(plans[i]);
      }
    }
  }

  bool has_other_files(const std::vector<GroupedTrack>& grouped) const {
    return std::ranges::any_of(grouped, [&](const GroupedTrack& one) {
      return tracks_[one.track].input != tracks_[grouped.front().track].input;
    });
  }

  // Of a group that is mastered as a whole: where one fails, so do the others.
  void hold_back(const TrackGroup& group) {
    const auto at = [this](const GroupedTrack& track) -> std::optional<TrackPlan>& { return plans_[track.track]; };
    TaskFailure failure{FailureClass::kPermanent, group.problem.code, group.problem.text};
    if (failure.code.empty()) {
      const auto bad = std::ranges::find_if(
          group.tracks, [&at](const GroupedTrack& track) { return at(track) && !at(track)->planned; });
      const auto good = std::ranges::find_if(
          group.tracks, [&at](const GroupedTrack& track) { return at(track) && at(track)->planned; });
      if (bad == group.tracks.end() || good == group.tracks.end()) return;
      failure = at(*bad)->failure;
      failure.message += "; " + none_without_it(need_of(batch_.recipe->effective().recipe), group.tracks.size());
    }
    fail_all(group, failure);
  }

  void fail_all(const TrackGroup& group, const TaskFailure& failure) {
    for (const GroupedTrack& track : group.tracks) {
      std::optional<TrackPlan>& plan = plans_[track.track];
      if (!plan) continue;
      plan->planned.reset();
      plan->failure = failure;
      plan->is_with_others = has_other_files(group.tracks);
      plan->mastering_s = 0;
    }
  }

  // The first track of a side has its file, the others go into it; or why they cannot, as a run would say it.
  void join_planned_sides(const TrackGroup& group) {
    std::vector<PlannedTrack*> tracks;
    std::vector<SideMember> members;
    for (const GroupedTrack& grouped : group.tracks) {
      const std::optional<TrackPlan>& plan = plans_[grouped.track];
      const auto member = side_members_.find(grouped.track);
      if (!plan || !plan->planned || member == side_members_.end()) return;
      tracks.push_back(&*plans_[grouped.track]->planned);
      members.push_back(member->second);
    }
    std::vector<bool> leads;
    try {
      leads = side_leaders(members);
    } catch (const std::exception& error) {
      TaskFailure failure = failure_of(error);
      if (group.tracks.size() > 1)
        failure.message += "; " + none_without_it(need_of(batch_.recipe->effective().recipe), group.tracks.size());
      fail_all(group, failure);
      return;
    }
    for (std::size_t leader = 0; leader < tracks.size(); ++leader) {
      if (!leads[leader]) continue;
      for (std::size_t i = leader; i < tracks.size(); ++i)
        if (members[i].side == members[leader].side) put_on_side(members[i], *tracks[i], *tracks[leader]);
    }
  }

  // Both have the same outputs, the leader all of them still.
  static void put_on_side(const SideMember& member, PlannedTrack& track, PlannedTrack& leader) {
    std::vector<OutputReport>& outputs = track.report.outputs;
    for (std::size_t i = member.outputs.size(); i-- > 0;) {
      if (!member.outputs[i].per_side) continue;
      OutputReport& whole = leader.report.outputs[i];
      const std::int64_t first_frame = &track == &leader ? 0 : whole.frames;
      whole.side_tracks.push_back({track.report.input, {}, first_frame, outputs[i].frames});
      if (&track == &leader) continue;
      whole.frames += outputs[i].frames;
      whole.bytes += outputs[i].bytes;
      outputs.erase(outputs.begin() + static_cast<std::ptrdiff_t>(i));
      track.forecasts.erase(track.forecasts.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  // A track, or a mix, opened.
  struct Prepared {
    TrackJob job;
    AudioFormat format;
    std::vector<AudioFormat> stems = {};  // of a mix
    std::vector<std::string> notes = {};
  };

  Prepared prepare(TrackPlan& plan, const ScannedTrack& track, const std::string& side) const {
    const Reading reading = batch_.only_headers ? Reading::header : Reading::samples;
    const std::vector<StemFile> files = stem_files(track);
    Prepared made;
    OpenMix mix;
    TrackSource source;
    if (track.stems) {
      mix = open_mix(files, track.stems->mixdown, reading);
      for (const auto& stem : mix.stems) made.stems.push_back(stem->format());
      source = source_of(track, mix);
    } else {
      made.job.reader = std::make_shared<AudioReader>(track.input, Md5::compared, reading);
      source = source_of(track, *made.job.reader);
    }
    made.format = source.format;
    plan.audio_s = static_cast<double>(source.format.frames) / source.format.sample_rate_hz;
    const auto problem = problems_.find(track_key(track));
    if (problem != problems_.end() && problem->second.code == "OUTPUT_TAKEN") throw OutputTaken(problem->second.text);
    const v1::Recipe recipe = recipe_for_track(*batch_.recipe, track.input, source.tags).recipe;
    if (!track.stems) check_accepted(recipe, track.input, source.format.container);
    for (const auto& stem : mix.stems) check_accepted(recipe, stem->file().path(), stem->format().container);
    made.job.input = track.input;
    made.job.side = side;
    made.job.out_dir = batch_.out_dir;
    made.job.part = source.part;
    made.job.tags = source.tags;
    made.job.chain = chain_of(recipe);
    made.job.outputs = outputs_of(recipe, source.format, naming_tags(source.tags, side), batch_.out_dir, track.relative,
                                  source.row, files);
    made.job.backend = batch_.backend.backend;
    if (track.stems) made.notes = add_stems(recipe, mix, files, track.stems->mixdown, made.job);
    refuse_names_not_utf8(made.job);
    refuse_taken(made.job);
    return made;
  }

  void keep_side_members(const std::vector<GroupedTrack>& programme, const std::vector<Prepared>& tracks) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < tracks.size(); ++i)
      if (!programme[i].side.empty()) side_members_[programme[i].track] = side_member(tracks[i].job, tracks[i].format);
  }

  void make(std::vector<TrackPlan>& plans, const std::vector<GroupedTrack>& programme, TrackMaster& master) {
    std::vector<Prepared> tracks;
    for (std::size_t i = 0; i < programme.size(); ++i)
      tracks.push_back(prepare(plans[i], tracks_[programme[i].track], programme[i].side));
    keep_side_members(programme, tracks);
    if (batch_.only_headers) {
      for (std::size_t i = 0; i < tracks.size(); ++i) {
        plans[i].planned = planned_by_header(tracks[i].job, tracks[i].format);
        std::vector<std::string>& notes = plans[i].planned->report.notes;
        notes.insert(notes.begin(), tracks[i].notes.begin(), tracks[i].notes.end());
      }
      return;
    }
    TrackJob& job = tracks.front().job;
    AudioFormat format = tracks.front().format;
    for (std::size_t i = 1; i < tracks.size(); ++i) {
      const TrackJob& next = tracks[i].job;
      format.frames += tracks[i].format.frames;
      job.joined.push_back({next.input, next.outputs, next.reader, next.part, next.tags});
    }
    const MemoryNeed need = job.stems.empty() ? master.memory_needed(AlbumJob{{job}}, {format})
                                              : master.memory_needed(job, tracks.front().stems);
    const bool is_spooled = need.kept_bytes > memory_.total();
    if (is_spooled) job.spool_dir = batch_.spool_dir;
    const std::int64_t bytes = is_spooled ? need.spooled_bytes : need.kept_bytes;
    const MemoryBudget::Share share = memory_.take(bytes);
    std::optional<MemoryBudget::Share> device_share(device_memory_.take(need.device_bytes));
    job.after_first_pass = [&device_share] { device_share.reset(); };
    const Elapsed watch;
    const MasteringProgress on_progress = [this, &programme](double done, std::string_view) {
      const std::lock_guard lock(mutex_);
      for (const GroupedTrack& track : programme) shares_[track.track] = done;
    };
    const MemoryRelease release(bytes > memory_.total() / std::max(2, 2 * batch_.jobs) ? &master : nullptr);
    PlannedTrack planned = master.plan(job, on_progress, is_cancelled());
    std::vector<PlannedTrack> followers = std::move(planned.joined);
    plans.front().planned = std::move(planned);
    for (std::size_t i = 0; i < followers.size(); ++i) plans[i + 1].planned = std::move(followers[i]);
    const double took_s = watch.seconds();
    const bool is_of_album = shares_gain(job);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      for (std::size_t o = 0; o < tracks[i].job.outputs.size(); ++o)
        if (tracks[i].job.outputs[o].per_side) plans[i].planned->report.outputs[o].side = programme[i].side;
      std::vector<std::string>& notes = plans[i].planned->report.notes;
      notes.insert(notes.begin(), tracks[i].notes.begin(), tracks[i].notes.end());
      if (!programme[i].note.empty()) notes.push_back(programme[i].note);
      if (is_of_album)
        notes.push_back(
            "the gain that its album's tracks share is found when they are mastered: what is expected here is the "
            "track's by itself");
      plans[i].planned_s =
          took_s * static_cast<double>(plans[i].planned->report.frames) / static_cast<double>(format.frames);
      plans[i].mastering_s = mastering_seconds(plans[i]);
    }
  }

  const std::atomic<bool>& is_cancelled() const {
    static const std::atomic<bool> kNever{false};
    return batch_.is_interrupted != nullptr ? *batch_.is_interrupted : kNever;
  }
  bool is_interrupted() const { return is_cancelled().load(); }

  // With mutex_ held.
  BatchProgress progress() const {
    BatchProgress now;
    now.tracks = static_cast<std::int64_t>(tracks_.size());
    double cost = 0;
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
      cost += shares_[i] * cost_of(tracks_[i]);
      if (!plans_[i]) continue;
      ++now.finished;
      now.failed += !plans_[i]->planned;
      now.audio_s += plans_[i]->audio_s;
    }
    now.share = total_cost_ > 0 ? std::min(1.0, cost / total_cost_) : 1.0;
    return now;
  }

  PlanBatch& batch_;
  const std::vector<ScannedTrack>& tracks_;
  EqDesigns designs_;
  std::vector<std::optional<TrackPlan>> plans_;
  std::vector<double> shares_;
  LocalMemoryBudget memory_, device_memory_;
  const TrackProblems problems_;
  Grouping grouping_;
  std::vector<std::vector<GroupedTrack>> programmes_;
  double total_cost_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, SideMember> side_members_;  // by track
  std::size_t next_ = 0, ended_ = 0;
};

}  // namespace

std::vector<TrackPlan> PlanBatch::run(const std::vector<ScannedTrack>& tracks) {
  if (tracks.empty()) return {};
  return PlanRun(*this, tracks).run();
}

}  // namespace lathe::scheduler
