// The retry policy: budgets, waits, and who is suspected of what.
#include "scheduler/core/retry_policy.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

namespace lathe::scheduler {
namespace {

const RetryPolicy kPolicy;
constexpr Failure kLost{FailureClass::kInfra, true};
constexpr Failure kInfra{FailureClass::kInfra, false};
constexpr Failure kTask{FailureClass::kTask, false};
constexpr Failure kPermanent{FailureClass::kPermanent, false};
constexpr Failure kCrash{FailureClass::kCrash, false};

// The decisions on failures that follow one another, all at time 0 with the random number 0.5.
std::vector<RetryDecision> decide_all(const std::vector<Failure>& failures) {
  std::vector<RetryDecision> decisions;
  TaskHistory history;
  for (const Failure& failure : failures) {
    decisions.push_back(decide(kPolicy, history, failure, 0, 0.5));
    history = decisions.back().history;
  }
  return decisions;
}

TEST(BackoffTest, GrowsTwofoldUpToTheCapAndIsScaledByTheRandomNumber) {
  const Backoff backoff{1'000, 10'000};
  EXPECT_EQ(backoff.wait_ms(0, 1.0), 0);
  EXPECT_EQ(backoff.wait_ms(1, 1.0), 1'000);
  EXPECT_EQ(backoff.wait_ms(2, 1.0), 2'000);
  EXPECT_EQ(backoff.wait_ms(4, 1.0), 8'000);
  EXPECT_EQ(backoff.wait_ms(5, 1.0), 10'000);
  EXPECT_EQ(backoff.wait_ms(1'000'000'000, 1.0), 10'000);
  EXPECT_EQ(backoff.wait_ms(4, 0.25), 2'000);
  EXPECT_EQ(backoff.wait_ms(4, 0.0), 0);
}

TEST(BackoffTest, RefusesARandomNumberOutsideTheUnitInterval) {
  const Backoff backoff{1'000, 10'000};
  EXPECT_THROW(backoff.wait_ms(1, -0.1), std::invalid_argument);
  EXPECT_THROW(backoff.wait_ms(1, 1.1), std::invalid_argument);
  EXPECT_THROW(backoff.wait_ms(1, std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
}

TEST(RetryPolicyTest, ATaskIsAttemptedThreeTimesThenFails) {
  const auto decisions = decide_all({kTask, kTask, kTask});
  EXPECT_EQ(decisions[0].state, TaskState::kRetrying);
  EXPECT_EQ(decisions[0].not_before_ms, 500);
  EXPECT_TRUE(decisions[0].other_worker);
  EXPECT_FALSE(decisions[0].run_alone);
  EXPECT_EQ(decisions[1].state, TaskState::kRetrying);
  EXPECT_EQ(decisions[1].not_before_ms, 1'000);
  EXPECT_EQ(decisions[2].state, TaskState::kFailed);
}

TEST(RetryPolicyTest, APermanentFailureIsNeverRetried) {
  EXPECT_EQ(decide_all({kPermanent})[0].state, TaskState::kFailed);
  EXPECT_EQ(decide_all({kLost, kTask, kPermanent})[2].state, TaskState::kFailed);
}

TEST(RetryPolicyTest, ACrashedTaskRunsAloneAndIsQuarantinedWhenItCrashesAgain) {
  const auto decisions = decide_all({kCrash, kCrash});
  EXPECT_EQ(decisions[0].state, TaskState::kRetrying);
  EXPECT_TRUE(decisions[0].run_alone);
  EXPECT_TRUE(decisions[0].other_worker);
  EXPECT_EQ(decisions[1].state, TaskState::kQuarantined);
}

TEST(RetryPolicyTest, ATaskThatLostTwoLeasesRunsAloneAndBothAreMadeGoodAtOnce) {
  const auto decisions = decide_all({kLost, kLost, kLost, kLost});
  EXPECT_FALSE(decisions[0].run_alone);
  EXPECT_EQ(decisions[0].not_before_ms, 0);
  EXPECT_TRUE(decisions[1].run_alone);
  EXPECT_EQ(decisions[1].not_before_ms, 0);
  EXPECT_EQ(decisions[2].not_before_ms, 1'000);
  EXPECT_EQ(decisions[3].not_before_ms, 2'000);
  for (const RetryDecision& decision : decisions) EXPECT_EQ(decision.state, TaskState::kRetrying);
}

TEST(RetryPolicyTest, InfrastructureHasItsOwnBudgetOfTwenty) {
  std::vector<Failure> failures(20, kInfra);
  const auto decisions = decide_all(failures);
  for (int i = 0; i < 19; ++i) EXPECT_EQ(decisions[i].state, TaskState::kRetrying) << i;
  EXPECT_EQ(decisions[0].not_before_ms, 1'000);
  EXPECT_EQ(decisions[18].not_before_ms, 300'000);
  EXPECT_EQ(decisions[19].state, TaskState::kFailed);
  EXPECT_FALSE(decisions[18].run_alone) << "a full disk does not make a task suspect";
}

TEST(RetryPolicyTest, BudgetsOfDifferentClassesDoNotMix) {
  std::vector<Failure> failures(19, kInfra);
  failures.insert(failures.end(), {kTask, kTask, kCrash});
  EXPECT_EQ(decide_all(failures).back().state, TaskState::kRetrying);
  failures.push_back(kTask);
  EXPECT_EQ(decide_all(failures).back().state, TaskState::kFailed);
}

TEST(RetryPolicyTest, KillingWorkersAtRandomQuarantinesNothingAndFailsNothing) {
  std::mt19937 random(17);
  std::uniform_real_distribution<double> uniform;
  for (int task = 0; task < 20'000; ++task) {
    TaskHistory history;
    while (uniform(random) < 0.4) {  // its worker is killed during 4 attempts of 10
      const RetryDecision decision = decide(kPolicy, history, kLost, 0, uniform(random));
      ASSERT_EQ(decision.state, TaskState::kRetrying) << "after " << decision.history.lost_leases << " lost leases";
      history = decision.history;
    }
  }
}

TEST(RetryPolicyTest, NoNumberOfInfrastructureFailuresQuarantines) {
  for (int n = 0; n < 100; ++n) {
    EXPECT_NE(decide(kPolicy, {n, n, 0, 1}, kLost, 0, 0.5).state, TaskState::kQuarantined);
  }
}

TEST(RetryPolicyTest, TheWaitCountsFromNow) { EXPECT_EQ(decide(kPolicy, {}, kTask, 5'000, 1.0).not_before_ms, 6'000); }

TEST(RetryPolicyTest, NumbersComeFromThePolicy) {
  RetryPolicy policy;
  policy.task_failures = 1;
  policy.crashes = 1;
  policy.lost_leases_before_alone = 1;
  EXPECT_EQ(decide(policy, {}, kTask, 0, 0.5).state, TaskState::kFailed);
  EXPECT_EQ(decide(policy, {}, kCrash, 0, 0.5).state, TaskState::kQuarantined);
  EXPECT_TRUE(decide(policy, {}, kLost, 0, 0.5).run_alone);
}

TEST(RetryPolicyTest, ALostLeaseOfAnotherClassIsRefused) {
  EXPECT_THROW(decide(kPolicy, {}, {FailureClass::kCrash, true}, 0, 0.5), std::invalid_argument);
}

TEST(FailureClassTest, EveryNameLeadsBackToItsClass) {
  for (FailureClass c : {FailureClass::kInfra, FailureClass::kTask, FailureClass::kPermanent, FailureClass::kCrash}) {
    EXPECT_EQ(failure_class_named(to_string(c)), c);
  }
  EXPECT_THROW(failure_class_named("OTHER"), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::scheduler
