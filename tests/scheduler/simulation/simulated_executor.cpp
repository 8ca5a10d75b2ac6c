#include "tests/scheduler/simulation/simulated_executor.h"

#include <algorithm>

namespace lathe::scheduler::simulation {

SimulatedExecutor::SimulatedExecutor(Timeline& timeline, Random random, const WorkerSetting& setting, Folder& folder,
                                     Witness& witness, Events events)
    : timeline_(timeline),
      random_(random),
      setting_(setting),
      folder_(folder),
      witness_(witness),
      events_(std::move(events)) {}

void SimulatedExecutor::boot() {
  later(random_.between(100, 800), [this] { events_.ready(); });
}

void SimulatedExecutor::later(std::int64_t ms, std::function<void()> event) {
  timeline_.after(ms, [weak = weak_from_this(), event = std::move(event)] {
    const auto self = weak.lock();
    if (!self || !self->is_alive_) return;
    if (self->is_stopped_) {
      self->deferred_.push_back(event);
    } else {
      event();
    }
  });
}

void SimulatedExecutor::stop() {
  is_stopped_ = true;
  ++stops_;
}

void SimulatedExecutor::go_on() {
  is_stopped_ = false;
  std::vector<std::function<void()>> deferred;
  deferred.swap(deferred_);
  const auto self = shared_from_this();
  for (const auto& event : deferred) {
    if (is_alive_) event();
  }
}

void SimulatedExecutor::die() {
  if (!is_alive_) return;
  is_alive_ = false;
  events_.ended();
}

void SimulatedExecutor::kill() { die(); }

bool SimulatedExecutor::has(LeaseKey lease) const {
  return is_alive_ && (working_on_ == lease || finished_.contains(lease) || naming_.contains(lease) ||
                       std::any_of(queue_.begin(), queue_.end(), [&](const auto& e) { return e.first == lease; }));
}

std::vector<LeaseKey> SimulatedExecutor::leases() const {
  std::vector<LeaseKey> leases;
  if (!is_alive_) return leases;
  if (working_on_) leases.push_back(*working_on_);
  for (const auto& [lease, grant] : queue_) leases.push_back(lease);
  for (const auto& [lease, finished] : finished_) leases.push_back(lease);
  for (const auto& [lease, count] : naming_) leases.push_back(lease);
  return leases;
}

// --- the supervisor's commands ---

void SimulatedExecutor::start(LeaseKey lease, const Grant& grant) {
  later(0, [this, lease, grant] {
    queue_.emplace_back(lease, grant);
    if (!working_on_) work_on_next();
  });
}

void SimulatedExecutor::drop(LeaseKey lease) {
  later(0, [this, lease] {
    if (working_on_ == lease) {
      is_cancelled_ = true;  // said once it has stopped
      return;
    }
    std::erase_if(queue_, [&](const auto& entry) { return entry.first == lease; });
    syncing_.erase(lease);
    finished_.erase(lease);
    events_.dropped(lease);
  });
}

void SimulatedExecutor::publish(LeaseKey lease, std::int64_t until_ms) {
  later(random_.between(0, 30), [this, lease, until_ms] {
    const auto found = finished_.find(lease);
    if (found == finished_.end()) return;
    const Finished taken = found->second;
    finished_.erase(found);
    const OutputRecord& output = taken.commit.outputs.front();
    const auto there = folder_.find(output.path);
    const bool stays = !taken.replaces && there != folder_.end() && there->second.content == output.sha256;
    if (!stays && !taken.replaces && there != folder_.end()) {
      const bool may_look_again = taken.was_free && !setting_.gives_up_at_once;
      return events_.failed(lease,
                            {may_look_again ? FailureClass::kTask : FailureClass::kPermanent, "OUTPUT_TAKEN", ""});
    }
    if (timeline_.now_ms() >= until_ms) {
      return events_.failed(lease, {FailureClass::kInfra, "PUBLISH_TOO_LATE", ""});
    }
    if (stays) return events_.published(lease);
    naming_[lease] = 1;
    // One system call after the look at the clock; whoever stops the process may do so in between.
    later(random_.between(0, 2),
          [this, lease, taken, until_ms, stops = stops_] { rename(lease, taken, until_ms, stops); });
    if (random_.chance(setting_.stopped_at_rename)) events_.stop_worker(random_.between(1'000, 60'000), taken.job);
  });
}

void SimulatedExecutor::rename(LeaseKey lease, const Finished& finished, std::int64_t until_ms,
                               std::int64_t stops_before) {
  naming_.erase(lease);
  const OutputRecord& output = finished.commit.outputs.front();
  // Without leave to replace, the rename itself refuses.
  if (!finished.replaces && folder_.contains(output.path)) {
    return events_.failed(lease, {FailureClass::kTask, "WRITE_FAILED", ""});
  }
  witness_.renamed({lease.task_id, lease.token}, output.path, until_ms, stops_ != stops_before);
  folder_[output.path] = {output.sha256, output.mtime_ns};
  later(random_.between(0, 10), [this, lease] { events_.published(lease); });
}

// --- the thread that masters ---

void SimulatedExecutor::work_on_next() {
  if (queue_.empty()) return;
  const auto [lease, grant] = queue_.front();
  queue_.pop_front();
  working_on_ = lease;
  is_cancelled_ = false;
  events_.started(lease);
  if (kind_of_payload(grant.lease.payload_json) == TrackKind::kBroken || setting_.fails_everything) {
    const FailureClass how = setting_.fails_everything ? FailureClass::kTask : FailureClass::kPermanent;
    later(random_.between(5, 500), [this, lease = lease, how] {
      end_work(lease, [this, lease, how] { events_.failed(lease, {how, "DECODE_FAILED", ""}); });
    });
    return;
  }
  later(random_.between(1, 50), [this, lease = lease, grant = grant] {
    // Looked at before asking: what lies there by then was announced.
    const bool was_free = !folder_.contains(output_path(grant.header.out_dir, grant.lease.input));
    events_.recall(lease, [weak = weak_from_this(), lease, grant, was_free](const std::optional<Recalled>& recalled) {
      const auto self = weak.lock();
      if (!self) return;
      self->later(0, [executor = self.get(), lease, grant, was_free, recalled] {
        executor->look(lease, grant, was_free, recalled);
      });
    });
  });
}

void SimulatedExecutor::end_work(LeaseKey lease, const std::function<void()>& how) {
  if (is_cancelled_) {
    events_.dropped(lease);
  } else {
    how();
  }
  if (!is_alive_) return;
  working_on_.reset();
  work_on_next();
}

// What lies there already, and whose it is.
void SimulatedExecutor::look(LeaseKey lease, const Grant& grant, bool was_free,
                             const std::optional<Recalled>& recalled) {
  if (working_on_ != lease) return;
  if (!recalled) {
    return end_work(lease, [&] { events_.failed(lease, {FailureClass::kInfra, "SCHEDULER_AWAY", ""}); });
  }
  const std::string path = output_path(grant.header.out_dir, grant.lease.input);
  const std::string content = content_of(grant.header.recipe_sha256, grant.lease.input);
  const auto there = folder_.find(path);
  bool is_own = false;
  for (const KnownOutput& known : recalled->known) {
    is_own |= there != folder_.end() && known.output.sha256 == there->second.content;
  }
  if (recalled->result_json && there != folder_.end() && there->second.content == content && is_own) {
    Commit unchanged;
    unchanged.state = TaskState::kUnchanged;
    unchanged.result_json = content;
    return end_work(lease, [&] { events_.finished(lease, unchanged); });
  }
  master(lease, grant, is_own, was_free);
}

void SimulatedExecutor::master(LeaseKey lease, const Grant& grant, bool replaces, bool was_free) {
  const TrackKind kind = kind_of_payload(grant.lease.payload_json);
  const auto takes_ms =
      static_cast<std::int64_t>(grant.lease.predicted_cost * 1000 * (0.5 + random_.real01()) / setting_.speed);
  const bool crashes =
      kind == TrackKind::kPoison || (grant.lease.history.crashes == 0 && random_.chance(setting_.executor_crashes));
  if (crashes) return later(random_.between(0, takes_ms), [this] { die(); });
  later(takes_ms, [this, lease, grant, replaces, was_free, kind] {
    if (kind == TrackKind::kFlaky && random_.chance(0.3)) {
      return end_work(lease, [&] { events_.failed(lease, {FailureClass::kTask, "FLAKY", ""}); });
    }
    end_work(lease, [&] {
      Finished done;
      done.job = grant.lease.job_id;
      done.replaces = replaces;
      done.was_free = was_free;
      done.commit.result_json = content_of(grant.header.recipe_sha256, grant.lease.input);
      done.commit.cache = {{cache_key_of(grant.header, grant.lease.input), done.commit.result_json}};
      done.commit.outputs = {{output_path(grant.header.out_dir, grant.lease.input), 1, 0, done.commit.result_json}};
      // The threads that finish put the bytes on the disk meanwhile.
      syncing_.insert(lease);
      later(random_.between(1, 1'500), [this, lease, done]() mutable {
        if (syncing_.erase(lease) == 0 && !setting_.keeps_dropped) return;  // dropped
        done.commit.outputs.front().mtime_ns = timeline_.now_ms() * 1'000'000;
        finished_[lease] = done;
        events_.finished(lease, done.commit);
      });
    });
  });
}

}  // namespace lathe::scheduler::simulation
