#include "scheduler/worker/album_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "host/audio_file/audio_reader.h"
#include "host/audit/track_join.h"
#include "host/report/track_json.h"
#include "scheduler/worker/album_look.h"
#include "scheduler/worker/track_source.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// Each keeps a file open, and as many more as it has outputs.
constexpr std::size_t kMaxTracks = 1'000;

struct Member {
  std::size_t index = 0;  // of the scan
  const ScannedTrack* track = nullptr;
  const TrackProblem* problem = nullptr;
  TrackLook look = {};
  bool joins_previous = false;
  std::string note = {};
};

bool is_part(const Member& member) { return member.track->row != nullptr && !member.track->row->part.is_whole(); }

std::string name_of(const Member& member) {
  return json_text(fs::path(is_part(member) ? member.track->relative : member.track->input).filename());
}

// By disc, side and number where all have a place of their own; a manifest's order stays, unless its rows give that.
void put_in_order(std::vector<Member>& album) {
  std::set<AlbumPlace> places;
  for (const Member& member : album) {
    if (member.track->row != nullptr && !member.track->row->tags.contains("track")) return;
    if (member.look.place.number == 0) return;
    if (!places.insert(member.look.place).second) return;
  }
  std::ranges::stable_sort(album, {}, [](const Member& member) { return member.look.place; });
}

void name_sides(std::vector<Member>& album) {
  AlbumSides sides;
  for (const Member& member : album) sides.add(member.look.place);
  for (Member& member : album) member.look.place.side = sides.name_of(member.look.place);
}

enum class Join { no, yes, if_heard };

// What manifest and recipe say of two tracks that follow each other.
Join join_asked(const Member& track, const Member& next) {
  if (track.problem != nullptr || next.problem != nullptr) return Join::no;
  if (!track.look.is_readable || !next.look.is_readable || track.look.place.side != next.look.place.side)
    return Join::no;
  if (const ManifestRow* row = track.track->row; row != nullptr && row->contiguous)
    return *row->contiguous ? Join::yes : Join::no;
  if (track.look.contiguous == v1::CONTIGUOUS_NEVER || next.look.contiguous == v1::CONTIGUOUS_NEVER) return Join::no;
  return track.look.contiguous == v1::CONTIGUOUS_ALWAYS ? Join::yes : Join::if_heard;
}

// Nothing where one of them cannot be read so far: its own task says why.
JoinEvidence evidence_between(const Member& track, const Member& next) {
  try {
    AudioReader before(track.track->input, Md5::left_alone);
    const TrackPiece tail = read_tail(before);
    AudioReader behind(next.track->input, Md5::left_alone);
    return join_evidence(tail, read_head(behind));
  } catch (const std::exception&) {
    return {};
  }
}

std::string note_of(const Member& track, Join asked) {
  const std::string one = "one stream with " + name_of(track) + ": ";
  if (asked == Join::if_heard) return one + "it goes on where that ends, told from the sound on both sides";
  if (is_part(track)) return one + "both are parts of " + json_text(fs::path(track.track->input).filename());
  return one + (track.track->row != nullptr && track.track->row->contiguous ? "the manifest says that it goes on"
                                                                            : "input.contiguous is always");
}

void find_joins(std::vector<Member>& album, std::vector<std::string>& warnings) {
  std::vector<Join> asked(album.size(), Join::no);
  std::vector<JoinEvidence> heard(album.size());
  bool others_do = false;
  for (std::size_t i = 1; i < album.size(); ++i) {
    const Member &track = album[i - 1], &next = album[i];
    asked[i] = join_asked(track, next);
    if (asked[i] == Join::if_heard && next.look.head_sounds && track.look.format == next.look.format)
      heard[i] = evidence_between(track, next);
    others_do = others_do || asked[i] == Join::yes || goes_on(heard[i], false);
  }
  for (std::size_t i = 1; i < album.size(); ++i) {
    Member &track = album[i - 1], &next = album[i];
    if (asked[i] == Join::no || (asked[i] == Join::if_heard && !goes_on(heard[i], others_do))) continue;
    if (track.look.format != next.look.format || track.look.recipe != next.look.recipe) {
      warnings.push_back(fmt::format(
          "{} goes on where {} ends, and both are mastered apart: {}", json_text(next.track->input), name_of(track),
          track.look.format != next.look.format ? "they differ in rate, channels or encoding"
                                                : "the recipe's overrides ask for different things"));
      continue;
    }
    next.joins_previous = true;
    next.note = note_of(track, asked[i]);
  }
}

TrackGroup group_of(std::vector<Member>::const_iterator first, std::vector<Member>::const_iterator last) {
  TrackGroup group;
  for (auto member = first; member != last; ++member) {
    const bool joins = member != first && member->joins_previous;
    group.tracks.push_back({member->index, joins, member->look.place.side, joins ? member->note : std::string()});
  }
  return group;
}

// All of them are needed: one that cannot be worked on holds the others back.
TrackGroup whole_group(const std::vector<Member>& members, const AlbumNeed& need) {
  TrackGroup group = group_of(members.begin(), members.end());
  const auto bad = std::ranges::find_if(members, [](const Member& member) { return member.problem != nullptr; });
  if (bad != members.end()) {
    group.problem = {bad->problem->code, bad->problem->text + "; " + none_without_it(need, members.size())};
  } else if (members.size() > kMaxTracks) {
    group.problem = {"ALBUM_TOO_LARGE",
                     fmt::format("{}: an album of {} tracks, and at most {} can be mastered together; name albums in a "
                                 "manifest, or use loudness.scope track",
                                 json_text(members.front().track->album), members.size(), kMaxTracks)};
  }
  return group;
}

bool is_a_side_missing(const std::vector<Member>& album) {
  return std::ranges::any_of(album, [](const Member& member) { return member.look.place.side.empty(); });
}

std::vector<TrackGroup> groups_by_side(const std::vector<Member>& album, const AlbumNeed& need) {
  const auto without = std::ranges::find_if(album, [](const Member& member) { return member.look.place.side.empty(); });
  if (without != album.end()) {
    TrackGroup group = whole_group(album, need);
    if (group.problem.code.empty()) {
      group.problem = {
          "NO_SIDES",
          fmt::format("{}: nothing says which side it is on, and {}; give its album's tracks a tag SIDE (A, B ...), or "
                      "track numbers like A1, A2, B1, and DISCNUMBER where several discs have a side of that name",
                      json_text(without->track->input),
                      need.side_file ? "the recipe makes a file for each side" : "loudness.scope is side")};
    }
    return {std::move(group)};
  }
  std::vector<std::string> sides;
  std::vector<TrackGroup> groups;
  for (const Member& member : album) {
    const std::string& side = member.look.place.side;
    if (std::ranges::find(sides, side) != sides.end()) continue;
    sides.push_back(side);
    std::vector<Member> members;
    std::ranges::copy_if(album, std::back_inserter(members),
                         [&side](const Member& other) { return other.look.place.side == side; });
    groups.push_back(whole_group(members, need));
  }
  return groups;
}

std::vector<TrackGroup> groups_by_joins(const std::vector<Member>& album) {
  std::vector<TrackGroup> groups;
  for (auto first = album.begin(); first != album.end();) {
    auto last = std::next(first);
    while (last != album.end() && last->joins_previous && last - first < static_cast<std::ptrdiff_t>(kMaxTracks))
      ++last;
    groups.push_back(group_of(first, last));
    if (last - first == 1) {
      groups.back().tracks.front().side.clear();  // of no use to a track by itself
      if (first->problem != nullptr) groups.back().problem = *first->problem;
    }
    first = last;
  }
  return groups;
}

std::vector<TrackGroup> groups_of(std::vector<Member> album, std::vector<std::string>& warnings) {
  AlbumNeed need;
  for (const Member& member : album) need |= member.look.need;
  put_in_order(album);
  if (need.side || need.side_file) name_sides(album);
  if (need.joins) find_joins(album, warnings);
  if (need.whole && !(need.side_file && is_a_side_missing(album))) return {whole_group(album, need)};
  return need.side || need.side_file ? groups_by_side(album, need) : groups_by_joins(album);
}

TrackGroup alone(std::size_t index, const std::vector<ScannedTrack>& tracks, const TrackProblems& problems) {
  const auto problem = problems.find(track_key(tracks[index]));
  return {{{index}}, problem == problems.end() ? TrackProblem() : problem->second};
}

}  // namespace

Grouping group_tracks(const std::vector<ScannedTrack>& tracks, const RecipeSource& recipe,
                      const TrackProblems& problems, int threads, const std::atomic<bool>* is_interrupted) {
  Grouping grouping;
  std::map<std::string, std::vector<std::size_t>> at_album;
  if (may_need_albums(recipe.effective().recipe)) {
    for (std::size_t i = 0; i < tracks.size(); ++i)
      if (!tracks[i].stems) at_album[tracks[i].album].push_back(i);
  }
  const bool makes_side_files = need_of(recipe.effective().recipe).side_file;
  std::erase_if(at_album, [&](const auto& album) { return album.second.size() < 2 && !makes_side_files; });
  std::vector<std::vector<std::size_t>> albums;
  std::vector<bool> is_in_album(tracks.size());
  for (auto& [name, indices] : at_album) {
    for (const std::size_t index : indices) is_in_album[index] = true;
    albums.push_back(std::move(indices));
  }
  struct Done {
    std::vector<TrackGroup> groups;
    std::vector<std::string> warnings;
  };
  std::vector<Done> done(albums.size());
  std::atomic<std::size_t> next_album{0};
  const TrackLooker looker(recipe);
  const auto is_over = [&] { return is_interrupted != nullptr && is_interrupted->load(); };
  const auto work = [&] {
    for (std::size_t a = next_album++; a < albums.size(); a = next_album++) {
      std::vector<Member> album;
      for (const std::size_t index : albums[a]) {
        const auto problem = problems.find(track_key(tracks[index]));
        album.push_back({index, &tracks[index], problem == problems.end() ? nullptr : &problem->second});
        if (!is_over()) album.back().look = looker.look_at(tracks[index]);
      }
      if (!is_over()) done[a].groups = groups_of(std::move(album), done[a].warnings);
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(static_cast<std::size_t>(std::max(threads, 1)), albums.size()); ++i)
      others.emplace_back(work);
    work();
  }
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    if (!is_in_album[i]) grouping.groups.push_back(alone(i, tracks, problems));
  }
  for (std::size_t a = 0; a < albums.size(); ++a) {
    // Interrupted: nothing of this will be worked on.
    for (const std::size_t index : albums[a]) {
      if (done[a].groups.empty()) grouping.groups.push_back(alone(index, tracks, problems));
    }
    std::ranges::move(done[a].groups, std::back_inserter(grouping.groups));
    std::ranges::move(done[a].warnings, std::back_inserter(grouping.warnings));
  }
  std::ranges::stable_sort(grouping.groups, {}, [](const TrackGroup& group) {
    return std::ranges::min(group.tracks, {}, &GroupedTrack::track).track;
  });
  return grouping;
}

}  // namespace lathe::scheduler
