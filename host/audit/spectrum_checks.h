// What a track's spectrum gives away: lossy coding, up-sampling, channels out of balance, what lies above 20 kHz.
#pragma once

#include <optional>
#include <vector>

#include "host/audit/file_audit.h"
#include "kernels/inspection/inspector.h"

namespace lathe {

constexpr double kAudibleHz = 20000;

// Adds "lossy-source" or "upsampled" (checks.h), or nothing.
void check_spectrum(const Inspection& track, std::vector<AuditFinding>& findings);

// How far left is above right in LU, over the whole track; of stereo with a spectrum, where both channels sound.
std::optional<double> channel_balance_lu(const Inspection& track);

// By how much the loudness of the whole track would fall without what lies above 20 kHz, in LU, K-weighted and not
// gated; all channels weigh 1. 0 at rates of 40 kHz and below, and without a spectrum.
double share_above_20khz_lu(const Inspection& track);

// Adds "ultrasonic-loudness" where leaving out what lies above 20 kHz takes 0.1 LU or more, a display's last digit.
void check_ultrasonic(double integrated_lufs, double below_20khz_lufs, std::vector<AuditFinding>& findings);

}  // namespace lathe
