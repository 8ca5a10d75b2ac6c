// What holds for every stage, whatever it does: a new stage joins stage_subjects.cpp and is tested here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/gain/gain.h"
#include "kernels/loudness/loudness_meter.h"
#include "tests/kernels/stage_subjects.h"
#include "tests/support/backends.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;
using test::StageSubject;
using test::TestBackend;

FloatTrack noisy_track(test::Random& random, std::int64_t frames) {
  return FloatTrack({test::white_noise(random, 0.3, frames), test::white_noise(random, 0.3, frames)});
}

class EveryStage : public test::BackendTest {
 protected:
  template <class Body>
  void for_each_stage(Body&& body) const {
    for (const StageSubject& stage : test::stages_of(backend())) {
      SCOPED_TRACE(stage.name);
      body(stage);
    }
  }
  // Several blocks of any kernel in the last; block kernels on the CPU launcher are slow.
  std::vector<std::int64_t> sizes() const {
    return {0, 1, 31, 32, 33, 4095, 4096, 4097, backend() == TestBackend::block ? 10000 : 100000};
  }
};

TEST_P(EveryStage, KeepsTheLength) {
  test::Random random = test::seeded(101);
  for_each_stage([&](const StageSubject& stage) {
    for (const std::int64_t frames : sizes()) EXPECT_EQ(stage(noisy_track(random, frames)).frames(), frames);
  });
}

TEST_P(EveryStage, LeavesSilenceSilent) {
  for_each_stage([this](const StageSubject& stage) {
    if (!stage.silence_stays_silent) return;
    test::for_each_level_of(backend(), [&] {
      const FloatTrack out = stage(FloatTrack(2, 20000));
      for (int c = 0; c < 2; ++c) {
        for (const float v : out.channel(c)) ASSERT_EQ(v, 0.0f);
      }
    });
  });
}

TEST_P(EveryStage, GivesTheSameBitsHoweverTheInputIsCut) {
  test::Random random = test::seeded(102);
  for_each_stage([&](const StageSubject& stage) {
    for (const std::int64_t frames : sizes()) {
      const FloatTrack in = noisy_track(random, frames);
      const FloatTrack whole = stage(in);
      for (int i = 0; i < (backend() == TestBackend::block ? 1 : 3); ++i) {
        ASSERT_TRUE(test::same_bits(stage.process(in, test::random_cuts(random, frames, stage.cut_multiple)), whole))
            << frames;
      }
    }
  });
}

TEST_P(EveryStage, GivesTheSameBitsTwice) {
  test::Random random = test::seeded(103);
  const FloatTrack in = noisy_track(random, 30000);
  for_each_stage([&](const StageSubject& stage) { EXPECT_TRUE(test::same_bits(stage(in), stage(in))); });
}

TEST_P(EveryStage, KeepsChannelsApart) {
  test::Random random = test::seeded(104);
  const FloatTrack in = noisy_track(random, 30000);
  for_each_stage([&](const StageSubject& stage) {
    if (!stage.channels_are_independent) return;
    const FloatTrack out = stage(in);
    for (int kept = 0; kept < 2; ++kept) {
      FloatTrack other = in;
      for (float& v : other.channel(1 - kept)) v = static_cast<float>(random.uniform(-1, 1));
      EXPECT_TRUE(test::same_bits(stage(other).channel(kept), out.channel(kept)));
    }
  });
}

TEST_P(EveryStage, StaysFiniteOnExtremeInput) {
  const std::vector<std::pair<const char*, Signal>> extremes = {
      {"full-scale square", test::square(64, 1.0, 20000)},
      {"full-scale square at half the rate", test::square(2, 1.0, 20000)},
      {"full-scale DC", Signal(20000, 1.0)},
      {"20 dB over full scale", test::square(1000, 10.0, 20000)},
      {"denormals", test::square(50, 1e-40, 20000)},
      {"one impulse", test::impulses(20000, {0})},
  };
  for_each_stage([&](const StageSubject& stage) {
    for (const auto& [name, signal] : extremes) {
      SCOPED_TRACE(name);
      test::for_each_level_of(backend(), [&] {
        const FloatTrack out = stage(FloatTrack({signal, signal}));
        for (int c = 0; c < 2; ++c) {
          for (const float v : out.channel(c)) ASSERT_LT(std::abs(v), 100.0f);
        }
      });
    }
  });
}

LATHE_INSTANTIATE_BACKENDS(EveryStage);

TEST(EveryStageOfTheCpu, GivesTheSameBitsOnAvx2AndAvx512) {
  LATHE_NEEDS_AVX512();
  test::Random random = test::seeded(105);
  const FloatTrack in = noisy_track(random, 50001);
  for (const StageSubject& stage : test::stages_of(TestBackend::cpu)) {
    SCOPED_TRACE(stage.name);
    const auto run = [&] { return stage(in); };
    EXPECT_TRUE(test::same_bits(test::at_level(SimdLevel::avx2, run), test::at_level(SimdLevel::avx512, run)));
  }
}

// Frames go in one block at a time; what came out so far may not run ahead of the halo the stage reports.
TEST(EveryPushedStage, HandsOnNoFrameBeforeItsHaloIsIn) {
  class Counter final : public AudioSink {
   public:
    void take(AudioView frames) override { count += frames.frames; }
    void finish() override {}
    std::int64_t count = 0;
  };
  const auto design = std::make_shared<const LinearPhaseEqDesign>(
      std::vector<EqBand>{{BandType::high_pass, 100}, {BandType::bell, 3000, 3, 1}}, 48000.0);
  std::vector<std::unique_ptr<Stage>> stages;
  stages.push_back(cpu::make_gain(2, 2));
  stages.push_back(cpu::make_linear_phase_eq(design, 2));
  EXPECT_EQ(stages[1]->look_ahead_frames(), design->longest_half());
  for (const auto& stage : stages) {
    SCOPED_TRACE(std::string(stage->name()));
    Counter out;
    stage->connect(out);
    const FloatTrack in(2, 100);
    std::int64_t pushed = 0;
    for (; pushed < 50000; pushed += 100) {
      stage->take(in.view());
      ASSERT_LE(out.count, std::max<std::int64_t>(0, pushed + 100 - stage->look_ahead_frames()));
    }
    stage->finish();
    EXPECT_EQ(out.count, pushed);
  }
}

class GainOn : public test::BackendTest {};

TEST_P(GainOn, MultipliesAndRefusesWhatIsNotANumber) {
  const auto gain = [this](double by) { return test::run_steps(backend(), {by}, 48000, FloatTrack({{1, -0.25, 0}})); };
  EXPECT_EQ(gain(-0.5).signal(0), (Signal{-0.5, 0.125, 0}));
  EXPECT_THROW(gain(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  EXPECT_THROW(gain(std::numeric_limits<double>::infinity()), std::invalid_argument);
}

LATHE_INSTANTIATE_BACKENDS(GainOn);

class MeterOn : public test::BackendTest {
 protected:
  // On the CPU the meter alone, pushed as it is cut; elsewhere as a first pass has it.
  LoudnessReading read(const FloatTrack& in, double rate, const std::vector<std::int64_t>& cuts) const {
    const std::vector<double> weights(static_cast<std::size_t>(in.channels()), 1.0);
    if (backend() != TestBackend::cpu) return test::measure(backend(), in, rate, weights, true, cuts);
    LoudnessMeter meter({rate, weights, true, true});
    test::push(meter, in, cuts);
    return meter.take_reading();
  }
};

auto bits_of(const LoudnessReading& reading) {
  return std::tuple(reading.hops.energy, reading.trace.power, reading.trace.sample_peak, reading.trace.bend,
                    reading.true_peak, reading.sample_peak);
}

// The meter is no stage, but what it reads must not depend on the cuts either.
TEST_P(MeterOn, ReadsTheSameBitsHoweverTheInputIsCut) {
  test::Random random = test::seeded(106);
  for (const std::int64_t frames : {0, 1, 31, 32, 33, 4095, 4096, 4097, 8193, 100000}) {
    const FloatTrack in({test::programme(random, 48000, frames), test::programme(random, 48000, frames)});
    const auto whole = bits_of(read(in, 48000, {frames}));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(bits_of(read(in, 48000, test::random_cuts(random, frames))), whole) << frames;
  }
}

// Blocks are measured where they lie: the last ones of a push may end with it, and what lies behind is not the meter's
// (AddressSanitizer sees it). A rising level makes the search look at every stretch.
TEST_P(MeterOn, ReadsNoFurtherThanWhatWasPushed) {
  test::Random random = test::seeded(107);
  for (const double rate : {11025.0, 22050.0, 44100.0}) {
    const auto step = static_cast<std::int64_t>(16 * rate / 100) / 8 * 8;
    for (std::int64_t more = 0; more <= 48; more += 8) {
      Signal x = test::white_noise(random, 0.2, 3 * step + more);
      for (std::size_t n = 0; n < x.size(); ++n) x[n] *= static_cast<double>(n) / static_cast<double>(x.size());
      const FloatTrack in({x, x});
      EXPECT_EQ(bits_of(read(in, rate, {in.frames()})), bits_of(read(in, rate, test::random_cuts(random, in.frames()))))
          << rate << " " << more;
    }
  }
}

TEST_P(MeterOn, StaysANumberOnExtremeInput) {
  for (const Signal& signal : {test::square(64, 1.0, 60000), Signal(60000, 1.0), test::square(50, 1e-40, 60000),
                               test::square(2, 1.0, 60000)}) {
    const LoudnessFigures figures = read(FloatTrack({signal}), 48000, {60000}).figures;
    for (const double level :
         {figures.integrated_lufs, figures.max_momentary_lufs, figures.true_peak_dbtp, figures.loudness_range_lu}) {
      EXPECT_FALSE(std::isnan(level));
      EXPECT_LT(level, 30);
    }
  }
}

LATHE_INSTANTIATE_BACKENDS(MeterOn);

}  // namespace
}  // namespace lathe
