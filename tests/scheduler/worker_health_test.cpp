// When a worker is to blame.
#include "scheduler/core/worker_health.h"

#include <gtest/gtest.h>

namespace lathe::scheduler {
namespace {

TEST(WorkerHealthTest, FiveFailuresInARowBlameTheWorkerWhileAnotherOneWorks) {
  EXPECT_FALSE(is_worker_at_fault(4, 0));
  EXPECT_TRUE(is_worker_at_fault(5, 0));
  EXPECT_TRUE(is_worker_at_fault(50, 2));
}

TEST(WorkerHealthTest, WhereAllFailItIsNotTheWorker) {
  EXPECT_FALSE(is_worker_at_fault(50, 3));
  EXPECT_FALSE(is_worker_at_fault(50, std::nullopt)) << "nobody to compare with";
}

TEST(WorkerHealthTest, WhatNoAttemptCanHelpSaysNothingOfTheWorker) {
  EXPECT_FALSE(counts_against_worker(FailureClass::kPermanent, "NOT_AUDIO"));
  EXPECT_FALSE(counts_against_worker(FailureClass::kInfra, "DISK_FULL")) << "all write there";
  EXPECT_TRUE(counts_against_worker(FailureClass::kTask, "INTERNAL"));
  EXPECT_TRUE(counts_against_worker(FailureClass::kCrash, "EXECUTOR_DIED"));
  EXPECT_TRUE(counts_against_worker(FailureClass::kInfra, "STORAGE_FAILED"));
}

// Else one poison track beside four that were being published would have its worker set aside.
TEST(WorkerHealthTest, TracksThatWentAlongWithAnExecutorDoNotCountAgain) {
  EXPECT_FALSE(counts_against_worker(FailureClass::kInfra, "EXECUTOR_DIED"));
}

}  // namespace
}  // namespace lathe::scheduler
