#include "scheduler/worker/output_names.h"

#include <algorithm>
#include <charconv>

#include "host/audio_file/audio_reader.h"
#include "host/mastering/recipe_chain.h"

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

// Whether names come from templates or differ from track to track, so that places alone say nothing.
bool names_are_free(const v1::Recipe& recipe) {
  return recipe.overrides_size() > 0 ||
         std::any_of(recipe.outputs().begin(), recipe.outputs().end(), [](const auto& o) { return o.has_path(); });
}

}  // namespace

EffectiveRecipe recipe_for_track(const RecipeSource& recipe, const fs::path& input, const Tags& tags) {
  return recipe.effective_for(track_identity(input, tags));
}

std::map<fs::path, std::string> name_clashes(const std::vector<ScannedTrack>& tracks, const RecipeSource& recipe,
                                             const fs::path& out_dir) {
  std::map<fs::path, int> at_place;
  for (const ScannedTrack& track : tracks) ++at_place[track.relative];
  const bool look_at_all = names_are_free(recipe.effective().recipe);
  std::map<fs::path, fs::path> owner;  // by output
  std::map<fs::path, std::string> clashes;
  for (const ScannedTrack& track : tracks) {
    if (!look_at_all && at_place[track.relative] == 1) continue;
    try {
      const AudioReader reader(track.input);
      const EffectiveRecipe own = recipe_for_track(recipe, track.input, reader.tags());
      const auto outputs = outputs_of(own.recipe, reader.format(), reader.tags(), out_dir, track.relative);
      for (const OutputSpec& output : outputs) {
        const auto found = owner.find(output.path);
        if (found == owner.end()) continue;
        clashes[track.input] =
            track.input + ": its master would be " + output.path.string() + ", which is the master of " +
            found->second.string() +
            "; give the recipe's output a path that tells them apart, or master them into two folders";
      }
      if (clashes.contains(track.input)) continue;
      for (const OutputSpec& output : outputs) owner.emplace(output.path, track.input);
    } catch (const std::exception&) {
      // Its own task says what is wrong with it.
    }
  }
  return clashes;
}

}  // namespace lathe::scheduler
