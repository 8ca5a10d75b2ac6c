// What mastering a track takes in memory, by the chain's own account.
#include <algorithm>

#include "host/mastering/rendition.h"
#include "host/mastering/restore_stage.h"
#include "host/mastering/stem_bus.h"
#include "host/mastering/track_analysis.h"
#include "host/mastering/track_master.h"
#include "kernels/chain/first_pass.h"
#include "kernels/tonal_balance/octave_meter.h"

namespace lathe {
namespace {

// Filters and blocks of one track but for its equalisers, whatever its length: 20 MiB were measured.
constexpr std::int64_t kWorkBytes = 48 << 20;

// Of what is kept in files for each group of frames: 80 MB were measured.
constexpr std::int64_t kTraceWindowBytes = 160 << 20;

// What a restoration stage holds: blocks, tables, transforms; and what it notes of the track between its two looks.
constexpr std::int64_t kRestorationBytes = 64 << 20, kRestorationBytesPerSample = 1;
// Declipping solves systems as long as its frames, and these are as long as the rate is high: 124 MB at 44.1 kHz and
// 340 MB at 192 kHz were measured, eight channels taking 30 MB more than two.
constexpr std::int64_t kDeclipBytesPerHz = 1800;
// An encoder and a decoder beside it: ffmpeg takes 45 to 60 MB.
constexpr std::int64_t kCodecBytes = 128 << 20;

bool declips(const Chain& chain) {
  return std::any_of(chain.stages.begin(), chain.stages.end(), [](const ChainStage& stage) {
    const auto* restoration = std::get_if<RestorationStage>(&stage);
    return restoration != nullptr && std::holds_alternative<DeclipSettings>(restoration->settings);
  });
}

// What one equaliser holds for a track: for each channel a row of what was pushed and two transforms, and its kernels,
// though tracks at one rate share these. With the longest kernel there is, that is 15 MiB a channel at 44.1 kHz and
// 60 MiB at 192 kHz.
std::int64_t equaliser_bytes(const LinearPhaseEqDesign& design, int channels) {
  std::int64_t samples = 0;
  for (const LinearPhaseEqDesign::Pass& pass : design.passes()) {
    const std::int64_t points = pass.first->points();
    samples += channels * (pass.first->hop() + points + 2 * points) +
               (pass.first == pass.second ? 1 : 2) * (pass.first->is_causal() ? 3 * points : points + points / 2);
  }
  if (const BassKernel* bass = design.bass()) {
    const OverlapSaveKernel& low = bass->low();
    const std::int64_t held = (3 * low.half() + 2 * low.hop() + 32) * bass->factor() + 8192;  // bass_runner.h
    samples += channels * (held + low.hop() + 3 * low.points()) + 2 * low.points();
  }
  return 4 * samples;
}

// What the stereo stage holds: two seconds that wait for the guard, its filter, and 64 bytes of every hundredth of a
// second.
std::int64_t stereo_bytes(const StereoDesign& design, std::int64_t frames) {
  std::int64_t samples = 4 * (design.look_ahead_blocks() + 32) * design.block_frames();
  if (const OverlapSaveKernel* side = design.side_kernel())
    samples += 2 * (side->hop() + 3 * side->points()) + 3 * side->points();
  return 4 * samples + 128 * (frames / design.block_frames() + 1);
}

// Of the longest track that has to lie beside another one.
std::int64_t second_place(const Chain& chain, const std::vector<OutputSpec>& outputs, const AudioFormat& track,
                          const AudioFormat& file) {
  std::int64_t frames = chain.keeps_two() ? std::max(track.frames, file.frames) : 0;
  for (const Rendition& rendition : renditions_of(chain, outputs, track)) {
    if (rendition.format.sample_rate_hz != track.sample_rate_hz) frames = std::max(frames, rendition.format.frames);
  }
  return 4 * track.channels * frames;
}

// What the meter of a written file's octaves holds, at the highest rate that is written.
std::int64_t octave_meter_bytes(const std::vector<OutputSpec>& outputs, const AudioFormat& track) {
  int rate_hz = track.sample_rate_hz;
  for (const OutputSpec& output : outputs) rate_hz = std::max(rate_hz, output.sample_rate_hz.value_or(0));
  return outputs.empty() ? 0 : OctaveMeter::bytes(rate_hz, track.channels);
}

// What is kept of each group of 8 frames, 3 bytes a frame: of the track behind the chain, and of one at another rate
// while the first still has outputs to come.
std::int64_t traced_bytes(const Chain& chain, const std::vector<OutputSpec>& outputs, const AudioFormat& track) {
  std::int64_t other = 0;
  for (const Rendition& rendition : renditions_of(chain, outputs, track)) {
    if (rendition.format.sample_rate_hz != track.sample_rate_hz) other = std::max(other, rendition.format.frames);
  }
  return 3 * (track.frames + other);
}

// Of these, what is held while they lie in files (spool_memory.h): a window, and three bits a group.
std::int64_t spooled_trace_bytes(std::int64_t traced) { return std::min(traced, kTraceWindowBytes + traced / 48); }

// Where stems are outputs: one of them behind the bus, at the highest rate it is written at, and the gains that the
// mix got there.
std::int64_t stem_outputs_bytes(const TrackJob& mix, const AudioFormat& bus, EqDesigns& designs) {
  std::int64_t frames = 0;
  for (const Rendition& rendition : renditions_of(mix.chain, mix.outputs, bus)) {
    const bool has_stems =
        std::ranges::any_of(rendition.outputs, [&mix](std::size_t i) { return mix.outputs[i].stem.has_value(); });
    if (has_stems) frames = std::max(frames, rendition.format.frames);
  }
  if (frames == 0) return 0;
  return 4 * bus.channels * frames +
         StemBus::kept_bytes(pass_setup(mix.chain, bus, designs).steps, bus.channels, bus.frames);
}

}  // namespace

MemoryNeed TrackMaster::memory_needed(const Chain& chain, const std::vector<OutputSpec>& outputs,
                                      const AudioFormat& file, Backend backend) {
  const AudioFormat format = chain_format(chain, file);
  // Groups of 8 frames: sample peak, bend, power, true peak and reduction, 4 bytes each; hops of 10 ms beside that are
  // nothing.
  MemoryNeed need;
  const std::int64_t traced = traced_bytes(chain, outputs, format);
  std::int64_t bytes = kWorkBytes + traced + octave_meter_bytes(outputs, format);
  const FirstPassSetup setup = pass_setup(chain, format, designs_);
  if (backend == Backend::cuda) {
    const DevicePassBytes pass = device_pass_bytes(setup);
    bytes += pass.host;
    need.device_bytes = pass.device;
    // One after the other: what a pass or a stage took is free for the next.
    for (const ChainStage& stage : chain.stages) {
      const auto* restoration = std::get_if<RestorationStage>(&stage);
      if (restoration == nullptr) continue;
      const RestorationFormat of{static_cast<double>(format.sample_rate_hz), format.channels};
      need.device_bytes = std::max(need.device_bytes, device_bytes(*restoration, of, format.frames));
    }
  } else {
    for (const ChainStep& step : setup.steps) {
      if (const auto* eq = std::get_if<std::shared_ptr<const LinearPhaseEqDesign>>(&step))
        bytes += equaliser_bytes(**eq, format.channels);
      if (const auto* compressor = std::get_if<std::shared_ptr<const CompressorDesign>>(&step))
        bytes += (*compressor)->bytes(format.channels);
      if (const auto* stereo = std::get_if<std::shared_ptr<const StereoDesign>>(&step))
        bytes += stereo_bytes(**stereo, format.frames);
    }
  }
  const std::int64_t track_bytes = 4 * format.channels * format.frames;
  if (chain.restores()) bytes += kRestorationBytes + kRestorationBytesPerSample * format.channels * format.frames;
  if (declips(chain)) bytes += kDeclipBytesPerHz * format.sample_rate_hz;
  const bool tries_codecs =
      std::ranges::any_of(outputs, [](const OutputSpec& output) { return !output.checks.codecs.empty(); });
  if (tries_codecs) bytes += kCodecBytes;
  need.kept_bytes = bytes + track_bytes + second_place(chain, outputs, format, file);
  need.spooled_bytes = bytes;
  if (backend == Backend::cpu) need.spooled_bytes += spooled_trace_bytes(traced) - traced;
  return need;
}

// All stems stay, each behind its own chain; these are gone through one after the other, and the bus at the end, with
// stems that are outputs.
MemoryNeed TrackMaster::memory_needed(const TrackJob& mix, const std::vector<AudioFormat>& stems) {
  MemoryNeed all;
  std::int64_t kept = 0, work = 0;
  AudioFormat bus = stems.front();
  for (std::size_t i = 0; i < stems.size(); ++i) {
    Chain chain;
    chain.stages = mix.stems[i].stages;
    chain.sample_rate_hz = mix.chain.sample_rate_hz;
    const AudioFormat track = chain_format(chain, stems[i]);
    const MemoryNeed need = memory_needed(chain, {}, stems[i], mix.backend);
    const std::int64_t track_bytes = 4 * track.channels * track.frames;
    kept += track_bytes;
    work = std::max(work, need.kept_bytes - track_bytes);
    all.spooled_bytes = std::max(all.spooled_bytes, need.spooled_bytes);
    all.device_bytes = std::max(all.device_bytes, need.device_bytes);
    bus.channels = std::max(bus.channels, stems[i].channels);
    bus.frames = std::max(bus.frames, track.frames);
    bus.sample_rate_hz = track.sample_rate_hz;
  }
  const MemoryNeed need = memory_needed(mix.chain, mix.outputs, bus, mix.backend);
  all.kept_bytes = kept + std::max(work, need.kept_bytes + stem_outputs_bytes(mix, bus, designs_));
  all.spooled_bytes = std::max(all.spooled_bytes, need.spooled_bytes);
  all.device_bytes = std::max(all.device_bytes, need.device_bytes);
  return all;
}

// Each programme stays with its trace, and with what a rendition at another rate makes of it; all else is taken for one
// after the other.
MemoryNeed TrackMaster::memory_needed(const AlbumJob& album, const std::vector<AudioFormat>& formats) {
  MemoryNeed all;
  std::int64_t work_bytes = 0;
  for (std::size_t i = 0; i < album.programmes.size(); ++i) {
    const TrackJob& job = album.programmes[i];
    const MemoryNeed need = memory_needed(job.chain, job.outputs, formats[i], job.backend);
    const std::int64_t traced = traced_bytes(job.chain, job.outputs, chain_format(job.chain, formats[i]));
    const std::int64_t spooled = job.backend == Backend::cpu ? spooled_trace_bytes(traced) : traced;
    const std::int64_t work = need.spooled_bytes - spooled;
    all.kept_bytes += need.kept_bytes - work;
    all.spooled_bytes += spooled;
    all.device_bytes = std::max(all.device_bytes, need.device_bytes);
    work_bytes = std::max(work_bytes, work);
  }
  all.kept_bytes += work_bytes;
  all.spooled_bytes += work_bytes;
  return all;
}

}  // namespace lathe
