// A worker's channel to the farm's scheduler.
#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace lathe::scheduler {

struct FarmDoor {
  std::string scheduler;                  // see farm_address.h
  std::string tls_ca, tls_cert, tls_key;  // PEM files
  std::string token_file;
};

// A new connection at each call, never a shared one. Throws std::invalid_argument: the address, or a file of TLS.
std::shared_ptr<grpc::Channel> make_farm_channel(const FarmDoor& door);

// What is in the file that `option` names; empty without one. Throws std::invalid_argument: cannot be read, or empty.
std::string text_of(const std::string& option, const std::string& file);

// The word in the token file; empty without one. Throws std::invalid_argument.
std::string token_of(const FarmDoor& door);

}  // namespace lathe::scheduler
