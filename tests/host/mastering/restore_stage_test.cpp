// One restoration stage over a kept track, with a stage that does what the test tells it to.
#include "host/mastering/restore_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/signals.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kTransferRate = 44100;

// Zeroes `length` frames at every multiple of `distance` and, above `worst_strength`, ruins the track.
class ToldRestorer final : public Restorer {
 public:
  bool is_found = true;
  std::int64_t distance = 10'000, length = 10;
  double worst_strength = 1;
  std::vector<double> strengths;  // it was asked for

  std::string_view name() const override { return "declick"; }
  Finding examine(TrackReader&) override { return {is_found, is_found ? 0.9 : 0.1, {{"clicks_per_minute", 12}}}; }
  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override {
    strengths.push_back(strength);
    RestorationResult result;
    const AudioView in = track.read(0, track.frames());
    FloatTrack made(in.channels, in.frames);
    for (int c = 0; c < in.channels; ++c) std::copy_n(in.channel(c), in.frames, made.channel(c).begin());
    for (std::int64_t at = 0; at + length <= in.frames; at += distance) {
      std::fill_n(made.channel(0).begin() + at, length, 0.0f);
      result.repairs.push_back({at, length, 0});
    }
    if (strength > worst_strength) made.channel(0)[5000] = std::numeric_limits<float>::quiet_NaN();
    out.take(made.view());
    out.finish();
    result.figures = {{"repairs", static_cast<double>(result.repairs.size())}};
    return result;
  }
};

class RestoreStage : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random = seeded(811);
    stores_.begin().append(FloatTrack({white_noise(random, 0.1, 60'000), white_noise(random, 0.1, 60'000)}).view());
    stores_.flip();
  }

  RestoredStage run() {
    return restore_stage(restorer_, stage_, stores_, kTransferRate, [this] { ++ticks_; });
  }

  FrameArena first_, second_;
  StorePair stores_{first_, second_, {}, 2, 60'000};
  ToldRestorer restorer_;
  RestorationStage stage_{DeclickSettings{}, false, {}};
  int ticks_ = 0;
};

TEST_F(RestoreStage, WhereNothingIsFoundNothingIsMade) {
  restorer_.is_found = false;
  const RestoredStage done = run();
  EXPECT_FALSE(done.is_changed);
  EXPECT_FALSE(done.report.restoration->acted);
  EXPECT_EQ(done.report.restoration->finding.confidence, 0.1);
  EXPECT_THAT(restorer_.strengths, IsEmpty());
}

TEST_F(RestoreStage, AlwaysActsWithoutAFinding) {
  restorer_.is_found = false;
  std::get<DeclickSettings>(stage_.settings).common.always = true;
  EXPECT_TRUE(run().is_changed);
}

TEST_F(RestoreStage, CountsWhatItChangedAndSaysWhere) {
  const RestoredStage done = run();
  ASSERT_TRUE(done.is_changed);
  const RestorationReport& report = *done.report.restoration;
  EXPECT_TRUE(report.acted);
  EXPECT_THAT(report.backed_off, IsEmpty());
  EXPECT_EQ(report.repairs.size(), 6u);
  EXPECT_EQ(report.repairs[1].first_frame, 10'000);
  EXPECT_EQ(report.repairs_not_listed, 0);
  EXPECT_GT(report.cost, 0);
  EXPECT_GT(ticks_, 0) << "nobody could cancel it";
  const auto figure = [&](std::string_view name) {
    for (const auto& [key, value] : done.report.figures) {
      if (key == name) return value;
    }
    return -1.0;
  };
  EXPECT_EQ(figure("repairs"), 6);
  EXPECT_EQ(figure("samples_changed"), 60);
  EXPECT_EQ(stores_.made().read(10'000, 1).channel(0)[0], 0);
  EXPECT_NE(stores_.held().read(10'000, 1).channel(0)[0], 0) << "the track before is still there";
}

TEST_F(RestoreStage, BacksOffWhereTheResultIsNoNumberAndSaysSo) {
  restorer_.worst_strength = 0.2;
  const RestoredStage done = run();
  EXPECT_THAT(restorer_.strengths, ::testing::ElementsAre(0.5, 0.25, 0.125));
  ASSERT_TRUE(done.is_changed);
  EXPECT_EQ(done.report.restoration->strength, 0.125);
  EXPECT_EQ(done.report.restoration->asked_strength, 0.5);
  EXPECT_THAT(done.report.restoration->backed_off, HasSubstr("0.25"));
}

TEST_F(RestoreStage, LeavesTheTrackAloneWhereNothingHelps) {
  restorer_.worst_strength = 0;
  const RestoredStage done = run();
  EXPECT_FALSE(done.is_changed);
  EXPECT_FALSE(done.report.restoration->acted);
  EXPECT_EQ(done.report.restoration->strength, 0);
  EXPECT_THAT(done.report.restoration->backed_off, HasSubstr("left out"));
}

TEST_F(RestoreStage, ListsAThousandRepairsAndCountsTheOthers) {
  restorer_.distance = 20;
  restorer_.length = 1;  // of much more the guard would say that the level changed
  const RestoredStage done = run();
  EXPECT_EQ(done.report.restoration->repairs.size(), 1000u);
  EXPECT_EQ(done.report.restoration->repairs_not_listed, 2000);
}

TEST_F(RestoreStage, DcAndDropoutsAreReported) {
  FrameStore& store = stores_.begin();
  Random random = seeded(812);
  Signal x = white_noise(random, 0.2, 60'000);
  for (double& v : x) v += 0.01;
  std::fill_n(x.begin() + 30'000, 441, 0.0);
  store.append(FloatTrack({x, x}).view());
  const std::vector<Fault> faults = other_faults(store, kTransferRate, [] {});
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].kind, "dc");
  EXPECT_TRUE(faults[0].finding.is_found);
  EXPECT_NEAR(faults[0].finding.figures[0].second, -40, 0.5);
  EXPECT_EQ(faults[1].kind, "dropouts");
  EXPECT_TRUE(faults[1].finding.is_found);
  EXPECT_NEAR(faults[1].finding.figures[1].second, 10, 0.1);
  for (const Fault& fault : other_faults(stores_.held(), kTransferRate, [] {})) EXPECT_FALSE(fault.finding.is_found);
}

}  // namespace
}  // namespace lathe::test
