// An album's ladder as JSON, the same in the reports of audits and masters; and a track's octaves, from and to it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "host/audit/album_ladder.h"

namespace lathe {

// {state: COMPARED | TOO_FEW | TOO_MANY, reason, summary, octave_edges_hz, middle, tracks: [{track, path, state,
// reason, channels, figures, distance}], outliers: [{track, path, figure, distance, from_hz, to_hz, message}]}. Tracks
// count from 1. Figures, the middle and distances have one set of keys, to a hundredth; null for what there is none of.
nlohmann::ordered_json ladder_json(const AlbumLadder& ladder);

// {edges_hz, level_db, octave_width_db, width_db, balance_db}, to a hundredth.
nlohmann::ordered_json octaves_json(const OctaveFigures& octaves);

// From what octaves_json() made, anywhere; none for what is not that.
std::optional<OctaveFigures> octaves_from_json(const nlohmann::ordered_json& json);

}  // namespace lathe
