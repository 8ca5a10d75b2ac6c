#include "host/mastering/mix_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/mastering/track_run.h"

namespace lathe {
namespace {

using Roles = std::vector<std::string>;

std::string listed(const Roles& roles) {
  std::string text;
  for (const std::string& role : roles) text += (text.empty() ? "" : ", ") + role;
  return text;
}

// In the order of their first outputs, but the whole mix first: the others take its gain.
std::vector<Roles> versions_of(const TrackJob& job) {
  std::vector<Roles> versions;
  for (const OutputSpec& output : job.outputs)
    if (std::ranges::find(versions, output.without) == versions.end()) versions.push_back(output.without);
  std::ranges::stable_partition(versions, [](const Roles& roles) { return roles.empty(); });
  return versions;
}

void check_roles(const TrackJob& job, const Roles& without) {
  const auto is_out = [&without](const StemTrack& stem) {
    return std::ranges::find(without, stem.role) != without.end();
  };
  if (std::ranges::all_of(job.stems, is_out)) {
    throw UnusableAudio(
        fmt::format("{}: without {} no stem is left for the output; see the recipe's stems and `without`",
                    job.input.string(), listed(without)));
  }
}

class Versions {
 public:
  Versions(const TrackJob& job, EqDesigns& designs, FrameArena& arena, FrameArena& second_arena,
           cuda::Accelerator* accelerator, const MasteringProgress& progress, const std::atomic<bool>& is_cancelled)
      : job_(job),
        designs_(designs),
        arena_(arena),
        second_arena_(second_arena),
        accelerator_(accelerator),
        progress_(progress),
        is_cancelled_(is_cancelled),
        mix_(job),
        versions_(versions_of(job)) {}

  MasteredTrack run() {
    for (const Roles& roles : versions_) check_roles(job_, roles);
    made_.resize(job_.outputs.size());
    for (done_ = 0; done_ < versions_.size(); ++done_) master(versions_[done_]);
    for (auto& [report, file] : made_) {
      whole_.report.outputs.push_back(std::move(report));
      whole_.files.push_back(std::move(*file));
    }
    return std::move(whole_);
  }

 private:
  struct Made {
    OutputReport report;
    std::optional<StagedFile> file;
  };

  void master(const Roles& without) {
    std::vector<std::size_t> places;
    TrackJob version = job_;
    version.outputs.clear();
    for (std::size_t i = 0; i < job_.outputs.size(); ++i) {
      if (job_.outputs[i].without != without) continue;
      places.push_back(i);
      version.outputs.push_back(job_.outputs[i]);
      if (!without.empty()) take_gain_of_whole(version.chain.goal, version.outputs.back());
    }
    if (done_ + 1 < versions_.size()) version.after_first_pass = nullptr;  // more passes follow
    mix_.leave_out(without);
    const MasteringProgress progress = [this](double share, std::string_view stage) {
      if (progress_) progress_((static_cast<double>(done_) + share) / static_cast<double>(versions_.size()), stage);
    };
    TrackRun run(version, designs_, arena_, second_arena_, accelerator_, progress, is_cancelled_, &mix_);
    MasteredTrack track = run.run();
    if (done_ == 0) gains_ = run.found_gains();
    for (std::size_t i = 0; i < places.size(); ++i) {
      made_[places[i]].report = std::move(track.report.outputs[i]);
      made_[places[i]].report.without = without;
      made_[places[i]].file = std::move(track.files[i]);
    }
    keep(std::move(track.report), version, without);
  }

  // The gain of the whole mix, for an output that has no loudness of its own.
  void take_gain_of_whole(const GainGoal& goal_of_chain, OutputSpec& output) const {
    if (output.has_own_loudness || versions_.front() != Roles()) return;
    GainGoal goal = output.goal ? *output.goal : goal_of_chain;
    if (!goal.target_lufs) return;
    const auto same =
        std::ranges::find_if(gains_, [&goal](const TrackRun::FoundGain& one) { return one.goal == goal; });
    if (same == gains_.end() && gains_.empty()) return;
    goal.gain_db = (same == gains_.end() ? gains_.front() : *same).gain_db;
    goal.target_lufs.reset();
    output.goal = goal;
  }

  // Of the versions behind the first, what is their own.
  void keep(TrackReport report, const TrackJob& version, const Roles& without) {
    if (done_ == 0) {
      report.outputs.clear();
      whole_.report = std::move(report);
      return;
    }
    std::vector<std::string> ids;
    for (const OutputSpec& output : version.outputs) ids.push_back(output.id);
    for (StageReport& stage : report.stages) {
      if (stage.name != "loudness" && stage.name != "limit" && stage.name != "sample_rate") continue;
      if (stage.outputs.empty()) stage.outputs = ids;
      whole_.report.stages.push_back(std::move(stage));
    }
    const std::string of = "without " + listed(without) + ": ";
    if (!report.reason.empty()) whole_.report.reason += (whole_.report.reason.empty() ? "" : "; ") + of + report.reason;
    for (const OutputSpec& output : version.outputs) {
      if (!output.goal || output.goal->gain_db == 0) continue;
      whole_.report.notes.push_back(fmt::format("output {}, without {}: the gain of the whole mix, {:+.2f} dB",
                                                output.id, listed(without), output.goal->gain_db));
    }
    whole_.report.busy += report.busy;
  }

  const TrackJob& job_;
  EqDesigns& designs_;
  FrameArena &arena_, &second_arena_;
  cuda::Accelerator* accelerator_;
  const MasteringProgress& progress_;
  const std::atomic<bool>& is_cancelled_;
  StemMix mix_;
  std::vector<Roles> versions_;
  std::size_t done_ = 0;
  std::vector<TrackRun::FoundGain> gains_;  // of the first
  std::vector<Made> made_;                  // by output
  MasteredTrack whole_;
};

}  // namespace

bool has_versions(const TrackJob& job) {
  return std::ranges::any_of(job.outputs, [](const OutputSpec& output) { return !output.without.empty(); });
}

MasteredTrack master_versions(const TrackJob& job, EqDesigns& designs, FrameArena& arena, FrameArena& second_arena,
                              cuda::Accelerator* accelerator, const MasteringProgress& progress,
                              const std::atomic<bool>& is_cancelled) {
  return Versions(job, designs, arena, second_arena, accelerator, progress, is_cancelled).run();
}

}  // namespace lathe
