#include "host/mastering/recipe_dynamics.h"

namespace lathe {
namespace {

// What a band leaves unsaid is as over the whole spectrum.
template <class Words>
CompressorBand compressor_band_of(const Words& words, CompressorBand band) {
  if (words.has_threshold_db()) band.threshold_db = words.threshold_db();
  if (words.has_ratio()) band.ratio = words.ratio();
  if (words.has_knee_db()) band.knee_db = words.knee_db();
  if (words.has_attack_ms()) band.attack_ms = words.attack_ms();
  if (words.has_release_ms()) band.release_ms = words.release_ms();
  if (words.has_makeup_db()) band.makeup_db = words.makeup_db();
  if (words.has_max_gain_reduction_db()) band.max_gain_reduction_db = words.max_gain_reduction_db();
  return band;
}

}  // namespace

CompressStage compress_of(const v1::Compress& compress) {
  CompressStage stage;
  CompressorSettings& settings = stage.settings;
  settings.detector = compress.detector() == v1::DETECTOR_PEAK ? LevelDetector::peak : LevelDetector::rms;
  settings.lookahead_ms = compress.lookahead_ms();
  settings.sidechain_high_pass_hz = compress.sidechain_high_pass_hz();
  settings.mix = compress.mix();
  settings.link = compress.link();
  settings.crossovers_hz.assign(compress.crossovers_hz().begin(), compress.crossovers_hz().end());
  const CompressorBand whole = compressor_band_of(compress, {});
  for (const v1::CompressBand& band : compress.bands()) settings.bands.push_back(compressor_band_of(band, whole));
  if (settings.bands.empty()) settings.bands.push_back(whole);
  return stage;
}

}  // namespace lathe
