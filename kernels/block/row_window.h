// The same stretch of time of several channels, in the memory that block kernels work on.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/block/checked_memory.h"
#include "kernels/math/host_device.h"

namespace lathe::block {

// `rows` planar channels; frame n of row r is data[r * stride + n], which is frame `first_frame` + n of its track
// (below 0 before the track). In a batch, row r is channel r % channels of track r / channels. Copying copies the view.
template <class T>
struct RowWindow {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t frames = 0;
  std::int64_t stride = 0;  // samples between the starts of two rows; at least `frames`
  std::int64_t first_frame = 0;

  LATHE_HOST_DEVICE T& at(std::int64_t row, std::int64_t n) const {
    check_index(row, rows, "global (rows of a window)");
    check_index(n, frames, "global (frames of a window)");
    return data[row * stride + n];
  }

  // Silence outside the window.
  LATHE_HOST_DEVICE std::remove_const_t<T> or_silence(std::int64_t row, std::int64_t n) const {
    return n >= 0 && n < frames ? at(row, n) : T{0};
  }

  // Whether four_at() may be asked for frames n, n + 4, n + 8 … of a row.
  LATHE_HOST_DEVICE bool is_aligned(std::int64_t row, std::int64_t n) const {
    return reinterpret_cast<std::uintptr_t>(data + row * stride + n) % sizeof(Four) == 0;
  }
  LATHE_HOST_DEVICE Four four_at(std::int64_t row, std::int64_t n) const {
    check_index(n + 3, frames, "global (frames of a window)");
    return *reinterpret_cast<const Four*>(&at(row, n));
  }

  // Frames [first, first + count) of every row. The caller keeps the range inside the window.
  RowWindow slice(std::int64_t first, std::int64_t count) const {
    return {data + first, rows, count, stride, first_frame + first};
  }

  // To a window that is only read.
  template <class U>
  requires(std::is_same_v<U, const T> && !std::is_const_v<T>) operator RowWindow<U>() const {
    return {data, rows, frames, stride, first_frame};
  }
};

using InputRows = RowWindow<const float>;
using OutputRows = RowWindow<float>;

}  // namespace lathe::block
