// One scheduler: the services on a store, listening on an address, in this process, or both.
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "scheduler/store/job_store.h"

namespace grpc {
class Channel;
}

namespace lathe::scheduler {

struct TlsFiles {
  std::filesystem::path certificate, key;  // the server's own, PEM
  std::filesystem::path client_ca;  // who signs the certificates of workers and people; empty: none are asked for
};

struct FarmServerSetting {
  std::vector<std::string>
      listen;  // "127.0.0.1:7411", "[::1]:7411", "unix:/run/lathe.sock"; none: in this process only
  std::optional<TlsFiles> tls;
  std::optional<std::filesystem::path> token_file;
  std::vector<std::string> roots;
  std::int64_t lease_ms = 30'000;
  int threads = 8;  // for the database
  std::string version;
  // Called from any thread when the store could not be used; calls are answered with UNAVAILABLE all the same.
  std::function<void(const std::exception&)> on_store_failure;
};

// An address cannot be listened on, or must not: it says which and why.
class CannotListen : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class FarmServer {
 public:
  // Serves from now on. Throws CannotListen, and std::runtime_error for a file of `setting` that is wrong.
  FarmServer(JobStore& store, const FarmServerSetting& setting);
  // Stops at once.
  ~FarmServer();
  FarmServer(const FarmServer&) = delete;
  FarmServer& operator=(const FarmServer&) = delete;

  // As they are, where a port was left to the system (":0").
  const std::vector<std::string>& addresses() const;
  std::shared_ptr<grpc::Channel> in_process_channel();

  // Says "not serving" to health checks, ends long polls and watches, lets the other calls end, for at most `grace_ms`.
  void drain(std::int64_t grace_ms);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lathe::scheduler
