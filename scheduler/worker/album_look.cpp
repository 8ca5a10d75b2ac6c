#include "scheduler/worker/album_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/audio_file/audio_reader.h"
#include "host/audit/track_join.h"
#include "host/recipe/canonical_json.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/track_source.h"

namespace lathe::scheduler {
namespace {

void add_scope(const v1::Loudness& loudness, AlbumNeed& need) {
  need.side = need.side || loudness.scope() == v1::LOUDNESS_SCOPE_SIDE;
  need.whole = need.whole || loudness.scope() == v1::LOUDNESS_SCOPE_ALBUM ||
               loudness.scope() == v1::LOUDNESS_SCOPE_LOUDEST_TRACK;
}

// Whether the file's container or encoding shows in an output, for the recipe does not say it.
bool is_like_input(const v1::Recipe& recipe) {
  return recipe.outputs().empty() ||
         std::ranges::any_of(recipe.outputs(), [](const v1::Output& output) { return !output.has_format(); });
}

// All that a track is made by.
std::string text_of(v1::Recipe recipe) {
  recipe.mutable_input()->clear_contiguous();
  return canonical_json(recipe);
}

}  // namespace

AlbumNeed& AlbumNeed::operator|=(const AlbumNeed& other) {
  joins = joins || other.joins;
  whole = whole || other.whole;
  side = side || other.side;
  side_file = side_file || other.side_file;
  is_published_whole = is_published_whole || other.is_published_whole;
  return *this;
}

AlbumNeed need_of(const v1::Recipe& recipe) {
  AlbumNeed need;
  need.joins = recipe.input().contiguous() != v1::CONTIGUOUS_NEVER;
  need.is_published_whole = recipe.publish() == v1::PUBLISH_ALBUM;
  need.whole = need.is_published_whole;
  if (recipe.has_loudness()) add_scope(recipe.loudness(), need);
  for (const v1::Output& output : recipe.outputs()) {
    if (output.has_loudness()) add_scope(output.loudness(), need);
    need.side_file = need.side_file || output.per() == v1::OUTPUT_PER_SIDE;
  }
  return need;
}

std::string none_without_it(const AlbumNeed& need, std::size_t tracks) {
  const std::string why = need.whole && need.is_published_whole ? "the recipe publishes an album as one"
                          : need.whole                          ? "the album's tracks share a gain, another without it"
                          : need.side                           ? "the side's tracks share a gain, another without it"
                          : need.side_file                      ? "the side's tracks are one file"
                                                                : "the tracks run into each other and are one stream";
  return fmt::format("{}: none of these {} tracks is mastered", why, tracks);
}

bool may_need_albums(const v1::Recipe& recipe) {
  const AlbumNeed need = need_of(recipe);
  return need.joins || need.whole || need.side || need.side_file || recipe.overrides_size() > 0;
}

TrackLooker::TrackLooker(const RecipeSource& recipe)
    : recipe_(recipe), base_(recipe.effective().recipe), need_of_base_(need_of(base_)) {}

TrackLook TrackLooker::look_at(const ScannedTrack& track) const {
  TrackLook look;
  look.need = need_of_base_;
  look.place = place_of(track, {});
  try {
    AudioReader reader(track.input, Md5::compared, Reading::header);
    const AudioFormat& format = reader.format();
    const TrackSource source = source_of(track, reader);
    look.place = place_of(track, source.tags);
    look.contiguous = base_.input().contiguous();
    bool shows_container = false;
    if (base_.overrides_size() > 0) {
      const v1::Recipe own = recipe_for_track(recipe_, track.input, source.tags).recipe;
      look.need = need_of(own);
      look.contiguous = own.input().contiguous();
      look.recipe = text_of(own);
      shows_container = is_like_input(own);
    } else {
      shows_container = is_like_input(base_);
    }
    look.format =
        fmt::format("{} {} {} {} {} {}", static_cast<int>(format.encoding), format.sample_rate_hz, format.channels,
                    format.channel_mask, format.speakers, shows_container ? extension_for(format.container) : "");
    if (look.contiguous == v1::CONTIGUOUS_AUTO) look.head_sounds = head_sounds(read_head(reader, kHeadFrames));
    look.is_readable = true;
  } catch (const std::exception&) {
    // Its own task says what is wrong with it.
    look.is_readable = false;
  }
  return look;
}

}  // namespace lathe::scheduler
