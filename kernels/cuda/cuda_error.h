// What is thrown when a GPU that was there fails at its work. Needs no CUDA header: host and scheduler catch it.
#pragma once

#include <stdexcept>
#include <string>

namespace lathe::cuda {

class CudaError : public std::runtime_error {
 public:
  enum class Kind {
    call,           // this call failed; the device goes on working
    out_of_memory,  // the device (or pinned host memory) is full: less at once may fit
    context_lost,   // sticky: every later call of this process fails as well; only a new process can use the GPU
  };

  // `code` is the cudaError_t, or the cufftResult where cuFFT failed.
  CudaError(Kind kind, int code, const std::string& message) : std::runtime_error(message), kind_(kind), code_(code) {}

  Kind kind() const { return kind_; }
  int code() const { return code_; }
  bool is_context_lost() const { return kind_ == Kind::context_lost; }
  bool is_out_of_memory() const { return kind_ == Kind::out_of_memory; }

 private:
  Kind kind_;
  int code_;
};

}  // namespace lathe::cuda
