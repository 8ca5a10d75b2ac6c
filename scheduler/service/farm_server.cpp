#include "scheduler/service/farm_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <random>
#include <thread>

#include "host/audio_file/file_descriptor.h"
#include "host/audit/delivery_profile.h"
#include "host/recipe/recipe.h"
#include "scheduler/service/catalog_service.h"
#include "scheduler/service/fleet_service.h"
#include "scheduler/service/job_service.h"
#include "scheduler/service/keeper.h"
#include "scheduler/service/report_service.h"
#include "scheduler/service/worker_service.h"

namespace lathe::scheduler {
namespace {

constexpr int kMaxMessageBytes = 4 << 20;
constexpr std::size_t kQueuedAtMost = 1'024;

bool is_loopback(const std::string& address) {
  if (address.starts_with("unix:")) return true;
  const std::string host = address.substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

// gRPC takes a socket's file from a server that still listens there without a word; one that is left over it replaces.
bool is_taken_socket(const std::string& address) {
  if (!address.starts_with("unix:")) return false;
  const std::string path = address.substr(5);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return false;
  path.copy(name.sun_path, path.size());
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
}

FarmContext::Recipe check_recipe(const std::string& text) {
  try {
    const RecipeSource source = RecipeSource::parse(text, "recipe");
    const std::vector<RecipeProblem> unbuilt = source.unbuilt();
    if (!unbuilt.empty()) throw RecipeErrors(unbuilt);
    EffectiveRecipe effective = source.effective();
    return {std::move(effective.canonical_json), std::move(effective.sha256)};
  } catch (const RecipeErrors& errors) {
    throw std::invalid_argument(errors.what());
  }
}

// Certificates are read again when their files change: rotation needs no restart.
std::shared_ptr<grpc::ServerCredentials> tls_credentials(const TlsFiles& files) {
  for (const std::filesystem::path& path : {files.certificate, files.key, files.client_ca}) {
    if (!path.empty() && !std::ifstream(path)) throw std::runtime_error(path.string() + ": cannot be read");
  }
  const auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      files.key.string(), files.certificate.string(), files.client_ca.string(), 60);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (!files.client_ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace

double random01() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

// In the order in which they must go: the server first, then what its calls stand on.
struct FarmServer::Parts {
  Parts(JobStore& store, const FarmServerSetting& setting)
      : gate(store, setting.token_file ? std::make_unique<TokenFile>(*setting.token_file) : nullptr, setting.threads,
             kQueuedAtMost, setting.on_store_failure),
        farm{store, gate, signal, setting.lease_ms, setting.roots, setting.version, check_recipe, check_profile},
        jobs(farm),
        catalog(farm),
        workers(farm),
        fleet(farm),
        report(farm),
        keeper(store, signal) {}

  static void check_profile(const std::string& name) {
    if (find_shipped_profile(name) == nullptr)
      throw std::invalid_argument("'" + name + "' is no profile of this scheduler's; see `lathe profile list`");
  }

  WorkSignal signal;
  CallGate gate;
  FarmContext farm;
  JobService jobs;
  CatalogService catalog;
  WorkerService workers;
  FleetService fleet;
  ReportService report;
  Keeper keeper;
  std::vector<std::string> addresses;
  std::unique_ptr<grpc::Server> server;
};

FarmServer::FarmServer(JobStore& store, const FarmServerSetting& setting)
    : parts_(std::make_unique<Parts>(store, setting)) {
  ::signal(SIGPIPE, SIG_IGN);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  const auto credentials = setting.tls ? tls_credentials(*setting.tls) : grpc::InsecureServerCredentials();
  std::vector<int> ports(setting.listen.size());
  for (std::size_t i = 0; i < setting.listen.size(); ++i) {
    const std::string& address = setting.listen[i];
    if (!setting.tls && !is_loopback(address)) {
      throw CannotListen("--listen " + address +
                         ": without TLS only loopback and Unix sockets are served; give --tls-cert, --tls-key and "
                         "--tls-client-ca, or listen on 127.0.0.1");
    }
    if (setting.tls && setting.tls->client_ca.empty() && !setting.token_file && !is_loopback(address))
      throw CannotListen("--listen " + address + ": give --tokens or --tls-client-ca, else nobody could be let in");
    if (is_taken_socket(address)) throw CannotListen("cannot listen on " + address + ": in use by another program");
    builder.AddListeningPort(address, credentials, &ports[i]);
  }
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 10 * 60'000);  // replicas come to share the load
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(&parts_->jobs);
  builder.RegisterService(&parts_->catalog);
  builder.RegisterService(&parts_->workers);
  builder.RegisterService(&parts_->fleet);
  builder.RegisterService(&parts_->report);
  parts_->server = builder.BuildAndStart();
  std::string taken;
  for (std::size_t i = 0; i < setting.listen.size(); ++i) {
    std::string address = setting.listen[i];
    if (!parts_->server || (ports[i] == 0 && !address.starts_with("unix:")))
      taken += (taken.empty() ? "" : ", ") + address;
    if (!address.starts_with("unix:")) address = address.substr(0, address.rfind(':') + 1) + std::to_string(ports[i]);
    parts_->addresses.push_back(address);
  }
  if (!parts_->server || !taken.empty())
    throw CannotListen("cannot listen on " + taken + ": in use by another program, or not an address of this machine");
}

FarmServer::~FarmServer() { drain(0); }

const std::vector<std::string>& FarmServer::addresses() const { return parts_->addresses; }

std::shared_ptr<grpc::Channel> FarmServer::in_process_channel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return parts_->server->InProcessChannel(arguments);
}

void FarmServer::drain(std::int64_t grace_ms) {
  if (!parts_->server) return;
  if (auto* health = parts_->server->GetHealthCheckService()) health->SetServingStatus(false);
  parts_->workers.stop();
  parts_->jobs.stop();
  parts_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(grace_ms));
  parts_->server.reset();
}

}  // namespace lathe::scheduler
