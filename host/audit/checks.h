// What is wrong with a track's signal, beyond its loudness: the inspector's facts against thresholds.
// What the detectors find and accuse wrongly on real music, and their limits: docs/detectors.md. Places: where a fault
// lies or first lies; none for what is said of the whole track.
//
// clipped-runs (info): runs of 3 or more equal samples at a channel's own extreme, above -6 dBFS; a warning from 10
// runs or 10 samples on: limiters leave one by chance, clipping leaves many.
//
// dc-offset (warning): the mean of a channel of a second or more is above -50 dBFS: low notes of a short track
// average to less, and converters have been better than -60 for decades.
//
// head-silence (warning): longer than 1 s below -90 dBFS; the longest that ACX takes, the strictest known to us.
// tail-silence (warning): longer than 5 s; likewise ACX.
//
// gap (warning): digital black for 2 ms or more, with programme right at its ends (silence_tracker.h).
//
// cut-tail (warning): the last 2 ms peak above -30 dBFS and less than 20 dB below the last 100 ms: not even a short
// fade of 20 ms.
//
// silent-channel (warning): a channel below -90 dBFS beside others that are not; info with more than two channels,
// where surrounds and LFE may rest.
//
// dual-mono (warning): left and right the same, or their difference below -90 dBFS RMS: what two different dithers
// of 16 bits leave of a difference is -93.
//
// channel-imbalance (warning): left and right 3 LU apart or more (K-weighted, not gated).
//
// mono-loss (warning): 6 dB or more lost in (left + right) / 2 against the mean power of both; channels that have
// nothing in common lose 3.
//
// unused-bits (warning): a file of 24 or 32 bits whose words use 16 or fewer, all of them or more than half of those
// that are not zero (padded music whose fades were calculated anew); info for any other unused low bits. 16 bits
// that were given gain or dither at 24 look like 24, and are not found.
//
// upsampled (warning): at 64 kHz or above, the spectrum ends in a wall of 40 dB or more below 0.28 of the rate, and
// above it lie less than -135 dBFS/Hz, 4 dB over what dither of 16 bits leaves; at 48 kHz, walls between 20.7 and
// 22.2 kHz. Names the likely source's rate.
//
// lossy-source (warning): from 44.1 to 64 kHz, walls from moment to moment (spectral_walls.h) at 20.3 kHz or below
// in more than 15 % of the moments (25 % below 15.8 kHz); or an average spectrum that ends in a wall of 35 dB with
// its foot at 20.1 kHz or below, or of 45 dB up to 20.85, over a floor as above; never for an end below 15 kHz. The
// cut-off alone says nothing.
//
// clicks (info): what lasts less than a millisecond and stands alone (click_finder.h); a warning from 5 on, when
// they are 2 a minute or more.
//
// Beside these: "ultrasonic-loudness" (spectrum_checks.h), "loudness-spread" (album_checks.h), "contiguous" (info,
// of albums), "isrc-invalid" and "upc-invalid" (identifiers.h), and "non-finite" (error): NaN, infinite or absurd
// samples, with their number.
#pragma once

#include <optional>
#include <vector>

#include "host/audit/file_audit.h"
#include "kernels/inspection/inspector.h"
#include "kernels/inspection/word_bits.h"
#include "kernels/pcm/encoding.h"

namespace lathe {

// Of stereo in which both channels sound, without their DC.
struct StereoFigures {
  double correlation = 0;   // of left and right, -1 to 1
  double mono_loss_db = 0;  // (left + right) / 2 above the mean power of both; minus infinity where nothing is left
};
std::optional<StereoFigures> stereo_figures(const Inspection& track);

// Findings of a track, in the table's order; none for a silent one, which has no signal. `use` as WordBits has it.
std::vector<AuditFinding> check_signal(const Inspection& track, Encoding encoding, const WordUse& use);

}  // namespace lathe
