// Delivery profiles as recipes name them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lathe {

// Those that come with Lathe (host/audit/profiles), in order.
const std::vector<std::string>& delivery_profile_names();

// Whether a recipe means a file by it: it has a slash, or ends as YAML files do.
bool is_profile_file(std::string_view name);

}  // namespace lathe
