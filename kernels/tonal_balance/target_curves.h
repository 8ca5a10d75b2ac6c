// Shipped spectra that match_eq can aim at, by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/tonal_balance/match_curve.h"

namespace lathe {

// In the order they are listed to users.
std::vector<std::string> target_names();

// Throws std::invalid_argument for a name that is not among them.
ToneAim target_aim(std::string_view name);

}  // namespace lathe
