#include "scheduler/worker/finished_event.h"

#include "scheduler/worker/digest.h"

namespace lathe::scheduler {

bool holds_the_same(const OutputRecord& output) {
  std::error_code error;
  return std::filesystem::file_size(output.path, error) == static_cast<std::uintmax_t>(output.bytes) && !error &&
         file_sha256(output.path) == output.sha256;
}

v1::ExecutorEvent finished_event(FinishedTask& task, const v1::LeaseRef& lease, std::vector<std::string> log_lines) {
  v1::ExecutorEvent event;
  v1::CommitResultRequest& result = *event.mutable_finished()->mutable_result();
  *result.mutable_lease() = lease;
  result.set_state(task.is_unchanged ? v1::TASK_STATE_UNCHANGED : v1::TASK_STATE_DONE);
  result.set_result_json(task.result_json);
  result.set_cache_key(task.cache_key);
  *result.mutable_input() = identity_message(task.input);
  result.set_content_hash(task.content_hash);
  for (const auto& [input, hash] : task.more_inputs) {
    v1::CommitResultRequest::MemberInput& member = *result.add_more_inputs();
    *member.mutable_input() = identity_message(input);
    member.set_content_hash(hash);
  }
  for (std::size_t i = 0; i < task.outputs.size(); ++i) {
    task.outputs[i].mtime_ns = identity_of(task.files[i].path()).mtime_ns;
    v1::OutputFile& file = *result.add_outputs();
    file.set_path(task.outputs[i].path);
    file.set_bytes(task.outputs[i].bytes);
    file.set_mtime_ns(task.outputs[i].mtime_ns);
    file.set_sha256(task.outputs[i].sha256);
  }
  v1::WorkerLoad& load = *event.mutable_finished()->mutable_load();
  load.set_decode_s(task.busy.decode);
  load.set_kernels_s(task.busy.kernels);
  load.set_limiter_s(task.busy.limiter);
  load.set_encode_s(task.busy.encode);
  load.set_io_s(task.busy.io);
  load.set_audio_s(task.audio_s);
  for (std::string& line : log_lines) event.mutable_finished()->add_log_lines(std::move(line));
  return event;
}

}  // namespace lathe::scheduler
