#include "host/recipe/recipe_advice.h"

#include "host/recipe/advice.h"

namespace lathe {

void add_advice(const ReadRecipe& read, const Overrides& overrides, std::vector<RecipeProblem>& warnings) {
  Advice advice(read, overrides, warnings);
  advise_on_chains(advice);
  advise_on_delivery(advice);
}

}  // namespace lathe
