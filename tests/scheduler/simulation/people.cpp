#include "tests/scheduler/simulation/people.h"

namespace lathe::scheduler::simulation {
namespace {

constexpr std::int64_t kDeadlineMs = 10'000;

Replica& any_of(std::vector<std::unique_ptr<Replica>>& replicas, Random& random) {
  return *replicas[static_cast<std::size_t>(random.below(static_cast<int>(replicas.size())))];
}

}  // namespace

Submitter::Submitter(const Ground& ground, const JobPlan& plan, Endpoint endpoint,
                     std::vector<std::unique_ptr<Replica>>& replicas, Random random)
    : ground_(ground), plan_(plan), endpoint_(endpoint), replicas_(replicas), random_(random) {}

template <class Response, class Work>
void Submitter::ask(Work work, Reply<Response> answer) {
  call<Response>(
      ground_.timeline, ground_.network, endpoint_, any_of(replicas_, random_), kDeadlineMs,
      [work = std::move(work)](Replica& replica, const Reply<Response>& reply, const auto&) {
        replica.answer(reply, [&] { return work(replica); });
      },
      [self = shared_from_this(), answer = std::move(answer)](CallStatus status, const Response& response) {
        answer(status, response);
      });
}

void Submitter::begin() {
  was_created_ = false;
  for (int i = 0; i < plan_.at_once; ++i) create();
}

void Submitter::again(void (Submitter::*step)()) {
  ground_.timeline.after(random_.between(50, 3'000), [self = shared_from_this(), step] { ((*self).*step)(); });
}

void Submitter::create() {
  ask<JobId>([plan = &plan_](Replica& replica) { return replica.create_job(*plan); },
             [this](CallStatus status, JobId job) {
               if (status == CallStatus::kRefused) throw Violation("a request conflicts with itself");
               if (status != CallStatus::kOk) {
                 if (!was_created_) again(&Submitter::create);
                 return;
               }
               if (job_ != 0 && job_ != job) {
                 throw Violation(fmt::format("the request {} is answered with job {}, and was with job {}",
                                             plan_.header.request_id, job, job_));
               }
               job_ = job;
               ground_.witness.tasks_acknowledged(job, 0);
               if (was_created_) return;
               was_created_ = true;
               add(0);
             });
}

void Submitter::add(std::int64_t first) {
  const std::int64_t end = std::min<std::int64_t>(first + plan_.piece, std::ssize(plan_.tasks));
  if (first >= end) return seal();
  const std::vector<TaskSpec> piece(plan_.tasks.begin() + first, plan_.tasks.begin() + end);
  ask<AddResult>([job = job_, first, piece](Replica& replica) { return replica.add_tasks(job, first, piece); },
                 [this, first, end](CallStatus status, const AddResult& added) {
                   if (is_done_) return;
                   if (status != CallStatus::kOk) {
                     next_ = first;
                     if (random_.chance(forgets_)) return again(&Submitter::begin);
                     ground_.timeline.after(random_.between(50, 3'000), [self = shared_from_this(), first] {
                       if (!self->is_done_) self->add(first);
                     });
                     return;
                   }
                   if (added.outcome == AddOutcome::kNotAccepting)
                     return end_if_cancelled(fmt::format("job {} takes no more tasks", job_));
                   if (added.outcome != AddOutcome::kAdded) {
                     throw Violation(fmt::format("tasks {} to {} of job {} are refused ({}), and it has {}", first,
                                                 end - 1, job_, static_cast<int>(added.outcome), added.tasks));
                   }
                   ground_.witness.tasks_acknowledged(job_, end);
                   add(end);
                 });
}

void Submitter::seal() {
  ask<bool>([job = job_, count = std::ssize(plan_.tasks)](Replica& replica) { return replica.seal_job(job, count); },
            [this](CallStatus status, bool is_sealed) {
              if (is_done_) return;
              if (status != CallStatus::kOk) return again(&Submitter::seal);
              if (!is_sealed) return end_if_cancelled(fmt::format("job {} cannot be sealed", job_));
              ground_.witness.seal_acknowledged(job_);
              is_done_ = true;
            });
}

void Submitter::end_if_cancelled(const std::string& otherwise) {
  ask<JobState>([job = job_](Replica& replica) { return replica.job_state(job); },
                [this, otherwise](CallStatus status, JobState state) {
                  if (status == CallStatus::kUnavailable) return end_if_cancelled(otherwise);
                  const bool is_cancelled = state == JobState::kCancelling || state == JobState::kCancelled;
                  if (!is_cancelled) throw Violation(otherwise + ", and was not cancelled");
                  is_done_ = true;
                });
}

void Person::give(Order order, std::function<void(CallStatus)> done) {
  call<Nothing>(
      ground_.timeline, ground_.network, endpoint_, any_of(replicas_, random_), kDeadlineMs,
      [order](Replica& replica, const Reply<Nothing>& reply, const auto&) {
        replica.answer(reply, [&] {
          order(replica);
          return Nothing{};
        });
      },
      [self = shared_from_this(), order, done](CallStatus status, const Nothing&) {
        if (status != CallStatus::kUnavailable) return done(status);
        self->ground_.timeline.after(self->random_.between(100, 3'000),
                                     [self, order, done] { self->give(order, done); });
      });
}

}  // namespace lathe::scheduler::simulation
