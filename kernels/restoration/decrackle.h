// Crackle: dense small impulses.
#pragma once

#include <memory>

#include "kernels/restoration/restorer.h"

namespace lathe {

struct DecrackleSettings {
  RestorationSettings common;

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {
std::unique_ptr<Restorer> make_decrackle(const DecrackleSettings& settings, const RestorationFormat& format);
}

}  // namespace lathe
