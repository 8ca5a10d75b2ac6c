// An equaliser's words in a recipe, as the kernels take them.
#pragma once

#include "host/mastering/chain.h"
#include "lathe/v1/stages.pb.h"

namespace lathe {

// `eq` has its defaults filled in.
EqStage eq_of(const v1::Eq& eq);

}  // namespace lathe
