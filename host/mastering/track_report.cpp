#include "host/mastering/track_report.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lathe {

Measurement measurement_of(const LoudnessReading& reading, std::int64_t frames, int sample_rate_hz) {
  Measurement m;
  m.figures = reading.figures;
  if (std::isfinite(m.figures.integrated_lufs)) {
    m.is_measurable = true;
  } else if (frames < hop_start(40, sample_rate_hz)) {
    m.reason = "shorter than 400 ms: BS.1770 has no loudness for it";
  } else {
    m.reason = "silence: no 400 ms block is above -70 LUFS";
  }
  return m;
}

void StageReport::add(StageAccount account) {
  figures.insert(figures.end(), account.figures.begin(), account.figures.end());
  for (StageCurve& curve : account.curves) curves.push_back(std::move(curve));
  for (StageList& list : account.lists) lists.push_back(std::move(list));
}

BusySeconds& BusySeconds::operator+=(const BusySeconds& other) {
  decode += other.decode;
  kernels += other.kernels;
  limiter += other.limiter;
  encode += other.encode;
  io += other.io;
  return *this;
}

const OutputReport* leading_output(const TrackReport& report) {
  const auto first = [&report](auto&& is_meant) -> const OutputReport* {
    const auto found = std::ranges::find_if(report.outputs, is_meant);
    return found != report.outputs.end() ? &*found : nullptr;
  };
  const auto is_master = [](const OutputReport& output) {
    return output.is_whole && output.side.empty() && !output.stem;
  };
  if (const OutputReport* master = first(is_master)) return master;
  if (const OutputReport* of_mix = first([](const OutputReport& output) { return !output.stem; })) return of_mix;
  return report.outputs.empty() ? nullptr : &report.outputs.front();
}

}  // namespace lathe
