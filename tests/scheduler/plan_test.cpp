// The order in which tasks are handed out.
#include "scheduler/core/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>

namespace lathe::scheduler {
namespace {

using Order = std::vector<std::size_t>;

TEST(PlanTest, TheAlbumWithTheGreatestTotalGoesFirstAndInItTheLongestTrack) {
  // b has the longest track, a the greatest total.
  EXPECT_EQ(plan_order({{"a", 3}, {"b", 6}, {"a", 5}, {"c", 1}, {"b", 1}}), (Order{2, 0, 1, 4, 3}));
}

TEST(PlanTest, AlbumsStayTogether) {
  std::mt19937 random(5);
  std::vector<TaskCost> tasks;
  for (int i = 0; i < 500; ++i) tasks.push_back({std::to_string(random() % 40), static_cast<double>(random() % 10)});
  const Order order = plan_order(tasks);
  Order sorted = order;
  std::sort(sorted.begin(), sorted.end());
  Order all(tasks.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  EXPECT_EQ(sorted, all);
  std::vector<std::string> albums;
  for (std::size_t index : order) {
    if (albums.empty() || albums.back() != tasks[index].album) albums.push_back(tasks[index].album);
  }
  std::sort(albums.begin(), albums.end());
  EXPECT_EQ(std::adjacent_find(albums.begin(), albums.end()), albums.end()) << "an album was interrupted";
}

TEST(PlanTest, EqualAlbumsAreOrderedByNameAndEqualTracksByIndex) {
  EXPECT_EQ(plan_order({{"b", 2}, {"a", 1}, {"a", 1}, {"b", 0}}), (Order{1, 2, 0, 3}));
}

TEST(PlanTest, NoTasksGiveAnEmptyPlan) { EXPECT_EQ(plan_order({}), Order{}); }

TEST(PlanTest, CostsThatAreNoCostsAreRefused) {
  EXPECT_THROW(plan_order({{"a", -1}}), std::invalid_argument);
  EXPECT_THROW(plan_order({{"a", std::numeric_limits<double>::quiet_NaN()}}), std::invalid_argument);
  EXPECT_THROW(plan_order({{"a", std::numeric_limits<double>::infinity()}}), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::scheduler
