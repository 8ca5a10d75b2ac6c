#include "host/mastering/album_run.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "host/mastering/gain_verdict.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

std::string what_shares(const GainGoal& goal, const std::string& side) {
  if (goal.scope == LoudnessScope::loudest_track) return "the album's loudest track";
  if (goal.scope == LoudnessScope::side) return side.empty() ? "the side" : "side " + side;
  return "the album";
}

// Of the readings of several programmes, as if they were one.
LoudnessFigures figures_of(const std::vector<const LoudnessReading*>& readings,
                           const std::vector<std::vector<std::int64_t>>& track_ends, LoudnessScope scope) {
  std::vector<HopsOfTracks> hops;
  std::vector<double> ranges;
  LoudnessFigures all = readings.front()->figures;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    hops.push_back({&readings[i]->hops, track_ends[i]});
    const std::vector<double> powers = range_powers(readings[i]->hops);
    ranges.insert(ranges.end(), powers.begin(), powers.end());
    const LoudnessFigures& one = readings[i]->figures;
    all.max_momentary_lufs = std::max(all.max_momentary_lufs, one.max_momentary_lufs);
    all.max_short_term_lufs = std::max(all.max_short_term_lufs, one.max_short_term_lufs);
    all.true_peak_dbtp = std::max(all.true_peak_dbtp, one.true_peak_dbtp);
    all.sample_peak_dbfs = std::max(all.sample_peak_dbfs, one.sample_peak_dbfs);
  }
  all.integrated_lufs = shared_loudness(hops, scope);
  all.loudness_range_lu = gated_range(ranges);
  return all;
}

}  // namespace

AlbumRun::AlbumRun(const AlbumJob& album, EqDesigns& designs, cuda::Accelerator* accelerator,
                   const MasteringProgress& progress, const std::atomic<bool>& is_cancelled)
    : album_(album), progress_(progress) {
  for (const TrackJob& job : album.programmes) {
    members_.push_back(std::make_unique<Member>());
    Member& member = *members_.back();
    member.progress = [this, &member](double share, std::string_view stage) {
      member.share = share;
      report_progress(stage);
    };
    member.run = std::make_unique<TrackRun>(job, designs, member.arena, member.second_arena, accelerator,
                                            member.progress, is_cancelled);
  }
}

MasteredAlbum AlbumRun::run() {
  for (const auto& member : members_) {
    member->run->analyse();
    member->run->release_spare();
  }
  MasteredAlbum done;
  for (const Pool& pool : pools()) {
    if (pool.renditions.front()->goal.scope == LoudnessScope::track) {
      members_[pool.members.front()]->run->master(*pool.renditions.front());
    } else {
      done.loudness.push_back(master(pool));
    }
  }
  for (const auto& member : members_) done.programmes.push_back(member->run->finish());
  return done;
}

// In the order of the first programme that has them. Programmes of other rates have their renditions at other places:
// what belongs together has the same goal, for the same first output.
std::vector<AlbumRun::Pool> AlbumRun::pools() const {
  std::vector<Pool> pools;
  for (std::size_t m = 0; m < members_.size(); ++m) {
    for (const Rendition& rendition : members_[m]->run->renditions()) {
      const auto belongs = [&](const Pool& pool) {
        const Rendition& other = *pool.renditions.front();
        const bool is_same_side = rendition.goal.scope != LoudnessScope::side ||
                                  album_.programmes[m].side == album_.programmes[pool.members.front()].side;
        return rendition.goal.scope != LoudnessScope::track && rendition.goal == other.goal &&
               rendition.outputs.front() == other.outputs.front() && is_same_side;
      };
      auto pool = std::find_if(pools.begin(), pools.end(), belongs);
      if (pool == pools.end()) pool = pools.insert(pools.end(), Pool{});
      pool->members.push_back(m);
      pool->renditions.push_back(&rendition);
    }
  }
  return pools;
}

// Whether what is measured of the pool is all of its tracks, and not a passage of each.
bool AlbumRun::is_whole(const Pool& pool) const {
  const TrackJob& job = album_.programmes[pool.members.front()];
  return job.outputs[pool.renditions.front()->outputs.front()].preview_s == 0;
}

AlbumLoudness AlbumRun::master(const Pool& pool) {
  const GainGoal& goal = pool.renditions.front()->goal;
  std::vector<GainPart> parts;
  std::vector<std::size_t> sharing;  // of the pool: those whose tracks are kept
  for (std::size_t i = 0; i < pool.members.size(); ++i) {
    if (std::optional<GainPart> part = members_[pool.members[i]]->run->part_of(*pool.renditions[i])) {
      parts.push_back(std::move(*part));
      sharing.push_back(i);
    }
  }
  std::shared_ptr<GainSolver> solver;
  if (!parts.empty()) {
    solver = std::make_shared<GainSolver>(std::move(parts), goal);
    solver->solve();
  }
  const auto each = [&](auto&& work) {
    for (std::size_t i = 0; i < pool.members.size(); ++i) work(*members_[pool.members[i]]->run, *pool.renditions[i]);
  };
  Measurement after;
  after.reason = "previews alone have this gain: nobody has measured all that it would make";
  for (bool holds = false; !holds;) {
    for (int round = 0;; ++round) {
      for (std::size_t part = 0; part < sharing.size(); ++part)
        members_[pool.members[sharing[part]]]->run->use(solver, part);
      each([](TrackRun& run, const Rendition& rendition) { run.write_first(rendition); });
      if (!is_whole(pool)) break;
      after = measured(pool);
      if (round == kGainCorrections || !needs_correction(solver.get(), goal, after)) break;
      solver->correct(after.figures.integrated_lufs);
    }
    each([](TrackRun& run, const Rendition& rendition) { run.write_others(rendition); });
    // A ceiling is one programme's, but what it takes the others make good: all are written again.
    holds = true;
    each([&holds](TrackRun& run, const Rendition& rendition) { holds = run.holds_codecs(rendition) && holds; });
    if (!holds) solver->solve();
  }
  const std::string what = what_shares(goal, album_.programmes[pool.members.front()].side);
  each([&](TrackRun& run, const Rendition& rendition) { run.conclude(rendition, after, what); });
  return loudness_of(pool, after, solver ? solver->plan() : GainPlan{});
}

// What has been written for the pool, together.
Measurement AlbumRun::measured(const Pool& pool) {
  std::vector<const LoudnessReading*> readings;
  std::vector<std::vector<std::int64_t>> track_ends;
  for (std::size_t i = 0; i < pool.members.size(); ++i) {
    TrackRun& run = *members_[pool.members[i]]->run;
    readings.push_back(&run.written_first(*pool.renditions[i]));
    track_ends.push_back(run.track_ends(*pool.renditions[i]));
  }
  Measurement after;
  after.figures = figures_of(readings, track_ends, pool.renditions.front()->goal.scope);
  after.is_measurable = std::isfinite(after.figures.integrated_lufs);
  if (!after.is_measurable) after.reason = "silence: no 400 ms block is above -70 LUFS";
  return after;
}

AlbumLoudness AlbumRun::loudness_of(const Pool& pool, const Measurement& after, const GainPlan& plan) const {
  const TrackJob& first = album_.programmes[pool.members.front()];
  const Rendition& rendition = *pool.renditions.front();
  AlbumLoudness loudness;
  for (const std::size_t index : rendition.outputs) {
    if (!first.outputs[index].id.empty()) loudness.outputs.push_back(first.outputs[index].id);
  }
  loudness.scope = rendition.goal.scope;
  if (loudness.scope == LoudnessScope::side) loudness.side = first.side;
  loudness.asked_lufs = rendition.goal.target_lufs;
  loudness.gain_db = amplitude_to_db(plan.gain);
  loudness.after = after;
  loudness.reason = is_whole(pool) ? reason_for(rendition.goal, plan, after) : after.reason;
  return loudness;
}

void AlbumRun::report_progress(std::string_view stage) const {
  if (!progress_) return;
  double share = 0;
  for (const auto& member : members_) share += member->share;
  progress_(share / static_cast<double>(members_.size()), stage);
}

}  // namespace lathe
