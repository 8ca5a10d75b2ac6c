// Resonances through the program: proposed in the report, cut where the recipe says so.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <numbers>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

// A peaking filter of the RBJ cookbook, by its difference equation.
Signal ringing(const Signal& x, double freq_hz, double gain_db, double q, double rate_hz) {
  const double a = std::pow(10, gain_db / 40), w = 2 * std::numbers::pi * freq_hz / rate_hz;
  const double alpha = std::sin(w) / (2 * q), a0 = 1 + alpha / a;
  Signal y(x.size());
  double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
  for (std::size_t n = 0; n < x.size(); ++n) {
    y[n] = ((1 + alpha * a) * x[n] - 2 * std::cos(w) * x1 + (1 - alpha * a) * x2 + 2 * std::cos(w) * y1 -
            (1 - alpha / a) * y2) /
           a0;
    x2 = x1;
    x1 = x[n];
    y2 = y1;
    y1 = y[n];
  }
  return y;
}

double power(const Signal& x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return sum / static_cast<double>(x.size());
}

class MasterResonance : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random = seeded(921);
    plain_ = wandering(random, 44100, 2, 20, 0.2);
    Sound rings = plain_;
    for (Signal& channel : rings.channels) channel = ringing(channel, 1500, 6, 16, 44100);
    write_sound(work_.in() / "rings.wav", rings, kWav24);
  }

  ProgramResult master(const std::string& words, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"--json", "--recipe", work_.recipe("recipe: v1\nchain:\n  - eq: {" + words + "}\n")};
    all.insert(all.end(), more.begin(), more.end());
    return work_.master(all);
  }

  Workspace work_;
  Sound plain_;
};

TEST_F(MasterResonance, AProposalNamesTheBandAndChangesNoBit) {
  const ProgramResult run = master("resonances: propose");
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  EXPECT_EQ(stored_samples(work_.out() / "rings.wav"), stored_samples(work_.in() / "rings.wav"));
  const nlohmann::json track = track_named(run.json(), "rings.wav");
  const nlohmann::json stage = track.at("stages").at(0);
  EXPECT_EQ(stage.at("name"), "eq");
  EXPECT_EQ(stage.at("resonances_cut"), 0);
  ASSERT_EQ(stage.at("resonances").size(), 1u);
  const nlohmann::json found = stage.at("resonances")[0];
  EXPECT_NEAR(found.at("freq_hz").get<double>(), 1500, 9);  // 10 cents
  EXPECT_NEAR(found.at("prominence_db").get<double>(), 6, 1);
  EXPECT_EQ(found.at("gain_db"), -4);  // max_cut_db
  EXPECT_GT(found.at("share_of_time").get<double>(), 0.7);
  EXPECT_NE(track.at("notes").dump().find("proposed is {type: bell, freq_hz: 1"), std::string::npos) << track;
}

TEST_F(MasterResonance, ADryRunProposesAndWritesNothing) {
  const ProgramResult plan = master("resonances: propose", {"--dry-run"});
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_NE(track_named(plan.json(), "rings.wav").dump().find("proposed is"), std::string::npos) << plan.out;
  EXPECT_FALSE(fs::exists(work_.out() / "rings.wav"));
}

TEST_F(MasterResonance, AppliedCutsLeaveTheTrackAsItWasBeforeItRang) {
  for (const std::string phase : {"linear", "minimum"}) {
    const ProgramResult run = master("resonances: apply, max_cut_db: 8, phase: " + phase, {"--overwrite"});
    ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
    EXPECT_EQ(track_named(run.json(), "rings.wav").at("stages").at(0).at("resonances_cut"), 1);
    const Sound out = read_sound(work_.out() / "rings.wav"), in = read_sound(work_.in() / "rings.wav");
    ASSERT_EQ(out.frames(), in.frames());
    // What a narrow filter passes around the ridge: within 1 dB of what it was.
    const auto level = [](const Signal& x) {
      Signal band = ringing(x, 1500, 40, 16, 44100);
      for (std::size_t n = 0; n < band.size(); ++n) band[n] -= x[n];
      return 10 * std::log10(power(band));
    };
    EXPECT_GT(level(in.channels[0]) - level(plain_.channels[0]), 3) << phase;
    EXPECT_NEAR(level(out.channels[0]), level(plain_.channels[0]), 1) << phase;
  }
}

TEST_F(MasterResonance, BandsAndCutsAreOneFilter) {
  const ProgramResult run =
      master("resonances: apply, bands: [{type: high-shelf, freq_hz: 5000, gain_db: 2}]", {"--overwrite"});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  const nlohmann::json stages = track_named(run.json(), "rings.wav").at("stages");
  ASSERT_EQ(stages.size(), 1u) << stages;
  EXPECT_EQ(stages[0].at("bands"), 1);
  EXPECT_EQ(stages[0].at("resonances_cut"), 1);
}

}  // namespace
}  // namespace lathe::test
