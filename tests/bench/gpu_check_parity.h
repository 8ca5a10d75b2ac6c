// A backend's first pass beside the CPU's: the same samples and figures, within what float32 and two orders of adding
// allow.
#pragma once

#include <limits>
#include <vector>

#include "tests/bench/gpu_check_findings.h"
#include "tests/bench/gpu_check_job.h"

namespace lathe::bench {

// The worst of a job. Whatever is not a number on either side, or of another length, makes it infinite.
struct Distance {
  static constexpr double kNone = -std::numeric_limits<double>::infinity();

  double rms_dbfs = kNone, peak_dbfs = kNone;  // of the difference of the samples
  double loudness_lu = 0;                      // of all figures in LU and LUFS
  double peaks = 0;                            // true and sample peaks, relative
  double hops_db = kNone, trace_db = kNone;    // RMS of the difference relative to the RMS
  bool has_other_damage = false;               // other samples were found damaged

  // Promised to users: samples within -120 dBFS RMS and -100 dBFS at most, loudness within 1e-4 LU, true peaks within
  // 1e-5. Hops and traces as in the tests of the backends: the CPU's filter runs in float32 within 10 ms.
  bool is_small() const {
    return rms_dbfs < -120 && peak_dbfs < -100 && loudness_lu <= 1e-4 && peaks <= 1e-5 && hops_db < -100 &&
           trace_db < -90 && !has_other_damage;
  }
};

Distance distance(const JobResult& got, const JobResult& want);

// One check a job. A pass that throws is a job that failed.
void check_parity(Findings& findings, const std::vector<Job>& jobs, const MakePass& make_pass);

}  // namespace lathe::bench
