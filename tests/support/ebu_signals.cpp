#include "tests/support/ebu_signals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/convolution_oracle.h"
#include "tests/support/low_pass.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

constexpr double kSilent = -std::numeric_limits<double>::infinity();

struct Segment {
  double level_db;  // per-channel peak, dBFS
  double seconds;
};

double amplitude(double level_db) { return std::pow(10.0, level_db / 20); }

// 1 kHz tones one after another; the phase starts anew in each, as in the EBU's files.
Signal tones(const std::vector<Segment>& segments, double rate) {
  Signal x;
  for (const Segment& s : segments) {
    const Signal tone = sine(1000, amplitude(s.level_db), rate, std::llround(s.seconds * rate));
    x.insert(x.end(), tone.begin(), tone.end());
  }
  return x;
}

std::vector<Segment> repeated(int times, const std::vector<Segment>& segments) {
  std::vector<Segment> all;
  for (int i = 0; i < times; ++i) all.insert(all.end(), segments.begin(), segments.end());
  return all;
}

// Cases 11 and 14: twenty bursts, each 1 dB louder and a little later within its stretch.
std::vector<Segment> rising_bursts(double burst_s, double delay_s) {
  std::vector<Segment> all;
  for (int i = 0; i < 20; ++i) {
    all.insert(all.end(), {{kSilent, i * delay_s}, {-38.0 + i, burst_s}, {kSilent, burst_s - i * delay_s}});
  }
  return all;
}

void linear_fade(Signal& x, std::int64_t frames) {
  for (std::int64_t n = 0; n < frames; ++n) {
    const double w = static_cast<double>(n) / static_cast<double>(frames);
    x[static_cast<std::size_t>(n)] *= w;
    x[x.size() - 1 - static_cast<std::size_t>(n)] *= w;
  }
}

Signal steady_peak(int number, double rate) {
  struct Tone {
    int divisor;
    double amplitude, phase_deg;
  };
  const Tone of_case[] = {{4, 0.5, 0}, {4, 0.5, 45}, {6, 0.5, 60}, {8, 0.5, 67.5}, {4, 1.41, 45}};
  const Tone& tone = of_case[number - 15];
  Signal x = sine(1, tone.amplitude, tone.divisor, std::llround(0.5 * rate), tone.phase_deg * std::numbers::pi / 180);
  linear_fade(x, std::llround(0.010 * rate));
  return x;
}

// fs/6 at 0.5 with one period of fs/4 at 1.0 in it, made at 4 fs, low-passed at 0.98 fs/2 and decimated from `offset`.
Signal one_loud_period(int offset, double rate) {
  const std::int64_t before = std::llround(0.25 * 4 * rate) / 24 * 24;
  Signal x = sine(1, 0.5, 24, before);
  const Signal loud = sine(1, 1.0, 16, 16), after = sine(1, 0.5, 24, before);
  x.insert(x.end(), loud.begin(), loud.end());
  x.insert(x.end(), after.begin(), after.end());
  linear_fade(x, std::llround(0.1 * 4 * rate));
  const Signal low_pass = kaiser_low_pass(512, 0.25 * 0.98 / 2, 9.0);
  Signal y;
  for (std::int64_t n = offset; n < static_cast<std::int64_t>(x.size()); n += 4)
    y.push_back(convolved_at(x, low_pass, n));
  return y;
}

}  // namespace

EbuSignal tech3341(int number, double rate, int file) {
  const auto stereo = [rate](Signal wave) { return EbuSignal{rate, std::move(wave), {1, 1}}; };
  switch (number) {
    case 1:
      return stereo(tones({{-23, 20}}, rate));
    case 2:
      return stereo(tones({{-33, 20}}, rate));
    case 3:
      return stereo(tones({{-36, 10}, {-23, 60}, {-36, 10}}, rate));
    case 4:
      return stereo(tones({{-72, 10}, {-36, 10}, {-23, 60}, {-36, 10}, {-72, 10}}, rate));
    case 5:
      return stereo(tones({{-26, 20}, {-20, 20.1}, {-26, 20}}, rate));
    case 6:
      return {rate,
              tones({{0, 20}}, rate),
              {amplitude(-28), amplitude(-28), amplitude(-24), amplitude(-30), amplitude(-30)}};
    case 9:
      return stereo(tones(repeated(5, {{-20, 1.34}, {-30, 1.66}}), rate));
    case 10:
      return stereo(tones({{kSilent, 0.150 * file}, {-23, 3}, {kSilent, 1}}, rate));
    case 11:
      return stereo(tones(rising_bursts(3.0, 0.150), rate));
    case 12:
      return stereo(tones(repeated(25, {{-20, 0.18}, {-30, 0.22}}), rate));
    case 13:
      return stereo(tones({{kSilent, 0.020 * file}, {-23, 0.4}, {kSilent, 1}}, rate));
    case 14:
      return stereo(tones(rising_bursts(0.4, 0.020), rate));
    default:
      break;
  }
  if (number >= 15 && number <= 19) return stereo(steady_peak(number, rate));
  if (number >= 20 && number <= 23) return stereo(one_loud_period(number - 20, rate));
  throw std::invalid_argument("tech3341: case " + std::to_string(number) + " is not a synthetic signal");
}

EbuSignal tech3342(int number, double rate) {
  switch (number) {
    case 1:
      return {rate, tones({{-20, 20}, {-30, 20}}, rate), {1, 1}};
    case 2:
      return {rate, tones({{-20, 20}, {-15, 20}}, rate), {1, 1}};
    case 3:
      return {rate, tones({{-40, 20}, {-20, 20}}, rate), {1, 1}};
    case 4:
      return {rate, tones({{-50, 20}, {-35, 20}, {-20, 20}, {-35, 20}, {-50, 20}}, rate), {1, 1}};
    default:
      throw std::invalid_argument("tech3342: case " + std::to_string(number) + " is not a synthetic signal");
  }
}

}  // namespace lathe::test
