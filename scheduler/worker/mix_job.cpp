#include "scheduler/worker/mix_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/audio_file/input_file.h"
#include "host/audio_file/metadata/chunk_positions.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/mastering/recipe_stems.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Of the mixdown, for a mix at this rate: cue points and the like count frames. What counts in ways of its own stays
// out.
Metadata metadata_at(int rate_hz, const OpenMix& mix, std::vector<std::string>& notes) {
  if (mix.metadata_rate_hz == 0 || mix.metadata_rate_hz == rate_hz) return mix.metadata;
  Metadata moved = mix.metadata;
  moved.chunks.clear();
  std::vector<std::string> left_out;
  for (MetadataChunk chunk : mix.metadata.chunks) {
    const bool is_of_its_rate = chunk.id == "bext" || chunk.id == "iXML";
    if (is_of_its_rate || !scale_positions(chunk, mix.metadata_rate_hz, rate_hz)) {
      left_out.push_back(chunk_name(chunk));
    } else {
      moved.chunks.push_back(std::move(chunk));
    }
  }
  if (!left_out.empty()) {
    notes.push_back(fmt::format("of the mixdown's metadata {} stays out: it is of {} Hz, and the mix is made at {} Hz",
                                listed(left_out), mix.metadata_rate_hz, rate_hz));
  }
  return moved;
}

}  // namespace

OpenMix open_mix(const std::vector<StemFile>& stems, const fs::path& mixdown, Reading reading) {
  OpenMix mix;
  for (const StemFile& stem : stems) {
    AudioReader& reader = *mix.stems.emplace_back(std::make_shared<AudioReader>(stem.path, Md5::compared, reading));
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
  mix.metadata_rate_hz = whole.format().sample_rate_hz;
  return mix;
}

std::vector<std::string> add_stems(const v1::Recipe& recipe, const OpenMix& mix, const std::vector<StemFile>& files,
                                   const fs::path& mixdown, TrackJob& job) {
  StemPlan plan = stems_of(recipe, files);
  for (std::size_t i = 0; i < plan.stems.size(); ++i) plan.stems[i].reader = mix.stems[i];
  job.stems = std::move(plan.stems);
  job.mixdown = mixdown;
  job.tags = mix.tags;
  std::vector<std::string> notes;
  const v1::KeepOrRate& rate = recipe.input().sample_rate();
  job.metadata = metadata_at(rate.has_rate_hz() ? rate.rate_hz() : mix.format.sample_rate_hz, mix, notes);
  for (const std::string& rule : plan.missing)
    notes.push_back(fmt::format("stem missing: no file of {} falls under {}", job.input.string(), rule));
  if (!plan.unmatched.empty())
    notes.push_back("under no rule of the recipe's stems, and in the mix as they are: " + listed(plan.unmatched));
  return notes;
}

}  // namespace lathe::scheduler
