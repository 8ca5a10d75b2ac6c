// Whether a GPU can do what the stages ask of it.
#pragma once

namespace lathe::cuda {

// Tries all of it in small on the device that the thread has selected: memory from the pool, a transform, a kernel of
// ours. Throws what fails.
void prove_device();

}  // namespace lathe::cuda
