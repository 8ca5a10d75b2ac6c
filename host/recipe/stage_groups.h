// What kinds of stages have in common.
#pragma once

#include "lathe/v1/recipe.pb.h"

namespace lathe {

// Whether the stage takes damage out of the sound (declick, decrackle, declip, dehum, denoise, rumble): it tells damage
// from music by how the music was recorded.
bool restores(const v1::Stage& stage);

// Whether the stage is asked to write what it took out.
bool keeps_removed(const v1::Stage& stage);

}  // namespace lathe
