// The farm holds its invariants whatever goes wrong, and the simulation sees it where it would not.
#include <gtest/gtest.h>

#include <algorithm>

#include <cstdlib>

#include "tests/scheduler/simulation/seed_range.h"

namespace lathe::scheduler::simulation {
namespace {

std::int64_t number_from_environment(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

TEST(Simulation, InvariantsHoldForEverySeed) {
  const std::int64_t seeds = number_from_environment("LATHE_SIMULATION_SEEDS", LATHE_SIMULATION_DEFAULT_SEEDS);
  const std::int64_t first = number_from_environment("LATHE_SIMULATION_FIRST_SEED", 1);
  const RangeResult result =
      simulate_range(static_cast<std::uint64_t>(first), seeds, {.most_failed = 20, .reports = false});
  std::cout << result.summary();
  for (const std::string& story : result.stories) ADD_FAILURE() << story;
  EXPECT_TRUE(result.failed_seeds.empty());
  EXPECT_EQ(result.seeds, seeds);
}

// Else nothing that went wrong would be tested at all.
TEST(Simulation, EverythingThatCanGoWrongDoes) {
  const RangeResult result = simulate_range(1, 60, {});
  const Witness::Figures& figures = result.sum.figures;
  EXPECT_GT(result.sum.replica_crashes, 0);
  EXPECT_GT(result.sum.fenced, 0);
  EXPECT_GT(figures.commits, 0);
  EXPECT_GT(figures.repeated_commits, 0);
  EXPECT_GT(figures.failures, 0);
  EXPECT_GT(figures.rescues, 0);
  EXPECT_GT(figures.cancellations, 0);
  EXPECT_GT(figures.unknown_outcomes, 0);
}

TEST(Simulation, SameSeedIsTheSameWorldOnAnotherDisk) {
  SimulatedDisk one, other;
  for (const std::uint64_t seed : {3u, 17u, 40u}) {
    simulate(other, seed + 1);  // leaves nothing behind
    const Outcome first = simulate(one, seed, nullptr, Record::kKept);
    const Outcome again = simulate(other, seed, nullptr, Record::kKept);
    EXPECT_FALSE(first.record.empty());
    EXPECT_EQ(first.record, again.record) << "seed " << seed;
    EXPECT_EQ(first.events, again.events) << "seed " << seed;
  }
}

TEST(Simulation, SeedThatFailsTellsItsStoryAndHowToReplayIt) {
  const PlantedBug* bug = planted_bug_named("request-forgotten");
  ASSERT_NE(bug, nullptr);
  const RangeResult result = simulate_range(1, 50, {.bug = bug, .most_failed = 1});
  ASSERT_FALSE(result.stories.empty());
  const std::string& text = result.stories.front();
  EXPECT_NE(text.find("the request request-"), std::string::npos) << text;
  EXPECT_NE(text.find(" starts\n"), std::string::npos) << text;
  // Threads may end in another order than they began.
  const bool is_named = std::any_of(result.failed_seeds.begin(), result.failed_seeds.end(), [&](auto seed) {
    return text.find(replay_command(seed, bug)) != std::string::npos;
  });
  EXPECT_TRUE(is_named) << text;
}

class PlantedBugTest : public testing::TestWithParam<PlantedBug> {};

TEST_P(PlantedBugTest, IsFound) {
  const PlantedBug& bug = GetParam();
  const RangeResult result = simulate_range(bug.first_seed, bug.found_within, {.bug = &bug, .most_failed = 1});
  ASSERT_FALSE(result.failed_seeds.empty())
      << bug.sentence << ", and " << bug.found_within
      << " seeds do not show it (statements edited: " << result.sum.bug_hits << ")";
  std::cout << result.stories.front().substr(0, result.stories.front().find('\n')) << "\n";
}

INSTANTIATE_TEST_SUITE_P(Every, PlantedBugTest, testing::ValuesIn(planted_bugs().begin(), planted_bugs().end()),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace lathe::scheduler::simulation
