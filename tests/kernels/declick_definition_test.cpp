// Declick and decrackle, from samples to mended samples, against their definition in double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "kernels/cuda/accelerator.h"
#include "kernels/restoration/declick.h"
#include "kernels/restoration/decrackle.h"
#include "kernels/restoration/device_impulse_scan.h"
#include "kernels/restoration/impulse_remover.h"
#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/declick_oracle.h"
#include "tests/support/impulse_run.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::OracleImpulse;
using test::Random;
using test::Signal;
using test::TestBackend;

struct Backend {
  block::CpuLauncher launcher;
  std::unique_ptr<cuda::Accelerator> accelerator;

  std::unique_ptr<ImpulseScanner> scanner(TestBackend backend, const ImpulseDesign& design, int channels) {
    if (backend == TestBackend::cpu) return cpu::make_impulse_scanner(design, channels);
    if (backend == TestBackend::block)
      return std::make_unique<DeviceImpulseScan<block::CpuLauncher>>(launcher, design, channels);
    accelerator = cuda::open_accelerator(true);
    return cuda::make_impulse_scanner(*accelerator, design, channels);
  }
};

FloatTrack damaged(Random& random, const RestorationFormat& format, std::int64_t frames, int clicks, double crackle) {
  std::vector<Signal> rows;
  const Signal both = test::programme(random, format.sample_rate_hz, frames);
  for (int c = 0; c < format.channels; ++c) {
    rows.push_back(test::programme(random, format.sample_rate_hz, frames));
    for (std::size_t n = 0; n < rows.back().size(); ++n) rows.back()[n] = 0.4 * rows.back()[n] + 0.6 * both[n];
  }
  test::add_clicks(random, clicks, rows);
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(crackle * static_cast<double>(frames)); ++i) {
    Signal& row = rows[static_cast<std::size_t>(random.integer(0, format.channels - 1))];
    const std::int64_t at = random.integer(2000, frames - 2000), length = random.integer(1, 6);
    for (std::int64_t n = 0; n < length; ++n) row[static_cast<std::size_t>(at + n)] += 0.06 * random.normal();
  }
  return FloatTrack(rows);
}

class ImpulseDefinitionTest : public test::BackendTest {
 protected:
  // How much the mended samples differ from the definition's, and how many repairs only one of them made.
  struct Comparison {
    int both = 0, only_one = 0;
    double residual_db = 0;
  };

  Comparison compare(const RemoverDesign& design, const RestorationFormat& format, const FloatTrack& track) {
    std::vector<Signal> rows;
    for (int c = 0; c < track.channels(); ++c) rows.push_back(track.signal(c));
    const std::vector<OracleImpulse> found = test::oracle_impulses(rows, design.scan);
    const double needed =
        test::oracle_needed(found, design, 0.5, static_cast<double>(track.frames()) / format.sample_rate_hz / 60);
    const std::vector<Signal> want = test::oracle_mended(rows, found, needed, design);
    Backend device;
    ImpulseRemover remover(design, format, device.scanner(backend(), design.scan, format.channels));
    const test::RestorerRun run = test::run_restorer(remover, track);
    Comparison comparison;
    std::vector<double> mended, defined;
    for (const OracleImpulse& i : found) {
      if (i.evidence < needed) continue;
      const bool is_both = std::ranges::any_of(run.result.repairs, [&](const Repair& r) {
        return r.first_frame == i.first_frame && r.frames == i.frames && r.channel == i.channel;
      });
      if (!is_both) {
        ++comparison.only_one;
        continue;
      }
      ++comparison.both;
      for (std::int64_t n = i.first_frame; n < std::min(i.first_frame + i.frames, track.frames()); ++n) {
        mended.push_back(static_cast<double>(run.out.channel(i.channel)[static_cast<std::size_t>(n)]));
        defined.push_back(want[static_cast<std::size_t>(i.channel)][static_cast<std::size_t>(n)]);
      }
    }
    comparison.only_one += static_cast<int>(run.result.repairs.size()) - comparison.both;
    comparison.residual_db = test::residual_db(mended, defined);
    return comparison;
  }
};

TEST_P(ImpulseDefinitionTest, MendsWhatTheDefinitionMends) {
  struct MendedKind {
    RestorationFormat format;
    Tier tier;
    std::uint64_t seed;
  };
  for (const MendedKind& c : {MendedKind{{44100, 2}, Tier::best, 61}, MendedKind{{44100, 1}, Tier::fast, 62},
                              MendedKind{{96000, 1}, Tier::best, 63}}) {
    Random random = test::seeded(c.seed);
    const FloatTrack track = damaged(random, c.format, 28000, 8, 0.001);
    for (const RemoverDesign& design :
         {declick_design({{0.5, c.tier, true}}, c.format), decrackle_design({{0.5, c.tier, true}}, c.format)}) {
      const Comparison comparison = compare(design, c.format, track);
      std::printf("%s %g Hz: %d repairs alike, %d not, %.1f dB\n", design.name.data(), c.format.sample_rate_hz,
                  comparison.both, comparison.only_one, comparison.residual_db);
      EXPECT_GE(comparison.both, 6);
      EXPECT_EQ(comparison.only_one, 0);
      EXPECT_LT(comparison.residual_db, -100);
    }
  }
}

LATHE_INSTANTIATE_BACKENDS(ImpulseDefinitionTest);

}  // namespace
}  // namespace lathe
