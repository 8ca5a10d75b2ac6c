// What a track's spectrum gives away: lossy coding, up-sampling, channels out of balance, what lies above 20 kHz.
#pragma once

#include <optional>
#include <vector>

#include "host/audit/file_audit.h"
#include "kernels/inspection/inspector.h"

namespace lathe {

// Adds "lossy-source" or "upsampled" (checks.h), or nothing.
void check_spectrum(const Inspection& track, std::vector<Finding>& findings);

// How far left is above right in LU, over the whole track; of stereo with a spectrum, where both channels sound.
std::optional<double> channel_balance_lu(const Inspection& track);

// By how much the loudness of the whole track would fall without what lies above 20 kHz, in LU, K-weighted and not
// gated; all channels weigh 1. 0 at rates of 40 kHz and below, and without a spectrum.
double share_above_20khz_lu(const Inspection& track);

}  // namespace lathe
