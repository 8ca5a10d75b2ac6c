#include "kernels/restoration/decrackle.h"

#include <stdexcept>
#include <utility>

#include "kernels/restoration/impulse_remover.h"

namespace lathe {

void DecrackleSettings::check() const {
  if (!(common.strength >= 0 && common.strength <= 1)) throw std::invalid_argument("decrackle: strength is 0 to 1");
}

namespace cpu {

std::unique_ptr<Restorer> make_decrackle(const DecrackleSettings& settings, const RestorationFormat& format) {
  settings.check();
  RemoverDesign design;
  design.name = "decrackle";
  design.scan.threshold = 3.5;
  design.scan.merge = 24;
  design.scan.longest = 110;
  // Crackle is many impulses: a dozen clicks are the declicker's. Where it is, small impulses are likelier than usual.
  design.sure = 1;
  design.least = 5;
  design.least_per_minute = 10;
  design.sure_share = 0.02;
  design.from = -1;
  design.lowest = -9;
  return make_remover(std::move(design), settings.common.tier, format);
}

}  // namespace cpu

}  // namespace lathe
