#include "kernels/restoration/decrackle.h"

#include <stdexcept>
#include <utility>

#include "kernels/restoration/impulse_remover.h"

namespace lathe {

void DecrackleSettings::check() const {
  if (!(common.strength >= 0 && common.strength <= 1)) throw std::invalid_argument("decrackle: strength is 0 to 1");
}

RemoverDesign decrackle_design(const DecrackleSettings& settings, const RestorationFormat& format) {
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
  return designed_for(std::move(design), settings.common.tier, format);
}

std::unique_ptr<Restorer> cpu::make_decrackle(const DecrackleSettings& settings, const RestorationFormat& format) {
  const RemoverDesign design = decrackle_design(settings, format);
  return std::make_unique<ImpulseRemover>(design, format, make_impulse_scanner(design.scan, format.channels));
}

std::unique_ptr<Restorer> cuda::make_decrackle(Accelerator& accelerator, const DecrackleSettings& settings,
                                               const RestorationFormat& format) {
  const RemoverDesign design = decrackle_design(settings, format);
  return std::make_unique<ImpulseRemover>(design, format,
                                          make_impulse_scanner(accelerator, design.scan, format.channels));
}

}  // namespace lathe
