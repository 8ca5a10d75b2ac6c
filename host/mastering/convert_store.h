// A track that is kept, at another sample rate.
#pragma once

#include <functional>

#include "host/mastering/frame_store.h"

namespace lathe {

// Fills `to`, which is empty and as long as converted_frames() says. `check` is called for every block; it may throw.
void convert_store(FrameStore& from, int from_hz, FrameStore& to, int to_hz, const std::function<void()>& check);

}  // namespace lathe
