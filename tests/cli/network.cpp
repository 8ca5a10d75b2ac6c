#include "tests/cli/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace lathe::test {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool send_all(int to, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t sent = ::send(to, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

NetworkNamespace::NetworkNamespace() {
  std::thread([this] {
    if (::unshare(CLONE_NEWNET) != 0) {
      absence_ = std::string("no network of its own can be made here: ") + std::strerror(errno);
      return;
    }
    descriptor_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  }).join();
  if (absence_.empty() && !run("ip link set lo up")) absence_ = "`ip` cannot be used in a network of its own";
}

NetworkNamespace::~NetworkNamespace() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// A thread that goes there and comes back no more: its children are there, too.
bool NetworkNamespace::run(const std::string& line) const {
  bool is_well = false;
  std::thread([&] {
    is_well = ::setns(descriptor_, CLONE_NEWNET) == 0 && std::system((line + " >/dev/null 2>&1").c_str()) == 0;
  }).join();
  return is_well;
}

bool NetworkNamespace::connect(const NetworkNamespace& other, const std::string& here, const std::string& there) const {
  const std::string end = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(other.descriptor_);
  return run("ip link add cable type veth peer name cable netns " + end) &&
         run("ip addr add " + here + " dev cable && ip link set cable up") &&
         other.run("ip addr add " + there + " dev cable && ip link set cable up");
}

TcpRelay::TcpRelay(int server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("the relay cannot listen");
  port_ = ntohs(address.sin_port);
  accepting_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

TcpRelay::~TcpRelay() {
  accepting_.request_stop();
  accepting_.join();
  passing_.clear();
  ::close(listener_);
}

void TcpRelay::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, 20) != 1) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(server_port_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      ::close(server);
      continue;
    }
    ++connections_;
    passing_.emplace_back([this, client, server](const std::stop_token& ends) { pass_on(ends, client, server); });
  }
}

void TcpRelay::pass_on(const std::stop_token& stop, int client, int server) {
  bool is_dead = false;
  pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
  char bytes[65536];
  for (bool is_open = true; is_open && !stop.stop_requested();) {
    const int limit = bytes_a_tick_;
    // An end that hung up has no more to say, and neither has the other by way of us.
    if (::poll(ends, 2, 20) > 0) {
      for (int from = 0; from < 2; ++from) {
        if (ends[from].revents == 0) continue;
        const ssize_t got = ::recv(ends[from].fd, bytes, limit > 0 ? static_cast<std::size_t>(limit) : sizeof bytes, 0);
        is_dead = is_dead || swallows_;
        if (got <= 0 && is_dead) {
          ends[from].fd = -1;  // the other end does not hear of it
        } else if (got <= 0 || (!is_dead && !send_all(ends[1 - from].fd, bytes, static_cast<std::size_t>(got)))) {
          is_open = false;
        }
      }
    }
    is_dead = is_dead || swallows_;
    if (limit > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ::close(client);
  ::close(server);
}

}  // namespace lathe::test
