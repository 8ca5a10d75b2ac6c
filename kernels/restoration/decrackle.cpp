#include "kernels/restoration/decrackle.h"

#include <cstdlib>
#include <stdexcept>

#include "kernels/restoration/impulse_remover.h"

namespace lathe {

void DecrackleSettings::check() const {
  if (!(common.strength >= 0 && common.strength <= 1)) throw std::invalid_argument("decrackle: strength is 0 to 1");
}

namespace cpu {

std::unique_ptr<Restorer> make_decrackle(const DecrackleSettings& settings, const RestorationFormat& format) {
  settings.check();
  const auto env = [](const char* n, double v) { return std::getenv(n) ? std::atof(std::getenv(n)) : v; };
  RemoverDesign design;
  design.name = "decrackle";
  design.scan.longest = static_cast<int>(env("LONG", 44));
  design.scan.merge = static_cast<int>(env("MERGE", 10));
  design.scan.threshold = env("K", 4);
  design.scan.passes = static_cast<int>(env("PASSES", 3));
  design.lowest = env("LOWEST", -8);
  design.slope = env("SLOPE", 2.5);
  if (settings.common.tier == Tier::fast) {
    design.scan.passes = 1;
    design.repair.iterations = 1;
    design.repair.reach = 0;
  }
  scale_to(format.sample_rate_hz, design.scan, design.repair);
  return std::make_unique<ImpulseRemover>(design, format);
}

}  // namespace cpu

}  // namespace lathe
