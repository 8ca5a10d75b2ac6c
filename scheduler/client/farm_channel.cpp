#include "scheduler/client/farm_channel.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <fstream>
#include <stdexcept>

#include "scheduler/client/farm_address.h"
#include "scheduler/client/farm_connection.h"

namespace lathe::scheduler {
namespace {

constexpr char kWorkerConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": ""}
})";

}  // namespace

std::string text_of(const std::string& option, const std::string& file) {
  if (file.empty()) return {};
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream || text.empty()) throw std::invalid_argument(option + " " + file + ": cannot be read, or is empty");
  return text;
}

std::shared_ptr<grpc::Channel> make_farm_channel(const FarmDoor& door) {
  static std::atomic<int> channels{0};
  const FarmAddress address = parse_farm_address(door.scheduler);
  if (door.tls_cert.empty() != door.tls_key.empty())
    throw std::invalid_argument("--tls-cert and --tls-key belong together: a certificate and its key");
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (door.tls_ca.empty() && door.tls_cert.empty()) {
    if (!door.token_file.empty() && !address.is_local())
      throw std::invalid_argument("the token would cross the network for all to read: use TLS, with --tls-ca FILE");
    credentials = grpc::InsecureChannelCredentials();
  } else {
    credentials = grpc::SslCredentials(
        {text_of("--tls-ca", door.tls_ca), text_of("--tls-key", door.tls_key), text_of("--tls-cert", door.tls_cert)});
  }
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kWorkerConfig);
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt("lathe.channel", ++channels);
  return grpc::CreateCustomChannel(address.target(), credentials, arguments);
}

std::string token_of(const FarmDoor& door) {
  return door.token_file.empty() ? std::string() : read_token(door.token_file);
}

}  // namespace lathe::scheduler
