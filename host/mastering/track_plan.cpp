// What a track's masters would be, without making them: TrackRun up to the gain.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "host/mastering/gain_verdict.h"
#include "host/mastering/track_run.h"
#include "kernels/math/decibel.h"

namespace lathe {

PlannedTrack TrackRun::plan() {
  writes_ = false;
  analyse();
  const std::size_t tracks = source_.tracks().size();
  std::vector<PlannedTrack> planned(tracks);
  std::map<std::size_t, std::pair<AudioFormat, std::optional<GainForecast>>> outputs;
  std::map<std::size_t, std::string> output_reasons;
  for (const Rendition& rendition : renditions_) {
    solve_gain(rendition);
    report_gain(rendition);
    const GainForecast all = forecast(rendition);
    Measurement after;
    after.figures.integrated_lufs = all.expected_lufs;
    after.is_measurable = std::isfinite(all.expected_lufs);
    if (!after.is_measurable) after.reason = report_.before.reason.empty() ? "silence" : report_.before.reason;
    const std::string reason = reason_for(rendition.goal, plan_, after);
    for (const std::size_t index : rendition.outputs) {
      outputs.emplace(index, std::pair(rendition.format, is_stem(index) ? std::nullopt : std::optional(all)));
      output_reasons[index] = reason;
    }
    if (reason.empty()) continue;
    for (std::string& of : reasons_) {
      if (!of.empty()) of += "; ";
      if (renditions_.size() > 1) of += "output " + job_.outputs[rendition.outputs.front()].id + ": ";
      of += reason;
    }
  }
  for (std::size_t i = 0; i < job_.outputs.size(); ++i) {
    if (job_.outputs[i].removed_by) outputs.emplace(i, std::pair(track_format_, std::nullopt));
  }
  for (std::size_t piece = 0; piece < tracks; ++piece) {
    planned[piece].report = report_of_piece(piece);
    std::vector<OutputChecks> checks;
    for (std::size_t i = 0; i < job_.outputs.size(); ++i) checks.push_back(output_of(piece, i).checks);
    if (const std::string note = checks_not_made(checks); !note.empty()) planned[piece].report.notes.push_back(note);
    for (const auto& [index, output] : outputs) {
      const OutputSpec& spec = output_of(piece, index);
      AudioFormat format = format_of(spec, output.first);
      const std::vector<std::int64_t> ends = ends_at(format.sample_rate_hz);
      format.frames = ends[piece] - (piece == 0 ? 0 : ends[piece - 1]);
      if (spec.preview_s > 0) format.frames = preview_of(piece, spec, format.sample_rate_hz).frames();
      OutputReport report = output_described(spec, format);
      report.bytes = format.frames * frame_bytes(format);
      if (output.second) {
        const GainGoal& goal = spec.goal ? *spec.goal : job_.chain.goal;
        if (spec.preview_s == 0) report.asked_lufs = goal.target_lufs;
        if (goal.limit) report.asked_dbtp = goal.limit->ceiling_dbtp;
        report.reason = output_reasons[index];
      }
      planned[piece].report.outputs.push_back(std::move(report));
      planned[piece].forecasts.push_back(output.second);
    }
  }
  PlannedTrack first = std::move(planned.front());
  first.report.busy = watch_.total();
  first.joined.assign(std::make_move_iterator(planned.begin() + 1), std::make_move_iterator(planned.end()));
  return first;
}

GainForecast TrackRun::forecast(const Rendition& rendition) const {
  GainForecast all;
  all.gain_db = amplitude_to_db(plan_.gain);
  all.max_gain_reduction_db = plan_.max_gain_reduction_db;
  all.limited_share = plan_.limited_share;
  all.expected_lufs = solver_ ? plan_.expected_lufs : report_.before.figures.integrated_lufs;
  const bool is_limited = curve() != nullptr && !curve()->spans().empty();
  if (!is_limited && !is_changed_ && rendition.format.sample_rate_hz == in_.sample_rate_hz) {
    all.expected_dbtp = report_.before.figures.true_peak_dbtp + all.gain_db;
  } else if (solver_ && solver_->expected_true_peak(part_)) {
    all.expected_dbtp = amplitude_to_db(*solver_->expected_true_peak(part_));
  }
  return all;
}

}  // namespace lathe
