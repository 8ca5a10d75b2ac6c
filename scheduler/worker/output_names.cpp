#include "scheduler/worker/output_names.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/text_encoding.h"
#include "host/mastering/recipe_chain.h"
#include "host/mastering/track_master.h"
#include "host/recipe/stage_groups.h"
#include "scheduler/worker/album_look.h"
#include "scheduler/worker/album_order.h"
#include "scheduler/worker/side_task.h"
#include "scheduler/worker/track_source.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

int leading_number(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

TrackIdentity track_identity(const fs::path& input, const Tags& tags) {
  TrackIdentity id;
  const std::string name = input.filename().string();
  id.track = leading_number(tags.first("TRACKNUMBER"));
  if (id.track == 0) id.track = leading_number(name);  // "07 Song.wav"
  id.disc = leading_number(tags.first("DISCNUMBER"));
  id.path = input.string();
  id.title = tags.first("TITLE");
  id.isrc = tags.first("ISRC");
  return id;
}

// Whether names come from templates or differ from track to track, or one track's may be another's with more behind it
// ("a.declick-removed.wav"), so that places alone say nothing.
bool names_are_free(const v1::Recipe& recipe) {
  return recipe.overrides_size() > 0 || std::ranges::any_of(recipe.chain(), keeps_removed) ||
         std::ranges::any_of(recipe.outputs(), [](const v1::Output& output) {
           return output.has_path() || output.per() == v1::OUTPUT_PER_SIDE;
         });
}

// Inputs that lie in the output folder, or are linked into it: no master may get their names.
class InputsInTheWay {
 public:
  InputsInTheWay(const std::vector<ScannedTrack>& tracks, const fs::path& out_dir) {
    std::error_code error;
    if (!fs::exists(out_dir, error)) return;
    const fs::path out = fs::weakly_canonical(out_dir);
    std::map<fs::path, bool> lies_in;  // by folder
    for (const ScannedTrack& track : tracks) {
      if (track.stems) {
        for (const std::string& stem : track.stems->stems) look_at(stem, out, lies_in);
      } else {
        look_at(track.input, out, lies_in);
      }
    }
  }
  bool are_there() const { return !inputs_.empty(); }
  // The input that is the file of this name; null if it is none.
  const fs::path* at(const fs::path& path) const {
    struct stat s {};
    if (inputs_.empty() || ::stat(path.c_str(), &s) != 0) return nullptr;
    const auto found = inputs_.find({s.st_dev, s.st_ino});
    return found == inputs_.end() ? nullptr : &found->second;
  }

 private:
  void look_at(const fs::path& path, const fs::path& out, std::map<fs::path, bool>& lies_in) {
    const auto [folder, is_new] = lies_in.try_emplace(path.parent_path(), false);
    if (is_new) {
      const fs::path real = fs::weakly_canonical(folder->first);
      folder->second = std::mismatch(out.begin(), out.end(), real.begin(), real.end()).first == out.end();
    }
    struct stat s {};
    const bool is_linked = ::lstat(path.c_str(), &s) == 0 && (S_ISLNK(s.st_mode) || s.st_nlink > 1);
    if (folder->second || is_linked) remember(path);
  }
  void remember(const fs::path& path) {
    struct stat s {};
    if (::stat(path.c_str(), &s) == 0) inputs_[{s.st_dev, s.st_ino}] = path;
  }
  std::map<std::pair<dev_t, ino_t>, fs::path> inputs_;
};

TrackSource opened_source(const ScannedTrack& track) {
  if (!track.stems) return source_of(track, AudioReader(track.input, Md5::compared, Reading::header));
  OpenMix mix = open_mix(stem_files(track), track.stems->mixdown, Reading::header);
  return source_of(track, mix);
}

}  // namespace

void refuse_names_not_utf8(const TrackJob& job) {
  for (const OutputSpec& output : job.outputs) {
    const std::string name = output.path.lexically_relative(job.out_dir.lexically_normal()).string();
    if (is_utf8(name)) continue;
    throw NameNotUtf8("the master of " + escaped_bytes(job.input.native()) + " would be " + escaped_bytes(name) +
                      ", a name that is not UTF-8: reports and manifests could not tell it from others. Rename the "
                      "file or its folder, or give the recipe's output a `path` made of tags");
  }
}

EffectiveRecipe recipe_for_track(const RecipeSource& recipe, const fs::path& input, const Tags& tags) {
  return recipe.effective_for(track_identity(input, tags));
}

namespace {

// By album, where the recipe, or an override, makes something of sides.
std::map<std::string, AlbumSides> sides_of_albums(const std::vector<ScannedTrack>& tracks, const RecipeSource& recipe) {
  std::map<std::string, AlbumSides> albums;
  const AlbumNeed need = need_of(recipe.effective().recipe);
  if (!need.side && !need.side_file && recipe.effective().recipe.overrides_size() == 0) return albums;
  for (const ScannedTrack& track : tracks) {
    if (track.stems) continue;
    try {
      const AudioReader reader(track.input, Md5::compared, Reading::header);
      const TrackSource source = source_of(track, reader);
      const AlbumNeed own = need_of(recipe_for_track(recipe, track.input, source.tags).recipe);
      if (own.side || own.side_file) albums[track.album].add(place_of(track, source.tags));
    } catch (const std::exception&) {
      // Its own task says what is wrong with it.
    }
  }
  return albums;
}

}  // namespace

std::map<std::string, std::string> name_clashes(const std::vector<ScannedTrack>& tracks, const RecipeSource& recipe,
                                                const fs::path& out_dir) {
  std::map<fs::path, int> at_place;
  for (const ScannedTrack& track : tracks) ++at_place[track.relative];
  const InputsInTheWay inputs(tracks, out_dir);
  const bool look_at_all = names_are_free(recipe.effective().recipe) || inputs.are_there();
  std::map<fs::path, std::string> owner;                // by output
  std::set<std::pair<std::string, std::string>> sides;  // album and output: tracks of one side share it
  std::map<std::string, std::string> clashes;
  const std::map<std::string, AlbumSides> album_sides = sides_of_albums(tracks, recipe);
  for (const ScannedTrack& track : tracks) {
    if (!look_at_all && at_place[track.relative] == 1) continue;
    try {
      const TrackSource source = opened_source(track);
      const EffectiveRecipe own = recipe_for_track(recipe, track.input, source.tags);
      const auto of_album = album_sides.find(track.album);
      const std::string side =
          of_album == album_sides.end() ? std::string() : of_album->second.name_of(place_of(track, source.tags));
      const auto outputs = outputs_of(own.recipe, source.format, naming_tags(source.tags, side), out_dir,
                                      track.relative, source.row, stem_files(track));
      const std::string name = source.part.is_whole() ? track.input : track.input + " (" + source.row + ")";
      std::string clash;
      for (const OutputSpec& output : outputs) {
        if (const fs::path* input = inputs.at(output.path)) {
          clash = "the master of " + name + " would be written onto " + input->string() +
                  ", which is an input of this run; choose another output folder";
        }
        const auto found = owner.find(output.path);
        if (found == owner.end() || (output.per_side && sides.contains({track.album, output.path.string()}))) continue;
        clash = name + ": its master would be " + output.path.string() + ", which is the master of " + found->second +
                "; give the recipe's output a path that tells them apart, or master them into two folders";
      }
      if (!clash.empty()) {
        clashes[track_key(track)] = std::move(clash);
        continue;
      }
      for (const OutputSpec& output : outputs) {
        owner.emplace(output.path, name);
        if (output.per_side) sides.insert({track.album, output.path.string()});
      }
    } catch (const std::exception&) {
      // Its own task says what is wrong with it.
    }
  }
  return clashes;
}

}  // namespace lathe::scheduler
