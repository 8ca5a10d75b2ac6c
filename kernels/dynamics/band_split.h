// The low-passes that a multiband compressor splits a track with, ready for overlap-save.
//
// Low-pass e is 1 up to 2/3 of its crossover, a half at it, and 0 from 4/3 of it on; its kernel, 4 periods of the
// crossover a side, is cut by a Hann window. Only those that a band at work needs are made. One transform of a block
// serves all of them.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/fft/lane_fft.h"

namespace lathe {

class BandSplit {
 public:
  // is_needed[e]: whether edge e is. At least one is.
  BandSplit(const std::vector<double>& crossovers_hz, const std::vector<bool>& is_needed, double sample_rate_hz);

  std::int64_t points() const { return fft_.points(); }
  std::int64_t half() const { return half_; }
  std::int64_t hop() const { return hop_; }  // samples of output of a block: a multiple of 128
  const LongFft& fft() const { return fft_; }

  bool has(int edge) const { return !edges_[static_cast<std::size_t>(edge)].response.empty(); }
  // Taps h[0..half] of the symmetric kernel.
  const std::vector<double>& taps(int edge) const { return edges_[static_cast<std::size_t>(edge)].taps; }
  // In the order that LongFft reads, divided by points().
  const AlignedArray<float>& arranged(int edge) const { return edges_[static_cast<std::size_t>(edge)].arranged; }
  // Bins 0 .. points() / 2, divided by points(): what a device multiplies by.
  const std::vector<float>& response(int edge) const { return edges_[static_cast<std::size_t>(edge)].response; }

 private:
  struct Edge {
    std::vector<double> taps;
    AlignedArray<float> arranged;
    std::vector<float> response;
  };
  std::int64_t half_;
  LongFft fft_;
  std::int64_t hop_;
  std::vector<Edge> edges_;
};

}  // namespace lathe
