// What a track's masters would be, without making them: TrackRun up to the gain.
#include <fmt/format.h>

#include <cmath>

#include "host/mastering/track_run.h"
#include "kernels/math/decibel.h"

namespace lathe {

PlannedTrack TrackRun::plan() {
  writes_ = false;
  describe_input();
  analyse();
  PlannedTrack planned;
  std::map<std::size_t, std::pair<OutputReport, std::optional<GainForecast>>> outputs;
  for (const Rendition& rendition : renditions_) {
    solve_gain(rendition);
    report_gain(rendition);
    const GainForecast all = forecast(rendition);
    Measurement after;
    after.figures.integrated_lufs = all.expected_lufs;
    after.is_measurable = std::isfinite(all.expected_lufs);
    if (!after.is_measurable) after.reason = report_.before.reason.empty() ? "silence" : report_.before.reason;
    const std::string reason = reason_of(rendition.goal, after);
    for (const std::size_t index : rendition.outputs) {
      OutputReport output = output_described(job_.outputs[index], format_of(job_.outputs[index], rendition.format));
      output.asked_lufs = rendition.goal.target_lufs;
      if (rendition.goal.limit) output.asked_dbtp = rendition.goal.limit->ceiling_dbtp;
      output.reason = reason;
      outputs.emplace(index, std::pair(std::move(output), all));
    }
    if (reason.empty()) continue;
    if (!report_.reason.empty()) report_.reason += "; ";
    if (renditions_.size() > 1) report_.reason += "output " + job_.outputs[rendition.outputs.front()].id + ": ";
    report_.reason += reason;
  }
  for (std::size_t i = 0; i < job_.outputs.size(); ++i) {
    if (job_.outputs[i].removed_by)
      outputs.emplace(
          i, std::pair(output_described(job_.outputs[i], format_of(job_.outputs[i], track_format_)), std::nullopt));
  }
  for (auto& [index, output] : outputs) {
    const AudioFormat format = format_of(job_.outputs[index], track_format_);
    output.first.bytes = output.first.frames * frame_bytes(format);
    report_.outputs.push_back(std::move(output.first));
    planned.forecasts.push_back(output.second);
  }
  finish_report();
  planned.report = std::move(report_);
  return planned;
}

GainForecast TrackRun::forecast(const Rendition& rendition) const {
  GainForecast all;
  all.gain_db = amplitude_to_db(plan_.gain);
  all.max_gain_reduction_db = plan_.max_gain_reduction_db;
  all.limited_share = plan_.limited_share;
  all.expected_lufs = solver_ ? plan_.expected_lufs : report_.before.figures.integrated_lufs;
  const bool is_limited = solver_ && solver_->curve() != nullptr && !solver_->curve()->spans().empty();
  if (!is_limited && !is_changed_ && rendition.format.sample_rate_hz == in_.sample_rate_hz) {
    all.expected_dbtp = report_.before.figures.true_peak_dbtp + all.gain_db;
  } else if (solver_ && solver_->expected_true_peak()) {
    all.expected_dbtp = amplitude_to_db(*solver_->expected_true_peak());
  }
  return all;
}

}  // namespace lathe
