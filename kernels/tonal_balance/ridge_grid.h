// A spectrum against its own surroundings, on a grid of equal ratios: where it stands out, and by how much.
#pragma once

#include <cstdint>
#include <vector>

namespace lathe {

class RidgeGrid {
 public:
  static constexpr int kPerOctave = 48;
  // The surroundings: from 1/8 to 3/8 octave to each side.
  static constexpr int kNear = kPerOctave / 8, kFar = 3 * kPerOctave / 8;

  // From `from_hz` to `to_hz`, or as far as a spectrum with that many bins of `bin_hz` has surroundings.
  RidgeGrid(double from_hz, double to_hz, double bin_hz, std::int64_t bins);

  // Points that have surroundings.
  int size() const {
    return static_cast<int>(points_.size()) > 2 * kFar ? static_cast<int>(points_.size()) - 2 * kFar : 0;
  }
  double hz(int point) const { return hz_at(point); }
  // Between points, too.
  double hz_at(double place) const;

  // to[point]: the level in dB under a raised cosine of half-width 1/24 octave (two bins at least), less the mean level
  // of its surroundings. `power` holds bins `stride` apart. `levels` is work space.
  template <class Number>
  void prominence(const Number* power, std::int64_t stride, std::vector<double>& levels, std::vector<double>& to) const;

 private:
  struct Point {
    std::int64_t first_bin;
    std::vector<double> weights;  // of the bins from there on; sum 1
  };
  double lowest_hz_;
  std::vector<Point> points_;  // kFar more at each end
};

}  // namespace lathe
