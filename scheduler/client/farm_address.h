// Where a farm's scheduler is, as people write it: `host:port`, several by commas, or `unix:/path`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lathe::scheduler {

struct FarmAddress {
  std::string text;                // as it was written
  std::vector<std::string> hosts;  // host or literal, without brackets; none for a socket
  std::vector<std::string> ports;  // of `hosts`
  std::string socket;              // path; empty for hosts

  // Nothing of what is said leaves this machine: loopback literals, `localhost`, or a socket.
  bool is_local() const;

  // What gRPC connects to. One host is left to gRPC, which follows its name as it moves; several are looked up here,
  // since gRPC takes lists of numbers only. Throws std::invalid_argument when a name is not known.
  std::string target() const;
};

// Throws std::invalid_argument that says how it should be written.
FarmAddress parse_farm_address(std::string_view text);

}  // namespace lathe::scheduler
