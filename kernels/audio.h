// Views and owners of planar audio: sample(channel, frame) = data[channel * stride + frame], full scale +-1.0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace lathe {

// A window on planar samples that somebody else owns. A frame is one sample of every channel. Copying copies the view.
template <class T>
struct BasicAudioView {
  T* data = nullptr;
  int channels = 0;
  std::int64_t frames = 0;
  std::int64_t stride = 0;  // samples between the starts of two channels; at least `frames`

  T* channel(int c) const { return data + c * stride; }

  // Frames [first, first + count) of every channel. The caller keeps the range inside the view.
  BasicAudioView slice(std::int64_t first, std::int64_t count) const { return {data + first, channels, count, stride}; }

  // To a view that is only read.
  template <class U>
  requires(std::is_same_v<U, const T> && !std::is_const_v<T>) operator BasicAudioView<U>() const {
    return {data, channels, frames, stride};
  }
};

using AudioView = BasicAudioView<const float>;
using MutableAudioView = BasicAudioView<float>;

// Copies samples that are in the cache; `to` may overlap what lies behind it. In short pieces: the C library copies
// long ones with `rep movsb`, which takes three times as long from the cache.
inline void copy_samples(const float* from, std::int64_t count, float* to) {
  constexpr std::int64_t kPiece = 256;
  for (std::int64_t n = 0; n < count; n += kPiece) std::copy_n(from + n, std::min(kPiece, count - n), to + n);
}

}  // namespace lathe
