#include "tests/host/mastering/prepared_track.h"

#include <algorithm>

#include "kernels/loudness/interpolation.h"
#include "tests/support/comparison.h"
#include "tests/support/loudness_oracle.h"
#include "tests/support/true_peak_oracle.h"

namespace lathe::test {

PreparedTrack::PreparedTrack(FloatTrack track, double sample_rate_hz)
    : track_(std::move(track)), rate_(sample_rate_hz), store_(arena_, track_.channels(), track_.frames()) {
  store_.append(track_.view());
}

TrackBefore PreparedTrack::before(bool with_trace) const {
  std::vector<double> weights(static_cast<std::size_t>(track_.channels()), 1.0);
  LoudnessMeter meter({rate_, weights, true, with_trace});
  push(meter, track_, {track_.frames()});
  return {rate_, weights, meter.hops(), meter.trace(), meter.true_peak()};
}

FloatTrack PreparedTrack::limited(double gain, const LimiterCurve* curve) const {
  FloatTrack out(track_.channels(), track_.frames());
  const auto groups = static_cast<std::size_t>((track_.frames() + kPeakGroup - 1) / kPeakGroup);
  const std::vector<float> none(groups + 1, 0.0f);
  for (int c = 0; c < track_.channels(); ++c) {
    apply_limited_gain(track_.view().channel(c), track_.frames(), gain,
                       curve == nullptr ? none.data() : curve->reduction().data(), out.view().channel(c));
  }
  return out;
}

double PreparedTrack::loudness_of(const FloatTrack& track) const {
  std::vector<Signal> channels;
  for (int c = 0; c < track.channels(); ++c) channels.push_back(track.signal(c));
  return integrated_loudness_oracle(channels, std::vector<double>(channels.size(), 1.0), rate_);
}

double true_peak_of(const FloatTrack& track) {
  const TruePeakOracle oracle(16, 128);
  double peak = 0;
  for (int c = 0; c < track.channels(); ++c) peak = std::max(peak, oracle.peak(track.signal(c)));
  return db(peak);
}

FloatTrack beating_tones(Random& random, int channels, std::int64_t frames, double peak) {
  std::vector<Signal> all;
  for (int c = 0; c < channels; ++c) {
    Signal x(static_cast<std::size_t>(frames)), level(x.size());
    const auto add_sine = [&random, frames](Signal& to, double highest) {
      const Signal tone = sine(random.uniform(0, highest), random.uniform(0.2, 1), 1, frames, random.uniform(0, 6.28));
      for (std::size_t n = 0; n < to.size(); ++n) to[n] += tone[n];
    };
    for (int i = 0; i < 12; ++i) add_sine(x, 0.42);
    for (int i = 0; i < 3; ++i) add_sine(level, 0.0004);
    double highest = 1e-9;
    for (std::size_t n = 0; n < x.size(); ++n) {
      x[n] *= 0.2 + std::pow(std::abs(level[n]), 3);
      highest = std::max(highest, std::abs(x[n]));
    }
    for (double& v : x) v *= peak / highest;
    fade(x, std::min<std::int64_t>(frames / 2, 64));
    all.push_back(std::move(x));
  }
  return FloatTrack(all);
}

}  // namespace lathe::test
