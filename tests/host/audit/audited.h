// Files as an audit has measured them, for tests of what is made of the figures.
#pragma once

#include <string>

#include "host/audit/file_audit.h"

namespace lathe::testing {

// Three minutes of 24-bit stereo at 44.1 kHz.
inline FileAudit audited(double integrated_lufs, double true_peak_dbtp, const std::string& name = "track.wav") {
  FileAudit file;
  file.path = "/album/" + name;
  file.state = AuditState::measured;
  file.encoding = "24-bit";
  file.sample_rate_hz = 44100;
  file.channels = 2;
  file.frames = 180LL * 44100;
  file.figures = {.integrated_lufs = integrated_lufs,
                  .loudness_range_lu = 6,
                  .max_momentary_lufs = integrated_lufs + 6,
                  .max_short_term_lufs = integrated_lufs + 3,
                  .true_peak_dbtp = true_peak_dbtp,
                  .sample_peak_dbfs = true_peak_dbtp - 0.2};
  return file;
}

inline FileAudit unmeasured(const std::string& reason, const std::string& name = "track.wav") {
  FileAudit file = audited(0, 0, name);
  file.state = AuditState::unmeasurable;
  file.figures = {};
  file.reason = reason;
  return file;
}

}  // namespace lathe::testing
