// Who asks for work, and who meddles with it: programs that submit jobs, and persons.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/replica.h"

namespace lathe::scheduler::simulation {

// Sends one job until it is acknowledged, however often that takes; some repeat it a hundred times at once, some forget
// half-way where they were and begin anew.
class Submitter : public std::enable_shared_from_this<Submitter> {
 public:
  Submitter(const Ground& ground, const JobPlan& plan, Endpoint endpoint,
            std::vector<std::unique_ptr<Replica>>& replicas, Random random);
  void begin();
  void calm() { forgets_ = 0; }
  bool is_done() const { return is_done_; }
  JobId job() const { return job_; }  // 0: not acknowledged yet

 private:
  void create();
  void add(std::int64_t first);
  void seal();
  void again(void (Submitter::*step)());
  void end_if_cancelled(const std::string& otherwise);
  template <class Response, class Work>
  void ask(Work work, Reply<Response> answer);

  const Ground& ground_;
  const JobPlan& plan_;
  const Endpoint endpoint_;
  std::vector<std::unique_ptr<Replica>>& replicas_;
  Random random_;
  JobId job_ = 0;
  bool is_done_ = false, was_created_ = false;
  double forgets_ = 0.1;
  std::int64_t next_ = 0;
};

// One person's order, repeated until it is answered.
class Person : public std::enable_shared_from_this<Person> {
 public:
  using Order = std::function<void(Replica&)>;
  Person(const Ground& ground, Endpoint endpoint, std::vector<std::unique_ptr<Replica>>& replicas, Random random)
      : ground_(ground), endpoint_(endpoint), replicas_(replicas), random_(random) {}
  // `done` is called with kOk or kRefused.
  void give(Order order, std::function<void(CallStatus)> done);

 private:
  const Ground& ground_;
  const Endpoint endpoint_;
  std::vector<std::unique_ptr<Replica>>& replicas_;
  Random random_;
};

}  // namespace lathe::scheduler::simulation
