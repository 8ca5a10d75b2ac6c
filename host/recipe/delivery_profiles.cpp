#include "host/recipe/delivery_profiles.h"

namespace lathe {

bool is_profile_file(std::string_view name) {
  return name.find('/') != name.npos || name.ends_with(".yaml") || name.ends_with(".yml");
}

}  // namespace lathe
