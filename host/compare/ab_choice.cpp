#include "host/compare/ab_choice.h"

#include <algorithm>
#include <cmath>

#include "kernels/loudness/loudness_meter.h"

namespace lathe {
namespace {

constexpr std::int64_t kStep = 16384;

// Feeds doubles to a meter.
class BlockMeter {
 public:
  BlockMeter(int sample_rate_hz, int channels, bool true_peak, std::int64_t room)
      : floats_(static_cast<std::size_t>(room * channels)),
        room_(room),
        meter_({static_cast<double>(sample_rate_hz), std::vector<double>(static_cast<std::size_t>(channels), 1.0),
                true_peak, false, 0}) {}

  void take(const ComparedBlock& block) {
    const MutableAudioView view{floats_.data(), static_cast<int>(block.channels.size()), block.frames, room_};
    for (int c = 0; c < view.channels; ++c) {
      for (std::int64_t n = 0; n < block.frames; ++n)
        view.channel(c)[n] =
            static_cast<float>(block.channels[static_cast<std::size_t>(c)][static_cast<std::size_t>(n)]);
    }
    meter_.take(view);
  }

  LoudnessReading finish() {
    meter_.finish();
    return meter_.take_reading();
  }

 private:
  AlignedArray<float> floats_;
  std::int64_t room_;
  LoudnessMeter meter_;
};

// `each` gets the blocks of both tracks in step, as long as the shorter one lasts.
template <class Each>
void in_step(ComparedTrack& before, ComparedTrack& after, Each each) {
  before.restart();
  after.restart();
  const std::int64_t frames = std::min(before.frames(), after.frames());
  ComparedBlock x, y;
  for (std::int64_t at = 0; at < frames; at += x.frames) {
    before.read(x, std::min(kStep, frames - at));
    after.read(y, std::min(kStep, frames - at));
    if (x.frames == 0 || x.frames != y.frames) break;
    mend(x);
    mend(y);
    each(x, y);
  }
}

}  // namespace

AbSurvey survey(ComparedTrack& before, ComparedTrack& after) {
  const int rate_hz = before.sample_rate_hz(), channels = before.channels();
  BlockMeter x_meter(rate_hz, channels, false, kStep), y_meter(rate_hz, channels, false, kStep);
  in_step(before, after, [&](const ComparedBlock& x, const ComparedBlock& y) {
    x_meter.take(x);
    y_meter.take(y);
  });
  AbSurvey result;
  result.before_lufs = x_meter.finish().figures.integrated_lufs;
  LoudnessReading reading = y_meter.finish();
  result.after_lufs = reading.figures.integrated_lufs;
  result.after = std::move(reading.hops.energy);
  const double lu = result.before_lufs - result.after_lufs;
  const double gain = std::isfinite(lu) ? std::pow(10.0, lu / 20) : 1.0;
  BlockMeter meter(rate_hz, channels, false, kStep);
  in_step(before, after, [&](const ComparedBlock& x, ComparedBlock& y) {
    for (std::size_t c = 0; c < y.channels.size(); ++c) {
      for (std::size_t n = 0; n < static_cast<std::size_t>(y.frames); ++n)
        y.channels[c][n] = gain * y.channels[c][n] - x.channels[c][n];
    }
    meter.take(y);
  });
  result.difference = std::move(meter.finish().hops.energy);
  return result;
}

std::vector<AbPlace> choose(const AbSurvey& survey, std::int64_t hops, int count) {
  std::vector<AbPlace> places;
  const auto all = static_cast<std::int64_t>(survey.after.size());
  if (all <= hops) {
    places.push_back({0, true});
    return places;
  }
  for (int i = 0; i < count; ++i) {
    const std::vector<double>& energies = i == 0 ? survey.after : survey.difference;
    double sum = 0, most = 0;
    std::int64_t best = -1;
    for (std::int64_t first = 0, end = 0; first + hops <= all; ++first) {
      if (first == 0) {
        for (; end < hops; ++end) sum += energies[static_cast<std::size_t>(end)];
      } else {
        sum += energies[static_cast<std::size_t>(end++)] - energies[static_cast<std::size_t>(first - 1)];
      }
      const bool is_free =
          std::ranges::none_of(places, [&](const AbPlace& place) { return std::abs(place.first_hop - first) < hops; });
      if (!is_free || sum <= most) continue;
      most = sum;
      best = first;
    }
    if (best < 0 && i == 0) best = 0;  // silence: one excerpt all the same, its caller says what it is
    if (best < 0) break;
    places.push_back({best, i == 0});
  }
  return places;
}

AbLevel level_of(const ComparedBlock& block, int sample_rate_hz) {
  BlockMeter meter(sample_rate_hz, static_cast<int>(block.channels.size()), true, block.frames);
  meter.take(block);
  const LoudnessReading reading = meter.finish();
  return {reading.figures.integrated_lufs, reading.figures.true_peak_dbtp};
}

}  // namespace lathe
