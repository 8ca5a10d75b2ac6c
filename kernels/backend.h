// What samples are computed on. Each backend makes the same stages under its own namespace: lathe::cpu, lathe::cuda.
#pragma once

#include <stdexcept>
#include <string>

namespace lathe {

enum class Backend { cpu, cuda };

// Thrown where a stage of a backend is asked for that this build or this machine does not have.
class BackendAbsent : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace cuda {

// Why no stage can be made on a GPU here; empty where one can.
std::string absence();

}  // namespace cuda
}  // namespace lathe
