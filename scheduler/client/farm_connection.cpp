#include "scheduler/client/farm_connection.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "lathe/v1/catalog.grpc.pb.h"
#include "lathe/v1/fleet.grpc.pb.h"
#include "lathe/v1/job.grpc.pb.h"
#include "lathe/v1/report.grpc.pb.h"
#include "scheduler/client/farm_address.h"
#include "scheduler/client/farm_channel.h"
#include "scheduler/client/line.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;

// Pieces of AddTasks; the scheduler takes messages of 4 MiB.
constexpr int kTasksAPiece = 1000;
constexpr std::size_t kBytesAPiece = 2 << 20;
constexpr int kPiecesAStream = 16;
// Replies: a page of results may be larger than what the scheduler itself takes.
constexpr int kLargestReply_bytes = 64 << 20;
constexpr int kLargestRequest_bytes = 4 << 20;

// Calls are spread over the replicas that say they are well. What may be repeated without a thought is repeated by gRPC
// at once, most likely at another replica; Repeats does the rest. AddTasks goes on from what the scheduler has instead.
constexpr const char* kCallerConfig = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": ""},
  "methodConfig": [{
    "name": [{"service": "lathe.v1.JobService"}, {"service": "lathe.v1.FleetService"}, {"service": "lathe.v1.ReportService"},
             {"service": "lathe.v1.CatalogService", "method": "ListTasks"},
             {"service": "lathe.v1.CatalogService", "method": "GetTask"},
             {"service": "lathe.v1.CatalogService", "method": "ExplainTask"},
             {"service": "lathe.v1.CatalogService", "method": "GetTaskLog"}],
    "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.05s", "maxBackoff": "0.5s", "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"]}
  }]
})";

// What can stand in a header: gRPC ends the process over anything else.
bool is_word(const std::string& token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](unsigned char c) { return c > ' ' && c <= '~'; });
}

std::shared_ptr<grpc::ChannelCredentials> credentials_of(const FarmOptions& options, const FarmAddress& address) {
  const bool has_files = !options.tls_ca.empty() || !options.tls_cert.empty() || !options.tls_key.empty();
  if (!options.token.empty() && !is_word(options.token))
    throw std::invalid_argument("the token is more than one word of ASCII; look at LATHE_TOKEN");
  if (options.tls_cert.empty() != options.tls_key.empty())
    throw std::invalid_argument("--tls-cert and --tls-key belong together: a certificate and its key");
  if (options.use_tls || has_files) {
    return grpc::SslCredentials({text_of("--tls-ca", options.tls_ca), text_of("--tls-key", options.tls_key),
                                 text_of("--tls-cert", options.tls_cert)});
  }
  if (!options.token.empty() && !address.is_local()) {
    throw std::invalid_argument(fmt::format(
        "the token would cross the network to {} for all to read: use TLS, with --tls or --tls-ca FILE", address.text));
  }
  return grpc::InsecureChannelCredentials();
}

Ending ending_of(const grpc::Status& status) { return {status.error_code(), status.error_message()}; }

// Ends the call under way when the user interrupts.
class InterruptWatch {
 public:
  explicit InterruptWatch(const std::atomic<bool>* interrupted) {
    if (interrupted == nullptr) return;
    thread_ = std::jthread([this, interrupted](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        if (*interrupted) {
          const std::lock_guard lock(mutex_);
          if (call_ != nullptr) call_->TryCancel();
        }
        std::this_thread::sleep_for(30ms);
      }
    });
  }
  void look_at(grpc::ClientContext* call) {
    const std::lock_guard lock(mutex_);
    call_ = call;
  }

 private:
  std::mutex mutex_;
  grpc::ClientContext* call_ = nullptr;
  std::jthread thread_;
};

}  // namespace

struct FarmConnection::Line {
  explicit Line(FarmOptions given)
      : options(std::move(given)),
        address(parse_farm_address(options.scheduler)),
        credentials(credentials_of(options, address)),
        interrupts(options.is_interrupted) {
    connect();
  }

  void connect() {
    grpc::ChannelArguments arguments;
    arguments.SetServiceConfigJSON(kCallerConfig);
    arguments.SetMaxReceiveMessageSize(kLargestReply_bytes);
    arguments.SetMaxSendMessageSize(kLargestRequest_bytes);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    std::string name = options.tls_name;
    if (name.empty() && address.hosts.size() > 1) name = address.hosts[0];
    if (!name.empty()) arguments.SetSslTargetNameOverride(name);
    const auto channel = grpc::CreateCustomChannel(address.target(), credentials, arguments);
    jobs = v1::JobService::NewStub(channel);
    catalog = v1::CatalogService::NewStub(channel);
    fleet = v1::FleetService::NewStub(channel);
    reports = v1::ReportService::NewStub(channel);
  }

  // Readies the context of an attempt.
  void prepare(grpc::ClientContext& context, std::chrono::system_clock::time_point deadline) {
    context.set_deadline(deadline);
    if (!options.token.empty()) context.AddMetadata("authorization", "Bearer " + options.token);
    interrupts.look_at(&context);
  }

  // Reads a stream to its end, also where what is done with it throws: then the stream ends first.
  template <class Reader>
  grpc::Status finish(grpc::ClientContext& context, Reader& reader, const std::function<void()>& read) {
    std::exception_ptr thrown;
    try {
      read();
    } catch (...) {
      thrown = std::current_exception();
      context.TryCancel();
    }
    const grpc::Status status = reader.Finish();
    interrupts.look_at(nullptr);
    if (thrown) std::rethrow_exception(thrown);
    return status;
  }

  // An attempt has failed: waits, or throws.
  void failed(Repeats& repeats, const Ending& ending) {
    repeats.failed(ending);
    // Several hosts are looked up by us: they may have moved.
    if (address.hosts.size() > 1 && repeats.count() % 4 == 0) connect();
  }

  template <class Response, class Stub, class Request>
  Response unary(Stub& stub,
                 grpc::Status (Stub::element_type::*method)(grpc::ClientContext*, const Request&, Response*),
                 const Request& request) {
    Repeats repeats(options, state);
    for (;;) {
      grpc::ClientContext context;
      prepare(context, repeats.deadline(options.attempt_deadline));
      Response response;
      const grpc::Status status = (stub.get()->*method)(&context, request, &response);
      interrupts.look_at(nullptr);
      if (status.ok()) {
        repeats.answered();
        return response;
      }
      failed(repeats, ending_of(status));
    }
  }

  FarmOptions options;
  FarmAddress address;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  InterruptWatch interrupts;
  LineState state;
  std::unique_ptr<v1::JobService::Stub> jobs;
  std::unique_ptr<v1::CatalogService::Stub> catalog;
  std::unique_ptr<v1::FleetService::Stub> fleet;
  std::unique_ptr<v1::ReportService::Stub> reports;
};

std::string read_token(const std::string& file) {
  std::string token = text_of("--token-file", file);
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  token.erase(token.begin(), std::find_if_not(token.begin(), token.end(), is_space));
  token.erase(std::find_if_not(token.rbegin(), token.rend(), is_space).base(), token.end());
  if (!is_word(token))
    throw std::invalid_argument(fmt::format("--token-file {}: holds no token, which is one word", file));
  return token;
}

bool is_over(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_SUCCEEDED_WITH_FAILURES ||
         state == v1::JOB_STATE_CANCELLED;
}

FarmConnection::FarmConnection(FarmOptions options) {
  ::setenv("GRPC_VERBOSITY", "NONE", 0);  // what matters of a failed connection is in the call's status
  line_ = std::make_unique<Line>(std::move(options));
}
FarmConnection::~FarmConnection() = default;
FarmConnection::FarmConnection(FarmConnection&&) noexcept = default;

void FarmConnection::wait_without_end() { line_->state.waits_without_end = true; }

#define LATHE_CALL(service, Name)                                                  \
  v1::Name##Response FarmConnection::call(const v1::Name##Request& request) {      \
    using Stub = std::remove_reference_t<decltype(*line_->service)>;               \
    return line_->unary<v1::Name##Response>(line_->service, &Stub::Name, request); \
  }
LATHE_CALL(jobs, CreateJob)
LATHE_CALL(jobs, SealJob)
LATHE_CALL(jobs, GetJob)
LATHE_CALL(jobs, ListJobs)
LATHE_CALL(jobs, CancelJob)
LATHE_CALL(jobs, PauseJob)
LATHE_CALL(jobs, ResumeJob)
LATHE_CALL(jobs, UpdateJob)
LATHE_CALL(jobs, RetryJob)
LATHE_CALL(catalog, ListTasks)
LATHE_CALL(catalog, GetTask)
LATHE_CALL(catalog, ExplainTask)
LATHE_CALL(catalog, GetTaskLog)
LATHE_CALL(fleet, ListWorkers)
LATHE_CALL(fleet, DrainWorker)
LATHE_CALL(fleet, RestoreWorker)
LATHE_CALL(fleet, ListCalls)
#undef LATHE_CALL

std::int64_t FarmConnection::add_tasks(std::int64_t job_id, const std::vector<v1::TaskSpec>& tasks, std::int64_t from,
                                       const std::function<void(std::int64_t)>& on_sent) {
  const auto total = static_cast<std::int64_t>(tasks.size());
  Repeats repeats(line_->options, line_->state);
  std::int64_t at = from;  // what the scheduler has, as far as it has said so
  while (at < total) {
    grpc::ClientContext context;
    line_->prepare(context, repeats.deadline(3 * line_->options.attempt_deadline));
    v1::AddTasksResponse response;
    const auto writer = line_->catalog->AddTasks(&context, &response);
    std::int64_t sent = at;
    for (int piece = 0; piece < kPiecesAStream && sent < total; ++piece) {
      v1::AddTasksRequest request;
      request.set_job_id(job_id);
      request.set_first_position(sent);
      std::size_t bytes = 0;
      while (sent < total && request.tasks_size() < kTasksAPiece &&
             (request.tasks_size() == 0 || bytes < kBytesAPiece)) {
        *request.add_tasks() = tasks[static_cast<std::size_t>(sent++)];
        bytes += request.tasks(request.tasks_size() - 1).ByteSizeLong();
      }
      if (!writer->Write(request)) break;
      if (on_sent) on_sent(sent);
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    line_->interrupts.look_at(nullptr);
    std::int64_t has = response.task_count();
    if (!status.ok()) {
      line_->failed(repeats, ending_of(status));
      v1::GetJobRequest which;
      which.set_job_id(job_id);
      has = call(which).job().task_count();
    } else if (has <= at) {
      throw FarmError(FarmFault::other, fmt::format("{} took tracks and says it has {} of them, where it had {}",
                                                    line_->options.scheduler, has, at));
    }
    if (has > at) repeats.answered();
    at = has;
  }
  return at;
}

void FarmConnection::watch(v1::WatchJobRequest request,
                           const std::function<bool(const v1::WatchJobResponse&)>& on_message) {
  Repeats repeats(line_->options, line_->state);
  for (;;) {
    grpc::ClientContext context;
    const auto deadline = repeats.deadline(line_->options.stream_deadline);
    line_->prepare(context, deadline);
    const auto reader = line_->jobs->WatchJob(&context, request);
    bool is_enough = false, has_ended = false;
    v1::WatchJobResponse message;
    const auto read = [&] {
      while (!is_enough && reader->Read(&message)) {
        repeats.answered();
        request.set_job_id(message.job().job_id());
        request.set_after_sequence(message.sequence());
        is_enough = !on_message(message);
        has_ended = is_over(message.job().state());
      }
      if (is_enough) context.TryCancel();
    };
    const grpc::Status status = line_->finish(context, *reader, read);
    // The job's end may be told in several messages; after the last one the scheduler ends the stream.
    if (is_enough || (has_ended && status.ok())) return;
    Ending ending = ending_of(status);
    if (ending.is_ok()) ending = {grpc::StatusCode::UNAVAILABLE, "it ended the stream"};
    line_->failed(repeats, ending);
  }
}

v1::Job FarmConnection::report(std::int64_t job_id, const std::function<void(const v1::Task&)>& on_task) {
  v1::StreamReportRequest request;
  request.set_job_id(job_id);
  v1::Job job;
  Repeats repeats(line_->options, line_->state);
  for (;;) {
    grpc::ClientContext context;
    line_->prepare(context, repeats.deadline(line_->options.stream_deadline));
    const auto reader = line_->reports->StreamReport(&context, request);
    v1::StreamReportResponse message;
    const auto read = [&] {
      while (reader->Read(&message)) {
        repeats.answered();
        if (message.has_job()) {
          job = message.job();
          request.set_job_id(job.job_id());
        }
        for (const v1::Task& task : message.tasks()) {
          if (request.has_after_position() && task.position() <= request.after_position()) continue;
          on_task(task);
          request.set_after_position(task.position());
        }
      }
    };
    const grpc::Status status = line_->finish(context, *reader, read);
    if (status.ok()) return job;
    line_->failed(repeats, ending_of(status));
  }
}

}  // namespace lathe::scheduler
