// When a chain may copy bytes, and that designs are shared.
#include "host/mastering/chain.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lathe::test {
namespace {

TEST(Chain, IsNeutralOnlyWhenNothingInItCanChangeASample) {
  EXPECT_TRUE(Chain{}.is_neutral());
  EXPECT_TRUE((Chain{{EqStage{}, GainStage{0}}, {}, false}).is_neutral());
  EXPECT_FALSE((Chain{{GainStage{-0.1}}, {}, false}).is_neutral());
  EXPECT_TRUE((Chain{{EqStage{{EqBand{}}}}, {}, false}).is_neutral());  // a bell of 0 dB
  EXPECT_FALSE((Chain{{EqStage{{EqBand{BandType::high_pass, 20}}}}, {}, false}).is_neutral());
  EXPECT_FALSE((Chain{{}, {-14.0, 0, OnConflict::stop_at_limit, {}}, false}).is_neutral());
  EXPECT_FALSE((Chain{{}, {{}, 0, OnConflict::stop_at_limit, LimitGoal{}}, false}).is_neutral());
}

TEST(EqDesigns, TheSameBandsAtTheSameRateAreDesignedOnce) {
  EqDesigns designs;
  EqBand bell;
  bell.gain_db = 3;
  EqBand louder = bell;
  louder.gain_db = 3.0000001;
  const auto first = designs.get(EqStage{{bell}}, 44100);
  EXPECT_EQ(designs.get(EqStage{{bell}}, 44100), first);
  EXPECT_NE(designs.get(EqStage{{bell}}, 48000), first);
  EXPECT_NE(designs.get(EqStage{{louder}}, 44100), first);
  louder = bell;
  louder.channel = BandChannel::side;
  EXPECT_NE(designs.get(EqStage{{louder}}, 44100), first);
}

TEST(EqDesigns, ABandThatDoesNotFitTheRateIsRefusedEachTime) {
  EqDesigns designs;
  EqBand high;
  high.freq_hz = 30000;
  EXPECT_THROW(designs.get(EqStage{{high}}, 44100), std::invalid_argument);
  EXPECT_THROW(designs.get(EqStage{{high}}, 44100), std::invalid_argument);
  EXPECT_NE(designs.get(EqStage{{high}}, 96000), nullptr);
}

}  // namespace
}  // namespace lathe::test
