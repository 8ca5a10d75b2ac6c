// match_eq: brings a track's long-term spectrum towards a reference's or a named target's by one linear-phase filter.
//
// The track is examined first (long_term_spectrum.h), the gains come from its spectrum and the aim's (match_curve.h),
// and the filter is the equaliser's: a symmetric kernel of at most 0.37 s, made by the generalised window method
// (eq_design.h), zero net latency, halo of half a kernel, on the CPU and on GPUs. Sources: match equalisation by the
// loud parts' spectrum as Matchering (github.com/sergree/matchering) has it, and Ma, Reiss and Black, "Implementation
// of an intelligent equalization tool using Yule-Walker for music mixing and mastering", AES 134 (2013). Cost: that of
// the equaliser, and about 1.5 ns a frame for the look.
#pragma once

#include <memory>

#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/tonal_balance/match_curve.h"

namespace lathe {

// The filter for the curve; null when the curve is empty.
std::shared_ptr<const LinearPhaseEqDesign> design_match(const MatchCurve& curve, double sample_rate_hz);

// A filter as long as any of them, for those who have to know how much room one takes before there is one.
std::shared_ptr<const LinearPhaseEqDesign> longest_match(double sample_rate_hz, bool stereo_width);

}  // namespace lathe
