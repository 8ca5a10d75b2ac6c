#include "scheduler/cli/named_profiles.h"

#include "host/audit/delivery_profile.h"
#include "host/recipe/delivery_profiles.h"

namespace lathe::cli {

void check_named_profiles(const RecipeSource& recipe) {
  const v1::Recipe effective = recipe.effective().recipe;
  for (const v1::Check& check : effective.checks()) {
    if (is_profile_file(check.profile())) load_profile(check.profile());
  }
}

}  // namespace lathe::cli
