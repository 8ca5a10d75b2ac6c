// What a recipe's words for dynamics mean for the kernels.
#pragma once

#include "host/mastering/chain.h"
#include "lathe/v1/stages.pb.h"

namespace lathe {

CompressStage compress_of(const v1::Compress& compress);

}  // namespace lathe
