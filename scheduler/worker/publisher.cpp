#include "scheduler/worker/publisher.h"

#include <filesystem>
#include <system_error>

#include "scheduler/worker/digest.h"

namespace lathe::scheduler {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kQueued = 8;

// A file of other origin that holds the very same bytes (Lathe's state was lost, say) is as good as ours: it stays.
bool holds_the_same(const OutputRecord& output) {
  std::error_code error;
  return std::filesystem::file_size(output.path, error) == static_cast<std::uintmax_t>(output.bytes) && !error &&
         file_sha256(output.path) == output.sha256;
}

}  // namespace

Publisher::Publisher(JobStore& store, std::function<void(const PublishedTask&)> on_end)
    : store_(store), on_end_(std::move(on_end)) {
  for (std::size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run(); });
}

Publisher::~Publisher() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  threads_.clear();  // joins
}

void Publisher::publish(Work work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() < kQueued; });
  queue_.push_back(std::move(work));
  lock.unlock();
  changed_.notify_all();
}

void Publisher::run() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Work work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    changed_.notify_all();
    const PublishedTask published = publish_now(work);
    const std::lock_guard end(end_mutex_);
    on_end_(published);
  }
}

PublishedTask Publisher::publish_now(Work& work) {
  FinishedTask& task = work.task;
  PublishedTask done{work.lease, task.is_unchanged, std::nullopt, false, task.audio_s, task.busy};
  try {
    done.is_lost = !task.is_unchanged && !store_.announce_outputs(work.lease.id, task.outputs);
    if (done.is_lost) return done;
    std::vector<bool> stays;
    for (std::size_t i = 0; i < task.files.size(); ++i) {
      stays.push_back(task.replace[i] == Replace::refuse && holds_the_same(task.outputs[i]));
      if (stays[i] || task.replace[i] == Replace::allow || !std::filesystem::exists(task.outputs[i].path)) continue;
      throw OutputTaken(
          task.outputs[i].path +
          ": exists already and is not replaced, for it is not this track's own unaltered master; move it "
          "away, choose another output folder, or say --overwrite");
    }
    for (std::size_t i = 0; i < task.files.size(); ++i) {
      if (!stays[i]) task.files[i].publish(task.replace[i]);
    }
    task.files.clear();
    Commit commit;
    commit.state = task.is_unchanged ? TaskState::kUnchanged : TaskState::kDone;
    commit.result_json = task.result_json;
    commit.cache = {{task.cache_key, task.result_json}};
    commit.outputs = task.outputs;
    store_.remember_input(task.input, task.content_hash);
    done.is_lost = store_.commit(work.lease.id, commit) == CommitOutcome::kLost;
  } catch (const std::exception& error) {
    done.failure = failure_of(error);
  }
  return done;
}

}  // namespace lathe::scheduler
