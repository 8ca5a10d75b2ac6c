// One restoration stage over a track that is kept whole: look, mend where damage was found, and prove that it is no
// worse than before.
#pragma once

#include <functional>
#include <optional>

#include "host/mastering/chain.h"
#include "host/mastering/store_pair.h"
#include "host/mastering/track_report.h"
#include "kernels/backend.h"
#include "kernels/cuda/accelerator.h"
#include "kernels/restoration/guard.h"
#include "kernels/restoration/restorer.h"

namespace lathe {

// A stage for one track, and what it is computed on: the GPU where there is an accelerator (else null) and the stage
// has a version for it. Throws std::invalid_argument when the file of noise alone cannot be read or does not fit the
// track.
struct TrackRestorer {
  std::unique_ptr<Restorer> restorer;
  Backend backend = Backend::cpu;
};
TrackRestorer make_restorer(const RestorationStage& stage, const RestorationFormat& format,
                            cuda::Accelerator* accelerator);

// Device memory that a stage takes for a track; 0 for one that has no version for GPUs.
std::int64_t device_bytes(const RestorationStage& stage, const RestorationFormat& format, std::int64_t frames);

struct RestoredStage {
  StageReport report;
  bool is_changed = false;  // the pair's other place holds the mended track: stores.made(), until flip()
};

// Examines the track that `stores` holds. Where the result would be worse than what came in (restoration/guard.h),
// tries again with half the strength, and once more; then leaves the track as it is and says so. `tick` is called for
// every block that is read; it may throw. Throws std::invalid_argument for a profile from a stretch of noise that lies
// beyond the track's end. `held`, unless null: the guard's energies of the held track where they are known; comes back
// with those of the track that is held once flip() has followed where something changed.
RestoredStage restore_stage(Restorer& restorer, const RestorationStage& stage, StorePair& stores, double sample_rate_hz,
                            const std::function<void()>& tick, std::optional<GuardEnergies>* held = nullptr);

// DC and dropouts, for the report: nobody mends them here.
std::vector<Fault> other_faults(FrameStore& store, double sample_rate_hz, const std::function<void()>& tick);

// What a stage's finding is called in the report: declick looks for "clicks".
std::string_view fault_kind(const RestorationStage& stage);

}  // namespace lathe
