#include "scheduler/client/farm_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <stdexcept>

namespace lathe::scheduler {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw std::invalid_argument(fmt::format(
      "scheduler address '{}': {}; write host:port, several as host:port,host:port, or unix:/path", text, why));
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

bool is_loopback(const std::string& host) {
  in6_addr address{};
  if (host == "localhost") return true;
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) return host.starts_with("127.");
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
}

void add_host(FarmAddress& address, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) refuse(text, "has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    refuse(text, "an IPv6 address stands in brackets, as [::1]:7777");
  }
  if (host.empty()) refuse(text, "has no host");
  if (host.find('/') != std::string_view::npos) refuse(text, "is a URL or a path, not a host");
  if (!is_port(port)) refuse(text, "its port is no number from 1 to 65535");
  address.hosts.emplace_back(host);
  address.ports.emplace_back(port);
}

// Numbers of one family, "1.2.3.4:5" or "[::1]:5"; empty where the host has none of it.
std::vector<std::string> numbers_of(const std::string& host, const std::string& port, int family) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  std::vector<std::string> numbers;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char number[NI_MAXHOST];
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, number, sizeof number, nullptr, 0, NI_NUMERICHOST) != 0) continue;
    numbers.push_back(family == AF_INET6 ? fmt::format("[{}]:{}", number, port) : fmt::format("{}:{}", number, port));
  }
  return numbers;
}

}  // namespace

bool FarmAddress::is_local() const { return !socket.empty() || std::ranges::all_of(hosts, is_loopback); }

std::string FarmAddress::target() const {
  if (!socket.empty()) return "unix:" + socket;
  if (hosts.size() == 1) {
    in_addr number{};
    if (hosts[0].find(':') != std::string::npos) return fmt::format("ipv6:[{}]:{}", hosts[0], ports[0]);
    const bool is_ipv4 = ::inet_pton(AF_INET, hosts[0].c_str(), &number) == 1;
    return fmt::format("{}{}:{}", is_ipv4 ? "ipv4:" : "dns:///", hosts[0], ports[0]);
  }
  // One list is of one family: IPv4 if every host has it.
  for (const int family : {AF_INET, AF_INET6}) {
    std::vector<std::string> all;
    bool has_all = true;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      const std::vector<std::string> numbers = numbers_of(hosts[i], ports[i], family);
      has_all = has_all && !numbers.empty();
      all.insert(all.end(), numbers.begin(), numbers.end());
    }
    if (has_all) return fmt::format("{}:{}", family == AF_INET ? "ipv4" : "ipv6", fmt::join(all, ","));
  }
  refuse(text, "not all of its hosts are known by name, or they share neither IPv4 nor IPv6");
}

FarmAddress parse_farm_address(std::string_view text) {
  FarmAddress address;
  address.text = text;
  if (text.empty()) refuse(text, "is empty");
  if (text.starts_with("unix:")) {
    address.socket = text.substr(5);
    if (address.socket.empty()) refuse(text, "has no path");
    if (address.socket.find(',') != std::string::npos) refuse(text, "a socket stands alone");
    return address;
  }
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    add_host(address, text.substr(at, comma - at));
    at = comma + 1;
  }
  return address;
}

}  // namespace lathe::scheduler
