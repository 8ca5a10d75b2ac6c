#include "kernels/restoration/declick.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "kernels/restoration/impulse_remover.h"

namespace lathe {

void DeclickSettings::check() const {
  if (!(common.strength >= 0 && common.strength <= 1)) throw std::invalid_argument("declick: strength is 0 to 1");
  if (!(max_repair_ms >= 0.05 && max_repair_ms <= 50))
    throw std::invalid_argument("declick: max_repair_ms is 0.05 to 50");
}

namespace {

// Of what is longer the model knows nothing any more; what is shorter is a sample or two.
constexpr double kShortestRepair_ms = 0.1, kLongestRepair_ms = 10;

}  // namespace

RemoverDesign declick_design(const DeclickSettings& settings, const RestorationFormat& format) {
  settings.check();
  RemoverDesign design;
  design.name = "declick";
  design.scan.longest =
      static_cast<int>(std::lround(44.1 * std::clamp(settings.max_repair_ms, kShortestRepair_ms, kLongestRepair_ms)));
  return designed_for(std::move(design), settings.common.tier, format);
}

std::unique_ptr<Restorer> cpu::make_declick(const DeclickSettings& settings, const RestorationFormat& format) {
  const RemoverDesign design = declick_design(settings, format);
  return std::make_unique<ImpulseRemover>(design, format, make_impulse_scanner(design.scan, format.channels));
}

std::unique_ptr<Restorer> cuda::make_declick(Accelerator& accelerator, const DeclickSettings& settings,
                                             const RestorationFormat& format) {
  const RemoverDesign design = declick_design(settings, format);
  return std::make_unique<ImpulseRemover>(design, format,
                                          make_impulse_scanner(accelerator, design.scan, format.channels));
}

}  // namespace lathe
