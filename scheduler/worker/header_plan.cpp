#include "scheduler/worker/header_plan.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/audio_writer.h"
#include "host/mastering/output_writer.h"
#include "host/mastering/recipe_chain.h"
#include "host/mastering/rendition.h"
#include "host/mastering/track_analysis.h"

namespace lathe::scheduler {

PlannedTrack planned_by_header(const TrackJob& job, const AudioFormat& format) {
  PlannedTrack planned;
  TrackReport& report = planned.report;
  report.input = job.input;
  report.input_format = format_text(format);
  report.frames = format.frames;
  report.sample_rate_hz = format.sample_rate_hz;
  report.channels = format.channels;
  report.before.reason = "not measured";
  const AudioFormat track = chain_format(job.chain, format);
  std::map<std::size_t, AudioFormat> formats;
  for (const Rendition& rendition : renditions_of(job.chain, job.outputs, track)) {
    for (const std::size_t index : rendition.outputs) formats[index] = rendition.format;
  }
  for (std::size_t i = 0; i < job.outputs.size(); ++i) {
    const auto found = formats.find(i);
    AudioFormat written = format_of(job.outputs[i], found == formats.end() ? track : found->second);
    if (const double seconds = job.outputs[i].preview_s; seconds > 0)
      written.frames =
          std::min(written.frames, static_cast<std::int64_t>(std::llround(seconds * written.sample_rate_hz)));
    if (const std::string why = unwritable_reason(written); !why.empty())
      throw AudioFileError(AudioFileError::Fault::unsupported, job.outputs[i].path, why);
    OutputReport output = output_described(job.outputs[i], written);
    output.bytes = written.frames * frame_bytes(written);
    const GainGoal& goal = job.outputs[i].goal ? *job.outputs[i].goal : job.chain.goal;
    if (!output.stem) output.asked_lufs = goal.target_lufs;
    if (goal.limit && !output.stem) output.asked_dbtp = goal.limit->ceiling_dbtp;
    if (job.outputs[i].per_side) output.side = job.side;
    report.outputs.push_back(std::move(output));
    planned.forecasts.emplace_back();
  }
  std::vector<OutputChecks> checks;
  for (const OutputSpec& output : job.outputs) checks.push_back(output.checks);
  if (const std::string note = checks_not_made(checks); !note.empty()) report.notes.push_back(note);
  std::ranges::move(path_notes(job.outputs), std::back_inserter(report.notes));
  if (const OutputReport* leading = leading_output(report)) {
    report.asked_lufs = leading->asked_lufs;
    report.asked_dbtp = leading->asked_dbtp;
  }
  return planned;
}

}  // namespace lathe::scheduler
