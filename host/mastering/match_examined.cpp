#include "host/mastering/match_examined.h"

#include <algorithm>

#include "host/mastering/output_writer.h"
#include "kernels/tonal_balance/match_eq.h"
#include "kernels/tonal_balance/target_curves.h"

namespace lathe {
namespace {

LongTermSpectrum spectrum_of(FrameStore& track, int sample_rate_hz, const std::function<void()>& check) {
  LongTermSpectrumMeter meter(sample_rate_hz, track.channels());
  for (std::int64_t done = 0; done < track.frames(); done += BlockBuffers::kFrames) {
    check();
    meter.take(track.read(done, std::min(BlockBuffers::kFrames, track.frames() - done)));
  }
  meter.finish();
  return meter.spectrum();
}

}  // namespace

ExaminedStep examine_match(const MatchEqStage& stage, FrameStore& track, const AudioFormat& format, EqDesigns& designs,
                           const std::function<void()>& check) {
  const ToneAim aim =
      stage.target.empty() ? designs.references().get(stage.reference, check).tone : target_aim(stage.target);
  const MatchCurve curve = match_curve(spectrum_of(track, format.sample_rate_hz, check), aim, stage.settings);
  ExaminedStep examined;
  StageAccount& account = examined.account;
  account.figures = {{"strength", stage.settings.strength},
                     {"max_db", stage.settings.max_db},
                     {"matched_from_hz", curve.from_hz},
                     {"matched_to_hz", curve.to_hz},
                     {"largest_boost_db", curve.largest_boost_db},
                     {"largest_cut_db", curve.largest_cut_db},
                     {"change_rms_db", curve.change_rms_db},
                     {"deviation_before_db", curve.deviation_before_db},
                     {"deviation_after_db", curve.deviation_after_db}};
  account.notes.push_back("matched to " + (stage.target.empty() ? stage.reference.string() : "target " + stage.target));
  if (!curve.why_not.empty()) account.notes.back() = "nothing was matched: " + curve.why_not;
  if (stage.settings.stereo_width && curve.why_not.empty() && track.channels() != 2)
    account.notes.push_back("stereo_width needs a track of two channels: its width is left alone");
  if (auto design = design_match(curve, format.sample_rate_hz)) examined.step = std::move(design);
  return examined;
}

}  // namespace lathe
