// Clicks and pops.
#pragma once

#include <memory>

#include "kernels/restoration/restorer.h"

namespace lathe {

struct DeclickSettings {
  RestorationSettings common;
  double max_repair_ms = 4;  // 0.1 to 10: what is longer is no click

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {
std::unique_ptr<Restorer> make_declick(const DeclickSettings& settings, const RestorationFormat& format);
}

}  // namespace lathe
