// Six tracks in two folders, and what an undisturbed run makes of them.
#pragma once

#include <gtest/gtest.h>
#include <sndfile.h>

#include <chrono>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {

constexpr int kTracks = 6;

class BatchOfSix : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < kTracks; ++i) {
      Random random(static_cast<std::uint64_t>(100 + i));
      const Stored stored =
          i % 3 == 2 ? Stored{SF_FORMAT_FLAC, SF_FORMAT_PCM_16} : Stored{SF_FORMAT_WAV, SF_FORMAT_PCM_16};
      write_sound(
          work_.in() / ("disc" + std::to_string(i % 2)) / ("t" + std::to_string(i) + (i % 3 == 2 ? ".flac" : ".wav")),
          wandering(random, 44100, 2, 2 + 0.7 * i, 0.4), stored);
    }
  }

  void forget() const {
    fs::remove_all(work_.out());
    fs::remove_all(work_.state());
  }

  // Masters everything undisturbed and keeps what came of it.
  void take_reference() {
    const auto started = std::chrono::steady_clock::now();
    ASSERT_EQ(work_.master({"-q", "--jobs", "2"}).exit_code, 0);
    duration_ms_ = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
    reference_ = tree_of(work_.out());
    ASSERT_EQ(reference_.size(), tree_of(work_.in()).size() + 2);  // the manifest, and the sentinel
    forget();
  }

  void expect_like_undisturbed() const {
    const Tree tree = tree_of(work_.out());
    for (const auto& [name, bytes] : reference_) {
      ASSERT_TRUE(tree.contains(name)) << name;
      EXPECT_TRUE(tree.at(name) == bytes) << name << " differs";
    }
    EXPECT_EQ(tree.size(), reference_.size());
    expect_nothing_staged(work_.out());
  }

  Workspace work_;
  Tree reference_;
  double duration_ms_ = 0;
};

inline std::map<std::string, int> count_states(const nlohmann::json& report) {
  std::map<std::string, int> counts;
  for (const auto& [name, state] : states_of(report)) ++counts[state];
  return counts;
}

}  // namespace lathe::test
