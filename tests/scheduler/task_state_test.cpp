// The whole table of steps, written out, against the functions.
#include "scheduler/core/task_state.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>

namespace lathe::scheduler {
namespace {

using Table = std::map<std::string, std::set<std::string>>;

TEST(TaskStateTest, ExactlyTheStepsOfTheTableAreLegal) {
  const Table table{
      {"PENDING", {"LEASED", "CANCELLED"}},
      {"LEASED", {"PENDING", "RETRYING", "DONE", "UNCHANGED", "FAILED", "QUARANTINED", "CANCELLED"}},
      {"RETRYING", {"LEASED", "CANCELLED"}},
      {"DONE", {}},
      {"UNCHANGED", {}},
      {"FAILED", {"PENDING"}},
      {"QUARANTINED", {"PENDING"}},
      {"CANCELLED", {}},
  };
  for (TaskState from : kTaskStates) {
    const std::set<std::string>& legal = table.at(std::string(to_string(from)));
    const bool is_end = legal.empty() || legal == std::set<std::string>{"PENDING"};  // by a person's wish
    EXPECT_EQ(is_final(from), is_end) << to_string(from);
    for (TaskState to : kTaskStates) {
      EXPECT_EQ(can_follow(from, to), legal.contains(std::string(to_string(to))))
          << to_string(from) << " -> " << to_string(to);
    }
  }
}

TEST(JobStateTest, ExactlyTheStepsOfTheTableAreLegal) {
  const Table table{
      {"ACCEPTING", {"RUNNING", "CANCELLING", "SUCCEEDED"}},
      {"RUNNING", {"PAUSED", "CANCELLING", "SUCCEEDED", "SUCCEEDED_WITH_FAILURES"}},
      {"PAUSED", {"RUNNING", "CANCELLING", "SUCCEEDED", "SUCCEEDED_WITH_FAILURES"}},
      {"CANCELLING", {"CANCELLED"}},
      {"SUCCEEDED", {}},
      {"SUCCEEDED_WITH_FAILURES", {"RUNNING"}},
      {"CANCELLED", {}},
  };
  for (JobState from : kJobStates) {
    const std::set<std::string>& legal = table.at(std::string(to_string(from)));
    const bool is_end = legal.empty() || legal == std::set<std::string>{"RUNNING"};  // by a person's wish
    EXPECT_EQ(is_final(from), is_end) << to_string(from);
    for (JobState to : kJobStates) {
      EXPECT_EQ(can_follow(from, to), legal.contains(std::string(to_string(to))))
          << to_string(from) << " -> " << to_string(to);
    }
  }
}

TEST(StateNameTest, EveryNameLeadsBackToItsState) {
  for (TaskState state : kTaskStates) EXPECT_EQ(task_state_named(to_string(state)), state);
  for (JobState state : kJobStates) EXPECT_EQ(job_state_named(to_string(state)), state);
  EXPECT_THROW(task_state_named("RUNNING"), std::invalid_argument);
  EXPECT_THROW(job_state_named("running"), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::scheduler
