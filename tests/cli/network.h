// Networks that fail, for one test: namespaces of the kernel's with a cable between, and a relay between two programs.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace lathe::test {

// A network of its own, with nothing but loopback in it. It is gone with the object and the programs in it.
class NetworkNamespace {
 public:
  NetworkNamespace();
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  // Why there is none; empty if there is.
  const std::string& absence() const { return absence_; }
  int descriptor() const { return descriptor_; }
  // Runs a line of the shell in it. True if it went well.
  bool run(const std::string& line) const;
  // A cable between the two, with an address at each end: "10.0.0.1/30". The ends are called cable here and there.
  bool connect(const NetworkNamespace& other, const std::string& here, const std::string& there) const;

 private:
  int descriptor_ = -1;
  std::string absence_;
};

// Stands between programs and a server on loopback. Connections that were swallowed stay open and dead for good, as
// those to a machine that has vanished; new ones are passed on once nothing is swallowed any more.
class TcpRelay {
 public:
  explicit TcpRelay(int server_port);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // At most so many bytes every 5 ms, each way; 0: as fast as it goes.
  void trickle(int bytes) { bytes_a_tick_ = bytes; }
  void swallow(bool on) { swallows_ = on; }
  // Connections that were made through it so far.
  int connections() const { return connections_; }

 private:
  void accept_all(const std::stop_token& stop);
  void pass_on(const std::stop_token& stop, int client, int server);

  const int server_port_;
  int listener_ = -1, port_ = 0;
  std::atomic<int> bytes_a_tick_{0}, connections_{0};
  std::atomic<bool> swallows_{false};
  std::list<std::jthread> passing_;
  std::jthread accepting_;
};

}  // namespace lathe::test
