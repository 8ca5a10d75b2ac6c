#include "scheduler/worker/side_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "host/audio_file/audio_writer.h"
#include "host/mastering/output_writer.h"
#include "host/mastering/recipe_chain.h"
#include "host/mastering/rendition.h"
#include "host/mastering/side_file.h"
#include "host/mastering/track_analysis.h"

namespace lathe::scheduler {
namespace {

bool makes_side_file(const SideMember& track) {
  return std::ranges::any_of(track.outputs, &SideMember::Output::per_side);
}

void expect_one_file(const SideMember& leader, const SideMember& track) {
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument(fmt::format("{}: it cannot be in one file with {}, which begins side {}: {}",
                                            track.input.string(), leader.input.filename().string(), track.side, why));
  };
  if (leader.outputs.size() != track.outputs.size()) refuse("an override gives it other outputs");
  for (std::size_t i = 0; i < track.outputs.size(); ++i) {
    const SideMember::Output &first = leader.outputs[i], &own = track.outputs[i];
    if (first.per_side != own.per_side) refuse("an override gives it other outputs");
    if (!own.per_side) continue;
    if (first.path != own.path) {
      refuse(
          fmt::format("its file would be {}, and that one's is {}; leave out of the output's path what differs "
                      "between tracks, as {{artist}} and {{folder}} may",
                      own.path.string(), first.path.string()));
    }
    const AudioFormat &a = first.written, &b = own.written;
    if (b.sample_rate_hz != a.sample_rate_hz)
      refuse(fmt::format("{} Hz and {} Hz; give the output a sample_rate", b.sample_rate_hz, a.sample_rate_hz));
    if (b.channels != a.channels) refuse(fmt::format("{} and {} channels", b.channels, a.channels));
    if (b.channels > 2 && (b.channel_mask != a.channel_mask || b.speakers != a.speakers))
      refuse("their channels are of different speakers");
    if (b.encoding != a.encoding || b.container != a.container)
      refuse("they are of different formats; give the output format and bits");
  }
}

// What all of a side comes to, before hours are spent on its tracks.
void expect_room(const std::vector<const SideMember*>& side) {
  for (std::size_t o = 0; o < side.front()->outputs.size(); ++o) {
    const SideMember::Output& first = side.front()->outputs[o];
    if (!first.per_side) continue;
    AudioFormat whole = first.written;
    whole.frames = 0;
    for (const SideMember* track : side) whole.frames += track->outputs[o].written.frames;
    if (const std::string why = unwritable_reason(whole); !why.empty())
      throw AudioFileError(AudioFileError::Fault::unsupported, first.path, why);
  }
}

}  // namespace

bool makes_side_file(const TrackJob& job) { return std::ranges::any_of(job.outputs, &OutputSpec::per_side); }

SideMember side_member(const TrackJob& job, const AudioFormat& source) {
  SideMember member{job.input, job.side, {}};
  for (const OutputSpec& output : job.outputs) member.outputs.push_back({output.per_side, output.path, {}});
  for (const Rendition& rendition : renditions_of(job.chain, job.outputs, chain_format(job.chain, source))) {
    for (const std::size_t index : rendition.outputs)
      member.outputs[index].written = format_of(job.outputs[index], rendition.format);
  }
  return member;
}

std::vector<bool> side_leaders(const std::vector<SideMember>& tracks) {
  std::vector<bool> leads(tracks.size());
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    std::vector<const SideMember*> side;
    for (const SideMember& track : tracks)
      if (track.side == tracks[i].side) side.push_back(&track);
    if (side.front() != &tracks[i] || std::ranges::none_of(side, [](const auto* t) { return makes_side_file(*t); }))
      continue;
    for (const SideMember* track : side) expect_one_file(*side.front(), *track);
    expect_room(side);
    leads[i] = true;
  }
  return leads;
}

void find_side_leaders(std::vector<TrackTask>& tracks) {
  if (std::ranges::none_of(tracks, [](const TrackTask& track) { return makes_side_file(track.job); })) return;
  std::vector<SideMember> members;
  for (const TrackTask& track : tracks) members.push_back(side_member(track.job, track.format));
  const std::vector<bool> leads = side_leaders(members);
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    tracks[i].leads_side = leads[i];
    for (const SideMember& other : members)
      if (other.side == members[i].side) tracks[i].side_inputs.insert(other.input);
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
