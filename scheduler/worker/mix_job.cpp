#include "scheduler/worker/mix_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/audio_file/input_file.h"
#include "host/mastering/recipe_stems.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

OpenMix open_mix(const std::vector<fs::path>& stems, const fs::path& mixdown, Reading reading) {
  OpenMix mix;
  for (const fs::path& stem : stems) {
    AudioReader& reader = *mix.stems.emplace_back(std::make_shared<AudioReader>(stem, Md5::compared, reading));
    const AudioFormat& format = reader.format();
    if (mix.stems.size() == 1) mix.format = format;
    if (format.channels > mix.format.channels) {
      mix.format.channels = format.channels;
      mix.format.channel_mask = format.channel_mask;
      mix.format.speakers = format.speakers;
    }
    if (bits_per_sample(format.encoding) > bits_per_sample(mix.format.encoding)) {
      mix.format.encoding = format.encoding;
      mix.format.valid_bits = format.valid_bits;
    }
    mix.format.frames = std::max(mix.format.frames, format.frames);
  }
  std::vector<Tags> tags;
  for (const auto& stem : mix.stems) tags.push_back(stem->tags());
  mix.tags = shared_fields(tags);
  if (mixdown.empty()) return mix;
  const AudioReader whole(mixdown, Md5::left_alone, Reading::header);
  mix.tags = whole.tags();
  mix.metadata = whole.metadata();
  return mix;
}

std::vector<std::string> add_stems(const v1::Recipe& recipe, const OpenMix& mix, const fs::path& mixdown,
                                   TrackJob& job) {
  std::vector<fs::path> files;
  for (const auto& stem : mix.stems) files.push_back(stem->file().path());
  StemPlan plan = stems_of(recipe, files);
  for (std::size_t i = 0; i < plan.stems.size(); ++i) plan.stems[i].reader = mix.stems[i];
  job.stems = std::move(plan.stems);
  job.mixdown = mixdown;
  job.tags = mix.tags;
  job.metadata = mix.metadata;
  const v1::KeepOrRate& rate = recipe.input().sample_rate();
  // The mixdown's cue points count frames of the stems' rate.
  if (rate.has_rate_hz() && rate.rate_hz() != mix.format.sample_rate_hz) {
    job.metadata = {};
    job.metadata.pictures = mix.metadata.pictures;
  }
  std::vector<std::string> notes;
  for (const std::string& rule : plan.missing)
    notes.push_back(fmt::format("stem missing: no file of {} falls under {}", job.input.string(), rule));
  if (!plan.unmatched.empty())
    notes.push_back("under no rule of the recipe's stems, and in the mix as they are: " + listed(plan.unmatched));
  return notes;
}

}  // namespace lathe::scheduler
