#include "host/recipe/stage_groups.h"

namespace lathe {

bool restores(const v1::Stage& stage) {
  switch (stage.kind_case()) {
    case v1::Stage::kDeclick:
    case v1::Stage::kDecrackle:
    case v1::Stage::kDeclip:
    case v1::Stage::kDehum:
    case v1::Stage::kDenoise:
    case v1::Stage::kRumble:
      return true;
    default:
      return false;
  }
}

}  // namespace lathe
