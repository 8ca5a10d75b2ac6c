// Recipes that use the whole schema.
#pragma once

namespace lathe::testing {

// Every stage and every part of a recipe.
inline constexpr char kWholeSchema[] = R"(
recipe: v1
name: example
input: {contiguous: auto, scrub: false, on_damaged: fail}   # contiguous auto | always | never; on_damaged fail | salvage
publish: track                            # track | album
chain:                                    # order is processing order; a stage left out does nothing; {} means its defaults
  - declick: {strength: 0.5, tier: best, keep_removed: false}     # restoration stages share strength, tier (fast | best), keep_removed, mode (auto | always)
  - decrackle: {}
  - declip: {}
  - dehum: {freq_hz: auto, harmonics: 8}
  - denoise: {profile: auto, reduce_db: 12}                 # profile auto | a file | {from_s: 0.2, to_s: 1.4}
  - eq: {phase: linear, bands: [{type: high-pass, freq_hz: 24, slope_db_oct: 24}, {type: bell, freq_hz: 320, gain_db: -1.2, q: 0.9, channel: mid}, {type: high-shelf, freq_hz: 11000, gain_db: 1.0}]}
  - match_eq: {reference: ref.wav, strength: 0.7, max_db: 6}   # or target: NAME
  - stereo: {width: 1.1, mono_below_hz: 120, min_correlation: 0}      # or bands: [{up_to_hz: 200, width: 0}, …]
  - compress: {threshold_db: -18, ratio: 1.6, knee_db: 6, attack_ms: 30, release_ms: 250, detector: rms, lookahead_ms: 5, sidechain_high_pass_hz: 60, mix: 1.0, link: 1.0, makeup_db: 0}
  - compress: {crossovers_hz: [120, 900, 6000], bands: [{ratio: 2}, {}, {threshold_db: -24}, {}]}
  - level: {range_lu: 3, window_s: 12}    # rides the programme: the loud chorus against the quiet intro
  - gain: {gain_db: -0.5}
  - limit: {ceiling_dbtp: -1.0, max_gain_reduction_db: 6, release_ms: auto}
loudness: {scope: track, target_lufs: -14.0, on_conflict: stop-at-limit}   # left out: no loudness change
stems: [{match: "*drum*", role: drums, gain_db: 0, chain: [{limit: {}}]}]
outputs:
  - {id: hd, format: wav, bits: 24, dither: tpdf}
  - {id: vinyl, format: wav, bits: 24, skip: [limit], loudness: {target_lufs: -18}}
checks: [{profile: ebu-r128}]
overrides: [{match: {track: 7}, set: {"loudness.target_lufs": -15}}]
)";

// A longer one, as a catalogue team writes it.
inline constexpr char kCatalogue[] = R"(
# yaml-language-server: $schema=https://example.org/recipe.v1.schema.json
recipe: v1
name: catalogue-remaster-lp
about: Vinyl transfer to streaming master, album gain, no more than 2 dB of limiting
labels: {team: catalogue, genre: soul}

input:
  accept: [wav, rf64, flac, aiff]
  sample_rate: keep            # or 44100 … ; resampling happens once, last
  contiguous: auto             # auto | always | never: process side as one stream

chain:
  - declick:  {strength: 0.4, max_repair_ms: 2, keep_removed: true}
  - dehum:    {freq_hz: auto, harmonics: 6, depth_db: 18}
  - eq:
      phase: linear
      bands:
        - {type: high-pass,  freq_hz: 24, slope_db_oct: 24}
        - {type: bell,       freq_hz: 320, gain_db: -1.2, q: 0.9}
        - {type: high-shelf, freq_hz: 11000, gain_db: 1.0}
  - stereo:   {mode: mid-side, width: 1.1, mono_below_hz: 120}
  - compress: {threshold_db: -18, ratio: 1.6, attack_ms: 30, release_ms: 250, max_gain_reduction_db: 3}
  - limit:    {ceiling_dbtp: -1.0, oversample: 8, max_gain_reduction_db: 2}

loudness:
  scope: album
  target_lufs: -14.0
  on_conflict: stop-at-limit
checks:
  - {profile: apple-digital-masters}
  - {profile: spotify, codec_check: [aac-256, vorbis-160]}
outputs:
  - {id: hd,    format: wav, bits: 24, path: "{upc}/{upc}_{disc:02}_{track:03}.wav"}
  - {id: cd,    format: wav, bits: 16, sample_rate: 44100, dither: tpdf, snap_588: report}
  - {id: vinyl, format: wav, bits: 24, per: side, skip: [limit], loudness: {target_lufs: -18}}
overrides:
  - {match: {track: 7}, set: {"chain.eq.bands[1].gain_db": -2.0}}
)";

}  // namespace lathe::testing
