// Takes mains hum away: a harmonic series that is always there, subtracted line by line.
#pragma once

#include <memory>
#include <optional>

#include "kernels/restoration/restorer.h"

namespace lathe {

struct DehumSettings {
  RestorationSettings common;
  double freq_hz = 0;                   // of the fundamental, 15 to 500; 0: found
  int harmonics = 8;                    // 1 to 16, the fundamental counted
  std::optional<double> depth_db = {};  // lines go down by no more than this; above 0

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {

std::unique_ptr<Restorer> make_dehum(const DehumSettings& settings, const RestorationFormat& format);

}  // namespace cpu
}  // namespace lathe
