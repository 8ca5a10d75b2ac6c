// Decoding once, for nothing but that the next time is quicker.
#pragma once

namespace lathe::isolation {

// Decodes a small file of Lathe's own; no other comes near this process. False where that failed, which does no harm.
bool warm_up();

}  // namespace lathe::isolation
