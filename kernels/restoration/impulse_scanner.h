// The search for impulses in a whole track, on the CPU or on a device: what a remover is made with.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/restoration/impulse_scan.h"
#include "kernels/restoration/restorer.h"

namespace lathe {

class ImpulseScanner {
 public:
  virtual ~ImpulseScanner() = default;

  // Reads the whole track. Appends its impulses by blocks, and what lay under them to `patches`.
  virtual void scan(TrackReader& track, std::vector<Impulse>& found, std::vector<float>& patches) = 0;

  // Passes over a block that met more than ImpulseDesign::most spans, since it was made.
  virtual std::int64_t cut_short() const = 0;
};

// Two channels are looked at together, more than two each alone.
inline int impulse_group_of(int channels) { return channels == 2 ? 2 : 1; }

namespace cpu {
std::unique_ptr<ImpulseScanner> make_impulse_scanner(const ImpulseDesign& design, int channels);
}

// Device memory that the search takes at most: 1,024 rows of a block, each of three planes of samples (55 KiB) and the
// linear system of its longest gap (some 50 KiB), come to 110 MiB.
constexpr std::int64_t kImpulseDeviceBytes = 160 << 20;

namespace cuda {
class Accelerator;

// Throws BackendAbsent in a build without CUDA; CudaError.
std::unique_ptr<ImpulseScanner> make_impulse_scanner(Accelerator& accelerator, const ImpulseDesign& design,
                                                     int channels);
}  // namespace cuda

}  // namespace lathe
