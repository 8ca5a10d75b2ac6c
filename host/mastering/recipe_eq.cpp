#include "host/mastering/recipe_eq.h"

namespace lathe {
namespace {

BandType type_of(v1::BandType type) {
  switch (type) {
    case v1::BAND_TYPE_HIGH_PASS:
      return BandType::high_pass;
    case v1::BAND_TYPE_LOW_PASS:
      return BandType::low_pass;
    case v1::BAND_TYPE_LOW_SHELF:
      return BandType::low_shelf;
    case v1::BAND_TYPE_HIGH_SHELF:
      return BandType::high_shelf;
    case v1::BAND_TYPE_NOTCH:
      return BandType::notch;
    case v1::BAND_TYPE_BAND_PASS:
      return BandType::band_pass;
    case v1::BAND_TYPE_TILT:
      return BandType::tilt;
    default:
      return BandType::bell;
  }
}

BandChannel channel_of(v1::BandChannel channel) {
  switch (channel) {
    case v1::BAND_CHANNEL_LEFT:
      return BandChannel::left;
    case v1::BAND_CHANNEL_RIGHT:
      return BandChannel::right;
    case v1::BAND_CHANNEL_MID:
      return BandChannel::mid;
    case v1::BAND_CHANNEL_SIDE:
      return BandChannel::side;
    default:
      return BandChannel::stereo;
  }
}

}  // namespace

EqStage eq_of(const v1::Eq& eq) {
  EqStage stage;
  if (eq.phase() == v1::EQ_PHASE_MINIMUM) stage.phase = EqPhase::minimum;
  for (const v1::EqBand& b : eq.bands()) {
    EqBand band;
    band.type = type_of(b.type());
    band.freq_hz = b.freq_hz();
    band.gain_db = b.gain_db();
    if (b.has_q()) band.q = b.q();
    if (b.has_slope_db_oct()) band.slope_db_oct = b.slope_db_oct();
    band.channel = channel_of(b.channel());
    stage.bands.push_back(band);
  }
  if (eq.resonances() == v1::RESONANCES_PROPOSE) stage.resonances = Resonances::propose;
  if (eq.resonances() == v1::RESONANCES_APPLY) stage.resonances = Resonances::apply;
  stage.resonance_limits = {eq.max_cuts(), eq.max_cut_db(), eq.from_hz(), eq.to_hz(), eq.min_prominence_db()};
  return stage;
}

}  // namespace lathe
