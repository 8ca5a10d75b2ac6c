// The CUDA backend of a build without it: everything that would need a GPU says why there is none.
#include "kernels/backend.h"
#include "kernels/equalizer/linear_phase_eq.h"

namespace lathe::cuda {

std::string absence() { return "this build has no CUDA backend"; }

std::unique_ptr<Stage> make_linear_phase_eq(std::shared_ptr<const LinearPhaseEqDesign>, int) {
  throw BackendAbsent(absence());
}

}  // namespace lathe::cuda
