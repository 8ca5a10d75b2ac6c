#include "tests/bench/gpu_check_parity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "kernels/math/decibel.h"
#include "tests/support/comparison.h"

namespace lathe::bench {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// A maximum that NaN wins.
void raise(double& worst, double value) {
  if (!(value <= worst)) worst = std::isnan(value) ? kInfinite : value;
}

void compare_samples(Distance& worst, const JobResult& got, const JobResult& want) {
  if (got.samples.size() != want.samples.size()) raise(worst.rms_dbfs, kInfinite);
  for (std::size_t c = 0; c < std::min(got.samples.size(), want.samples.size()); ++c) {
    const std::vector<float>&x = got.samples[c], &y = want.samples[c];
    raise(worst.peak_dbfs, amplitude_to_db(test::worst_difference(x, y)));
    double power = 0;
    for (std::size_t n = 0; n < std::min(x.size(), y.size()); ++n) {
      const double off = static_cast<double>(x[n]) - static_cast<double>(y[n]);
      power += off * off;
    }
    if (!std::isfinite(power)) power = kInfinite;  // the level of NaN would be that of silence
    if (!y.empty()) raise(worst.rms_dbfs, power_to_db(power / static_cast<double>(y.size())));
  }
}

// Levels of nothing are minus infinity on both sides.
void compare_level(Distance& worst, double got, double want) {
  if (got != want) raise(worst.loudness_lu, std::abs(got - want));
}

void compare_peak(Distance& worst, double got, double want) {
  if (got != want) raise(worst.peaks, std::abs(got - want) / want);
}

void compare(Distance& worst, const LoudnessReading& got, const LoudnessReading& want) {
  compare_level(worst, got.figures.integrated_lufs, want.figures.integrated_lufs);
  compare_level(worst, got.figures.loudness_range_lu, want.figures.loudness_range_lu);
  compare_level(worst, got.figures.max_momentary_lufs, want.figures.max_momentary_lufs);
  compare_level(worst, got.figures.max_short_term_lufs, want.figures.max_short_term_lufs);
  compare_peak(worst, got.true_peak, want.true_peak);
  compare_peak(worst, got.sample_peak, want.sample_peak);
  raise(worst.hops_db, test::residual_db(got.hops.energy, want.hops.energy));
  raise(worst.trace_db, test::residual_db(got.trace.sample_peak, want.trace.sample_peak));
  raise(worst.trace_db, test::residual_db(got.trace.bend, want.trace.bend));
  raise(worst.trace_db, test::residual_db(got.trace.power, want.trace.power));
}

std::string text_of(const Distance& worst) {
  return fmt::format("{:.0f} dBFS RMS, {:.0f} peak; {:.1g} LU; peaks {:.1g}; hops {:.0f} dB, trace {:.0f}{}",
                     worst.rms_dbfs, worst.peak_dbfs, worst.loudness_lu, worst.peaks, worst.hops_db, worst.trace_db,
                     worst.has_other_damage ? "; other damage found" : "");
}

}  // namespace

Distance distance(const JobResult& got, const JobResult& want) {
  Distance worst;
  compare_samples(worst, got, want);
  compare(worst, got.found.before, want.found.before);
  if (got.found.staged.has_value() != want.found.staged.has_value()) {
    raise(worst.loudness_lu, kInfinite);
  } else if (want.found.staged) {
    compare(worst, *got.found.staged, *want.found.staged);
  }
  const NonFinite &bad = got.found.non_finite, &other = want.found.non_finite;
  worst.has_other_damage = bad.count != other.count || bad.first_frame != other.first_frame;
  return worst;
}

void check_parity(Findings& findings, const std::vector<Job>& jobs, const MakePass& make_pass) {
  const std::string limit = "-120 dBFS RMS, -100 peak; 1e-4 LU; peaks 1e-5; hops -100 dB, trace -90";
  for (const Job& job : jobs) {
    const std::string name = "parity with the CPU: " + job.name;
    try {
      const JobResult want = run(job, cpu::make_first_pass, 16384);
      const Distance worst = distance(run(job, make_pass, 100'000), want);
      findings.check(name, worst.is_small(), text_of(worst), limit);
    } catch (const std::exception& error) {
      findings.check(name, false, error.what(), limit);
    }
  }
}

}  // namespace lathe::bench
