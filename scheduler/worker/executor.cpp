#include "scheduler/worker/executor.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "host/audio_file/isolation/decoder_error.h"
#include "kernels/cuda/cuda_error.h"
#include "lathe/v1/executor.pb.h"
#include "scheduler/store/utf8.h"
#include "scheduler/worker/attempt_teller.h"
#include "scheduler/worker/boot_clock.h"
#include "scheduler/worker/failpoint.h"
#include "scheduler/worker/finished_event.h"
#include "scheduler/worker/job_desk.h"
#include "scheduler/worker/master_tasks.h"
#include "scheduler/worker/message_pipe.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/path_roots.h"
#include "scheduler/worker/remote_memory.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {
namespace {

// Syncing a file to the disk takes as long as mastering it and no processor: it has threads of its own.
constexpr int kFinishingThreads = 2;

using Key = std::pair<std::int64_t, std::int64_t>;
Key key_of(const v1::LeaseRef& lease) { return {lease.task_id(), lease.token()}; }

class Executor {
 public:
  explicit Executor(int fd)
      : pipe_(FileDescriptor(fd)),
        memory_(pipe_, false),
        device_memory_(pipe_, true),
        runner_(designs_, memory_, device_memory_, [this](const v1::RecallRequest& request) { return ask(request); }) {}

  int run() {
    v1::ExecutorCommand first;
    if (!pipe_.receive(first) || !first.has_setting()) return 1;
    jobs_.emplace(first.setting());
    memory_.set_total(first.setting().memory_bytes());
    log_name_ = first.setting().log_name();
    roots_.assign(first.setting().roots().begin(), first.setting().roots().end());
    try {
      jobs_->choose_backend();
    } catch (const std::exception& error) {
      return end_unready(error.what());
    }
    device_memory_.set_total(device_memory_bytes(jobs_->backend()));
    v1::ExecutorEvent ready;
    ready.mutable_ready()->set_engine(bit_class(jobs_->backend()));
    ready.mutable_ready()->set_gpu(device_name(jobs_->backend()));
    ready.mutable_ready()->set_device_memory_bytes(device_memory_.total());
    pipe_.send(ready);
    std::vector<std::jthread> threads;
    threads.emplace_back([this] { work(); });
    for (int i = 0; i < kFinishingThreads; ++i) threads.emplace_back([this] { finish(); });
    v1::ExecutorCommand command;
    while (pipe_.receive(command)) obey(command);
    {
      // The supervisor is gone, and with it the leases: nothing of this may reach a file any more.
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      is_cancelled_ = true;
    }
    memory_.end();
    device_memory_.end();
    changed_.notify_all();
    threads.clear();
    return 0;
  }

 private:
  struct Finished {
    FinishedTask task;
    v1::LeaseRef lease;
    std::vector<std::string> log_lines;
  };

  int end_unready(const std::string& why) {
    v1::ExecutorEvent event;
    event.mutable_failed()->set_reason_code("NO_BACKEND");
    event.mutable_failed()->set_message(why);
    pipe_.send(event);
    return 1;
  }

  void obey(const v1::ExecutorCommand& command) {
    std::unique_lock lock(mutex_);
    switch (command.command_case()) {
      case v1::ExecutorCommand::kStart:
        queue_.push_back(command.start());
        read_ahead(command.start().spec());
        break;
      case v1::ExecutorCommand::kRecalled:
        answers_[command.recalled().question()] = command.recalled();
        break;
      case v1::ExecutorCommand::kPublish:
        steps_.push_back([this, publish = command.publish()] { this->publish(publish); });
        break;
      case v1::ExecutorCommand::kDrop:
        drop(command.drop().lease());
        break;
      case v1::ExecutorCommand::kMemoryGranted:
        lock.unlock();
        memory_.granted(command.memory_granted().request());
        device_memory_.granted(command.memory_granted().request());
        return;
      case v1::ExecutorCommand::kSetting:
      case v1::ExecutorCommand::COMMAND_NOT_SET:
        break;
    }
    lock.unlock();
    changed_.notify_all();
  }

  // With mutex_ held.
  void drop(const v1::LeaseRef& lease) {
    const Key key = key_of(lease);
    if (working_on_ == key) {
      is_cancelled_ = true;  // work() says when it has stopped
      changed_.notify_all();
      return;
    }
    std::erase_if(queue_, [&](const v1::StartTask& start) { return key_of(start.lease()) == key; });
    finished_.erase(key);
    syncing_.erase(key);
    send_dropped(lease);
  }

  void send_dropped(const v1::LeaseRef& lease) {
    v1::ExecutorEvent event;
    *event.mutable_dropped()->mutable_lease() = lease;
    pipe_.send(event);
  }

  // Asks the supervisor, and waits for the answer.
  v1::RecallResponse ask(const v1::RecallRequest& request) {
    std::unique_lock lock(mutex_);
    const std::int64_t number = ++questions_;
    v1::ExecutorEvent event;
    event.mutable_question()->set_question(number);
    *event.mutable_question()->mutable_recall() = request;
    pipe_.send(event);
    changed_.wait(lock, [&] { return is_cancelled_ || answers_.contains(number); });
    const auto found = answers_.find(number);
    if (found == answers_.end()) throw MasteringCancelled();
    v1::ExecutorCommand::Recalled answer = std::move(found->second);
    answers_.erase(found);
    if (!answer.error().empty()) throw SchedulerAway(answer.error());
    return std::move(*answer.mutable_answer());
  }

  // The thread that masters.
  void work() {
    for (;;) {
      v1::StartTask start;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return is_ending_ || (!queue_.empty() && !is_unfit_); });
        if (is_ending_) return;
        start = std::move(queue_.front());
        queue_.pop_front();
        working_on_ = key_of(start.lease());
        is_cancelled_ = false;
      }
      v1::ExecutorEvent started;
      *started.mutable_started()->mutable_lease() = start.lease();
      pipe_.send(started);
      work_on(start);
      const std::lock_guard lock(mutex_);
      working_on_ = {};
      if (is_cancelled_) drop(start.lease());  // it may have ended before it heard of that; said twice does no harm
      if (is_ending_) return;
    }
  }

  void work_on(const v1::StartTask& start) {
    AttemptTeller teller(pipe_, start.lease(), !log_name_.empty());
    try {
      failpoint("executor.start", start.spec().input());
      if (!start.spec().problem().empty()) {
        return send_failed(
            start.lease(),
            {FailureClass::kPermanent, start.spec().problem_code().empty() ? "PROBLEM" : start.spec().problem_code(),
             start.spec().problem()});
      }
      for (const std::string& input : inputs_of(start.spec())) check_below_roots(input, roots_);
      TaskListener listener;
      listener.worker = log_name_;
      listener.progress = [&](double share, std::string_view stage) { teller.progress(share, stage); };
      if (teller.keeps_log()) listener.say = [&](const std::string& line) { teller.say(line); };
      if (start.job().has_audit()) {
        const v1::CommitResultRequest result = jobs_->audit(start, listener, is_cancelled_);
        return send_result(start, result, teller.take_rest());
      }
      check_below_roots(start.job().master().out_dir(), roots_);
      const MasterJob& job = jobs_->master_job(start.job_id(), start.job().master());
      check_below_roots((job.out_dir / ".lathe").string(), roots_);
      FinishedTask task = runner_.run(job, start.spec(), listener, is_cancelled_);
      failpoint("executor.mastered", start.spec().input());
      const std::lock_guard lock(mutex_);
      if (is_cancelled_) return send_dropped(start.lease());
      working_on_ = {};  // in one step with what it becomes: a drop meets the one or the other
      finished_[key_of(start.lease())] = {std::move(task), start.lease(), teller.take_rest()};
      steps_.push_back([this, key = key_of(start.lease())] { make_ready(key); });
      changed_.notify_all();
    } catch (const MasteringCancelled&) {
      send_dropped(start.lease());
    } catch (const AuditCancelled&) {
      send_dropped(start.lease());
    } catch (const cuda::CudaError& error) {
      teller.flush();
      send_failed(start.lease(), failure_of(error), error.is_context_lost() ? Loss::kDevice : Loss::kNothing);
      if (!error.is_context_lost()) return;
      // This process can use no GPU any more. What is finished still gets its names; then the supervisor ends it.
    } catch (const IsolationFailed& error) {
      teller.flush();
      finish_the_rest();
      send_failed(start.lease(), failure_of(error), Loss::kDecoders);
    } catch (const std::exception& error) {
      teller.flush();
      send_failed(start.lease(), failure_of(error));
    }
  }

  // This process is about to be replaced: what it has mastered gets its names first, if the scheduler is there for it.
  void finish_the_rest() {
    std::unique_lock lock(mutex_);
    is_unfit_ = true;
    changed_.wait_for(lock, std::chrono::seconds(10),
                      [this] { return is_ending_ || (steps_.empty() && finished_.empty() && steps_under_way_ == 0); });
  }

  void send_result(const v1::StartTask& start, const v1::CommitResultRequest& result,
                   const std::vector<std::string>& log_lines) {
    check_fits_a_message(result);
    const std::lock_guard lock(mutex_);
    if (is_cancelled_) return send_dropped(start.lease());
    working_on_ = {};
    v1::ExecutorEvent event;
    *event.mutable_finished()->mutable_result() = result;
    *event.mutable_finished()->mutable_result()->mutable_lease() = start.lease();
    for (const std::string& line : log_lines) event.mutable_finished()->add_log_lines(line);
    pipe_.send(event);
  }

  // What this process has lost with the attempt.
  enum class Loss { kNothing, kDevice, kDecoders };

  void send_failed(const v1::LeaseRef& lease, const TaskFailure& failure, Loss loss = Loss::kNothing) {
    v1::ExecutorEvent event;
    v1::ExecutorEvent::Failed& failed = *event.mutable_failed();
    *failed.mutable_lease() = lease;
    failed.set_failure_class(failure_class_message(failure.failure_class));
    failed.set_reason_code(failure.code);
    failed.set_message(storable_text(failure.message));
    failed.set_device_is_lost(loss == Loss::kDevice);
    failed.set_executor_is_unfit(loss == Loss::kDecoders);
    pipe_.send(event);
  }

  // The threads that finish.
  void finish() {
    for (;;) {
      std::function<void()> step;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return is_ending_ || !steps_.empty(); });
        if (is_ending_) return;
        step = std::move(steps_.front());
        steps_.pop_front();
        ++steps_under_way_;
      }
      step();
      {
        const std::lock_guard lock(mutex_);
        --steps_under_way_;
      }
      changed_.notify_all();
    }
  }

  // Takes the finished task out of the map while a thread is at it; nothing if it was dropped.
  std::optional<Finished> take(const Key& key, bool to_sync) {
    const std::lock_guard lock(mutex_);
    const auto found = finished_.find(key);
    if (found == finished_.end()) return std::nullopt;
    Finished taken = std::move(found->second);
    finished_.erase(found);
    if (to_sync) syncing_.insert(key);
    return taken;
  }

  // Puts the bytes on the disk, and says that the track is done.
  void make_ready(const Key& key) {
    std::optional<Finished> taken = take(key, true);
    if (!taken) return;
    try {
      FinishedTask& task = taken->task;
      for (StagedFile& file : task.files) file.sync();
      const v1::ExecutorEvent event = finished_event(task, taken->lease, std::move(taken->log_lines));
      check_fits_a_message(event.finished().result());
      {
        const std::lock_guard lock(mutex_);
        if (syncing_.erase(key) == 0) return;  // dropped meanwhile: its files go
        if (!task.files.empty()) finished_[key] = std::move(*taken);
      }
      pipe_.send(event);
    } catch (const std::exception& error) {
      {
        const std::lock_guard lock(mutex_);
        syncing_.erase(key);
      }
      send_failed(taken->lease, failure_of(error));
    }
  }

  // Gives the files their names, if the lease still has time.
  void publish(const v1::ExecutorCommand::Publish& order) {
    std::optional<Finished> taken = take(key_of(order.lease()), false);
    if (!taken) return;
    FinishedTask& task = taken->task;
    try {
      // A link in the output folder may lead out.
      for (const OutputRecord& output : task.outputs) check_below_roots(output.path, roots_);
      const std::vector<bool> stays = outputs_that_stay(task);
      failpoint("executor.publish", task.input.path);
      for (std::size_t i = 0; i < task.files.size(); ++i) {
        if (boot_ms() >= order.until_ms()) {
          // The lease may be another's: everything stays as it is. If it was renewed meanwhile, the supervisor waits.
          return send_failed(taken->lease, {FailureClass::kInfra, "PUBLISH_TOO_LATE",
                                            "the finished files did not get their names in the time of the lease"});
        }
        if (!stays[i]) task.files[i].publish(task.replace[i]);
      }
      v1::ExecutorEvent event;
      *event.mutable_published()->mutable_lease() = taken->lease;
      pipe_.send(event);
    } catch (const std::exception& error) {
      send_failed(taken->lease, failure_of(error));
    }
  }

  MessagePipe pipe_;
  std::vector<std::string> roots_;
  std::string log_name_;
  RemoteMemory memory_, device_memory_;
  EqDesigns designs_;
  std::optional<JobDesk> jobs_;
  TaskRunner runner_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::StartTask> queue_;
  std::deque<std::function<void()>> steps_;
  std::map<Key, Finished> finished_;
  std::set<Key> syncing_;  // taken to be put on the disk, and not dropped meanwhile
  std::map<std::int64_t, v1::ExecutorCommand::Recalled> answers_;
  std::int64_t questions_ = 0;
  Key working_on_{};
  std::atomic<bool> is_cancelled_{false};
  bool is_ending_ = false;
  bool is_unfit_ = false;    // begins nothing more
  int steps_under_way_ = 0;  // of those that finish
};

}  // namespace

int run_executor(int fd) {
  // Whatever becomes of the supervisor, its executors go with it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C is the supervisor's to act on
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write, not the end of the program
  return Executor(fd).run();
}

}  // namespace lathe::scheduler
