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
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;
using test::StageSubject;

constexpr std::int64_t kSizes[] = {0, 1, 31, 32, 33, 4095, 4096, 4097, 100000};

FloatTrack noise_track(test::Random& random, std::int64_t frames) {
  return FloatTrack({test::white_noise(random, 0.3, frames), test::white_noise(random, 0.3, frames)});
}

template <class Body>
void for_each_stage(Body&& body) {
  for (const StageSubject& stage : test::all_stages()) {
    SCOPED_TRACE(stage.name);
    body(stage);
  }
}

TEST(EveryStage, KeepsTheLength) {
  test::Random random = test::seeded(101);
  for_each_stage([&](const StageSubject& stage) {
    for (const std::int64_t frames : kSizes) EXPECT_EQ(stage(noise_track(random, frames)).frames(), frames);
  });
}

TEST(EveryStage, LeavesSilenceSilent) {
  for_each_stage([](const StageSubject& stage) {
    if (!stage.silence_stays_silent) return;
    test::for_each_simd_level([&] {
      const FloatTrack out = stage(FloatTrack(2, 20000));
      for (int c = 0; c < 2; ++c) {
        for (const float v : out.channel(c)) ASSERT_EQ(v, 0.0f);
      }
    });
  });
}

TEST(EveryStage, GivesTheSameBitsHoweverTheInputIsCut) {
  test::Random random = test::seeded(102);
  for_each_stage([&](const StageSubject& stage) {
    for (const std::int64_t frames : kSizes) {
      const FloatTrack in = noise_track(random, frames);
      const FloatTrack whole = stage(in);
      for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(test::same_bits(stage.process(in, test::random_cuts(random, frames, stage.cut_multiple)), whole))
            << frames;
      }
    }
  });
}

TEST(EveryStage, GivesTheSameBitsTwice) {
  test::Random random = test::seeded(103);
  const FloatTrack in = noise_track(random, 30000);
  for_each_stage([&](const StageSubject& stage) { EXPECT_TRUE(test::same_bits(stage(in), stage(in))); });
}

TEST(EveryStage, KeepsChannelsApart) {
  test::Random random = test::seeded(104);
  const FloatTrack in = noise_track(random, 30000);
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

TEST(EveryStage, StaysFiniteOnExtremeInput) {
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
      test::for_each_simd_level([&] {
        const FloatTrack out = stage(FloatTrack({signal, signal}));
        for (int c = 0; c < 2; ++c) {
          for (const float v : out.channel(c)) ASSERT_LT(std::abs(v), 100.0f);
        }
      });
    }
  });
}

TEST(EveryStage, GivesTheSameBitsOnAvx2AndAvx512) {
  LATHE_NEEDS_AVX512();
  test::Random random = test::seeded(105);
  const FloatTrack in = noise_track(random, 50001);
  for_each_stage([&](const StageSubject& stage) {
    const auto run = [&] { return stage(in); };
    EXPECT_TRUE(test::same_bits(test::at_level(SimdLevel::avx2, run), test::at_level(SimdLevel::avx512, run)));
  });
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

TEST(Gain, MultipliesAndRefusesWhatIsNotANumber) {
  const FloatTrack out = test::run_stage(*cpu::make_gain(-0.5, 1), FloatTrack({{1, -0.25, 0}}));
  EXPECT_EQ(out.signal(0), (Signal{-0.5, 0.125, 0}));
  EXPECT_THROW(cpu::make_gain(std::numeric_limits<double>::quiet_NaN(), 1), std::invalid_argument);
  EXPECT_THROW(cpu::make_gain(std::numeric_limits<double>::infinity(), 1), std::invalid_argument);
}

// The meter is no stage, but what it reads must not depend on the cuts either.
TEST(Meter, ReadsTheSameBitsHoweverTheInputIsCut) {
  test::Random random = test::seeded(106);
  for (const std::int64_t frames : {0, 1, 31, 32, 33, 4095, 4096, 4097, 8193, 100000}) {
    const FloatTrack in({test::programme(random, 48000, frames), test::programme(random, 48000, frames)});
    const auto read = [&in](const std::vector<std::int64_t>& cuts) {
      LoudnessMeter::Setup setup;
      setup.sample_rate_hz = 48000;
      setup.weights = {1, 1};
      setup.trace = true;
      LoudnessMeter meter(setup);
      test::push(meter, in, cuts);
      return std::tuple(meter.hops().energy, meter.trace().power, meter.trace().sample_peak, meter.true_peak(),
                        meter.sample_peak());
    };
    const auto whole = read({frames});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(read(test::random_cuts(random, frames)), whole) << frames;
  }
}

// Blocks are measured where they lie: the last ones of a push may end with it, and what lies behind is not the meter's
// (AddressSanitizer sees it). A rising level makes the search look at every stretch.
TEST(Meter, ReadsNoFurtherThanWhatWasPushed) {
  test::Random random = test::seeded(107);
  for (const double rate : {11025.0, 22050.0, 44100.0}) {
    const auto step = static_cast<std::int64_t>(16 * rate / 100) / 8 * 8;
    for (std::int64_t more = 0; more <= 48; more += 8) {
      Signal x = test::white_noise(random, 0.2, 3 * step + more);
      for (std::size_t n = 0; n < x.size(); ++n) x[n] *= static_cast<double>(n) / static_cast<double>(x.size());
      const FloatTrack in({x, x});
      const auto read = [&in, rate](const std::vector<std::int64_t>& cuts) {
        LoudnessMeter::Setup setup;
        setup.sample_rate_hz = rate;
        setup.weights = {1, 1};
        setup.trace = true;
        LoudnessMeter meter(setup);
        test::push(meter, in, cuts);
        return std::tuple(meter.hops().energy, meter.trace().bend, meter.true_peak());
      };
      EXPECT_EQ(read({in.frames()}), read(test::random_cuts(random, in.frames()))) << rate << " " << more;
    }
  }
}

TEST(Meter, StaysANumberOnExtremeInput) {
  for (const Signal& signal : {test::square(64, 1.0, 60000), Signal(60000, 1.0), test::square(50, 1e-40, 60000),
                               test::square(2, 1.0, 60000)}) {
    LoudnessMeter::Setup setup;
    setup.sample_rate_hz = 48000;
    setup.weights = {1};
    LoudnessMeter meter(setup);
    const FloatTrack in({signal});
    test::push(meter, in, {in.frames()});
    const LoudnessFigures figures = meter.figures();
    for (const double level :
         {figures.integrated_lufs, figures.max_momentary_lufs, figures.true_peak_dbtp, figures.loudness_range_lu}) {
      EXPECT_FALSE(std::isnan(level));
      EXPECT_LT(level, 30);
    }
  }
}

}  // namespace
}  // namespace lathe
