// Files and albums against delivery profiles: verdicts with their reasons, and the gain a platform would play with.
#pragma once

#include <span>

#include "host/audit/delivery_profile.h"
#include "host/audit/file_audit.h"

namespace lathe {

// How limits are compared:
//   - Figures are not rounded. EBU Tech 3341 has meters show one decimal; -23.24 LUFS is shown as -23.2 and is outside
//     -23 ±0.2 all the same. A reason shows as many decimals as it takes to see on which side the figure lies.
//   - A tolerance belongs to what is allowed, and so does a limit that is said as "at most" (max_…, -23.2 passes ±0.2).
//     One that is said as "below" does not (true_peak_below_dbtp: -2.0 fails). Figures within kEdgeSlack of a limit
//     count as equal to it, since -23 + 0.2 is no exact number in binary.
//   - FAIL as soon as one limit is certainly broken, whatever could not be measured; else UNMEASURABLE if a limit rests
//     on what was not measured (dialogue, RMS, Leq(m), a figure the file is too short for, a layout that is not the one
//     the source measures); else PASS. A profile that asks for nothing passes with a note that says so.
inline constexpr double kEdgeSlack = 1e-9;

// Of what the file's own state allows: a file that is not measured is UNMEASURABLE, with the file's reason.
ProfileResult judge(const DeliveryProfile& profile, const FileAudit& file);

// `files` are all of the album, measured or not. An album passes when all of its tracks do; under the rule
// `loudest-track`, when besides its loudest track has the loudness asked for, which takes all of them to be measured.
// The gain is the album's: by its integrated loudness or its loudest track, and by its highest true peak; where a track
// is not measured, of those that are, with a note. None where the platform has no album gain.
ProfileResult judge(const DeliveryProfile& profile, const AlbumAudit& album, std::span<const FileAudit* const> files);

}  // namespace lathe
