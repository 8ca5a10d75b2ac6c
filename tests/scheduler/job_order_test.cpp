// Which of several jobs has its turn.
#include "scheduler/core/job_order.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lathe::scheduler {
namespace {

std::vector<std::int64_t> order(std::vector<JobDemand> jobs, const std::map<std::string, double>& leased = {},
                                const std::map<std::string, double>& weight = {}) {
  std::vector<std::int64_t> ids;
  for (const JobDemand& job : order_jobs(std::move(jobs), leased, weight)) ids.push_back(job.id);
  return ids;
}

using Ids = std::vector<std::int64_t>;

TEST(JobOrderTest, PriorityComesBeforeAllElse) {
  EXPECT_EQ(order({{1, "a", 0, 5, 0}, {2, "a", 10, {}, 9}, {3, "a", -1, 1, 0}}), (Ids{2, 1, 3}));
}

TEST(JobOrderTest, AmongEqualsTheEarlierDeadlineGoesFirstAndNoneLast) {
  EXPECT_EQ(order({{1, "a", 0, {}, 0}, {2, "a", 0, 900, 1}, {3, "a", 0, 800, 2}}), (Ids{3, 2, 1}));
}

TEST(JobOrderTest, ThenTheSpaceThatHasTheLeastOfTheWorkers) {
  EXPECT_EQ(order({{1, "busy", 0, {}, 0}, {2, "idle", 0, {}, 1}}, {{"busy", 10.0}}), (Ids{2, 1}));
  EXPECT_EQ(order({{1, "a", 0, {}, 0}, {2, "b", 0, {}, 1}}, {{"a", 10.0}, {"b", 8.0}}), (Ids{2, 1}));
}

TEST(JobOrderTest, ASpaceOfTwiceTheWeightIsDueTwiceAsMuch) {
  const std::map<std::string, double> leased{{"a", 15.0}, {"b", 8.0}};
  EXPECT_EQ(order({{1, "a", 0, {}, 1}, {2, "b", 0, {}, 0}}, leased, {{"a", 2.0}}), (Ids{1, 2}));
  EXPECT_THROW(order({}, {}, {{"a", 0.0}}), std::invalid_argument);
}

TEST(JobOrderTest, ThenTheOlderAndThenTheOneThatCameInFirst) {
  EXPECT_EQ(order({{3, "a", 0, {}, 7}, {2, "a", 0, {}, 7}, {1, "a", 0, {}, 9}}), (Ids{2, 3, 1}));
}

}  // namespace
}  // namespace lathe::scheduler
