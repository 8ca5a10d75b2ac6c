#include "tests/scheduler/fake_farm.h"

#include <grpcpp/health_check_service_interface.h>

#include "tests/scheduler/fake_services.h"

namespace lathe::test {

namespace {

std::shared_ptr<grpc::ServerCredentials> credentials_of(const FakeCertificates& certificates) {
  if (certificates.key.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = certificates.authority;
  options.pem_key_cert_pairs.push_back({certificates.key, certificates.certificate});
  return grpc::SslServerCredentials(options);
}

}  // namespace

struct FakeFarm::Server {
  explicit Server(FakeFarm& farm) {
    services.push_back(make_fake_jobs(farm));
    services.push_back(make_fake_catalog(farm));
    services.push_back(make_fake_fleet(farm));
    services.push_back(make_fake_reports(farm));
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(farm.port_), credentials_of(farm.certificates_), &port);
    for (const auto& service : services) builder.RegisterService(service.get());
    server = builder.BuildAndStart();
    farm.port_ = port;
  }

  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> server;
};

FakeFarm::FakeFarm() { start(); }
FakeFarm::FakeFarm(FakeCertificates certificates) : certificates_(std::move(certificates)) { start(); }
FakeFarm::~FakeFarm() { stop(); }

std::string FakeFarm::address() const { return "127.0.0.1:" + std::to_string(port_); }

void FakeFarm::stop() {
  is_stopping_ = true;
  if (server_) server_->server->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

void FakeFarm::start() {
  is_stopping_ = false;
  server_ = std::make_unique<Server>(*this);
}

void FakeFarm::drain() { server_->server->GetHealthCheckService()->SetServingStatus(false); }

void FakeFarm::end_task(std::int64_t job_id, std::int64_t position, v1::TaskState state, const std::string& result_json,
                        const std::string& reason_code, const std::string& message) {
  const std::lock_guard lock(mutex_);
  FakeJob& job = jobs_.at(static_cast<std::size_t>(job_id - 1));
  v1::Task& task = job.tasks.at(static_cast<std::size_t>(position));
  task.set_state(state);
  task.set_result_json(result_json);
  task.set_reason_code(reason_code);
  task.set_message(message);
  v1::TaskCounts& counts = *job.job.mutable_counts();
  counts.set_pending(counts.pending() - 1);
  if (state == v1::TASK_STATE_DONE) counts.set_done(counts.done() + 1);
  if (state == v1::TASK_STATE_UNCHANGED) counts.set_unchanged(counts.unchanged() + 1);
  if (state == v1::TASK_STATE_FAILED) counts.set_failed(counts.failed() + 1);
  job.ended_at.push_back(++job.sequence);
  auto& end = job.ended.emplace_back();
  end.set_task_id(task.task_id());
  end.set_position(position);
  end.set_input(task.spec().input());
  end.set_state(state);
  end.set_reason_code(reason_code);
  end.set_message(message);
  if (counts.pending() > 0) return;
  job.job.set_state(counts.failed() > 0 ? v1::JOB_STATE_SUCCEEDED_WITH_FAILURES : v1::JOB_STATE_SUCCEEDED);
  job.job.set_finished_ms(job.job.created_ms() + 60'000);
}

std::int64_t FakeFarm::calls(const std::string& method) {
  const std::lock_guard lock(mutex_);
  return calls_[method];
}

}  // namespace lathe::test
