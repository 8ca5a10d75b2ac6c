// A mark in a stream: the CPU or another stream can wait for it, and the time between two can be read.
#pragma once

#include <utility>

#include "kernels/cuda/error.h"
#include "kernels/cuda/stream.h"

namespace lathe::cuda {

class Event {
 public:
  // Throws CudaError.
  Event() { check(cudaEventCreate(&event_), "make an event"); }
  ~Event() {
    if (event_ != nullptr) cudaEventDestroy(event_);
  }
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }

  // The mark stands behind all that was pushed onto the stream so far; an earlier mark of this event is forgotten.
  void record(const Stream& stream) { check(cudaEventRecord(event_, stream.get()), "record an event"); }

  // Waits on the CPU until the mark is reached; at once when none was recorded. Throws CudaError.
  void wait() const { check(cudaEventSynchronize(event_), "wait for an event"); }

  // What is pushed onto `stream` from now on waits on the device until the mark is reached.
  void hold_back(const Stream& stream) const {
    check(cudaStreamWaitEvent(stream.get(), event_, 0), "let a stream wait for an event");
  }

  // Device time between two marks that have been waited for; resolution about half a microsecond. Throws CudaError
  // when either was not recorded or not reached.
  double seconds_since(const Event& earlier) const {
    float ms = 0;
    check(cudaEventElapsedTime(&ms, earlier.event_, event_), "read the time between events");
    return 1e-3 * static_cast<double>(ms);
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace lathe::cuda
