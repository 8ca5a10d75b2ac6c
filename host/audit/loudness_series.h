// Loudness along a track, from the powers that are kept of it.
#pragma once

#include "host/audit/file_audit.h"

namespace lathe {

// Momentary and short-term loudness every 100 ms of a track with these powers. A track that was measured now and one
// that is remembered get the same bits. Empty curves for a track shorter than 400 ms.
LoudnessSeries series_of(const PooledPowers& powers);

}  // namespace lathe
