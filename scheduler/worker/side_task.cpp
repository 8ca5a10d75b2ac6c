#include "scheduler/worker/side_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "host/mastering/output_writer.h"
#include "host/mastering/recipe_chain.h"
#include "host/mastering/rendition.h"
#include "host/mastering/side_file.h"

namespace lathe::scheduler {
namespace {

// Of each output, at the rate that it is written at.
std::vector<AudioFormat> written_formats(const TrackTask& track) {
  const TrackJob& job = track.job;
  std::vector<AudioFormat> formats(job.outputs.size());
  for (const Rendition& rendition : renditions_of(job.chain, job.outputs, chain_format(job.chain, track.format))) {
    for (const std::size_t index : rendition.outputs) formats[index] = format_of(job.outputs[index], rendition.format);
  }
  return formats;
}

void expect_one_file(const TrackTask& leader, const TrackTask& track) {
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument(fmt::format("{}: it cannot be in one file with {}, which begins side {}: {}",
                                            track.job.input.string(), leader.job.input.filename().string(),
                                            track.job.side, why));
  };
  if (leader.job.outputs.size() != track.job.outputs.size()) refuse("an override gives it other outputs");
  const std::vector<AudioFormat> first = written_formats(leader), own = written_formats(track);
  for (std::size_t i = 0; i < own.size(); ++i) {
    const OutputSpec &a = leader.job.outputs[i], &b = track.job.outputs[i];
    if (a.per_side != b.per_side || (a.per_side && a.path != b.path)) refuse("an override gives it other outputs");
    if (!b.per_side) continue;
    if (own[i].sample_rate_hz != first[i].sample_rate_hz) {
      refuse(fmt::format("{} Hz and {} Hz; give the output a sample_rate", own[i].sample_rate_hz,
                         first[i].sample_rate_hz));
    }
    if (own[i].channels != first[i].channels)
      refuse(fmt::format("{} and {} channels", own[i].channels, first[i].channels));
    if (own[i].encoding != first[i].encoding || own[i].container != first[i].container)
      refuse("they are of different formats; give the output format and bits");
  }
}

}  // namespace

bool makes_side_file(const TrackJob& job) { return std::ranges::any_of(job.outputs, &OutputSpec::per_side); }

void find_side_leaders(std::vector<TrackTask>& tracks) {
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    if (!makes_side_file(tracks[i].job)) continue;
    const auto leader = std::ranges::find(tracks, tracks[i].job.side, [](const TrackTask& t) { return t.job.side; });
    tracks[i].leads_side = leader == tracks.begin() + static_cast<std::ptrdiff_t>(i);
    expect_one_file(*leader, tracks[i]);
  }
}

Tags naming_tags(Tags tags, const std::string& side) {
  if (side.empty()) return tags;
  std::erase_if(tags.fields, [](const auto& field) { return field.first == "SIDE"; });
  tags.fields.emplace_back("SIDE", side);
  return tags;
}

void join_sides(const std::vector<TrackTask>& tracks, std::vector<MasteredTrack>& mastered,
                const std::atomic<bool>& is_cancelled) {
  for (std::size_t leader = 0; leader < tracks.size(); ++leader) {
    const TrackJob& job = tracks[leader].job;
    if (!tracks[leader].leads_side || !makes_side_file(job)) continue;
    std::vector<std::size_t> side;
    for (std::size_t i = leader; i < tracks.size(); ++i)
      if (tracks[i].job.side == job.side) side.push_back(i);
    for (std::size_t o = job.outputs.size(); o-- > 0;) {
      if (!job.outputs[o].per_side) continue;
      std::vector<SideTrack> parts;
      for (const std::size_t i : side) {
        const MasteredTrack& track = mastered[i];
        parts.push_back({tracks[i].job.input, &track.files[o], &track.report.outputs[o]});
      }
      SideFile joined = join_side(job.outputs[o], job.out_dir, job.side, parts, job.pcm_md5, is_cancelled);
      for (const std::size_t i : side) {
        MasteredTrack& track = mastered[i];
        const auto at = static_cast<std::ptrdiff_t>(o);
        track.report.after_in_side = track.report.outputs[o].after;
        if (i == leader) {
          track.report.outputs[o] = std::move(joined.report);
          track.files[o] = std::move(joined.file);
          track.report.busy += joined.busy;
        } else {
          track.report.outputs.erase(track.report.outputs.begin() + at);
          track.files.erase(track.files.begin() + at);
        }
      }
    }
  }
}

}  // namespace lathe::scheduler
