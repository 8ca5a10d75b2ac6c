#include "host/mastering/resonance_examined.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/mastering/output_writer.h"

namespace lathe {
namespace {

// To what people write and hear.
double rounded(double value, double step) { return std::round(value / step) * step; }

std::vector<Resonance> found_in(FrameStore& track, const HopEnergies& hops, const ResonanceSettings& limits,
                                int sample_rate_hz, const std::function<void()>& check, StageAccount& account) {
  RidgeMeter meter(limits.from_hz, limits.to_hz, sample_rate_hz, track.channels(), integrated_loudness(hops));
  for (std::int64_t done = 0; done < track.frames(); done += BlockBuffers::kFrames) {
    check();
    meter.take(track.read(done, std::min(BlockBuffers::kFrames, track.frames() - done)));
  }
  meter.finish();
  if (meter.loud_segments() < kLeastRidgeSegments)
    account.notes.push_back("resonances: less than 5 s of the track are loud enough to tell");
  std::vector<Resonance> found = find_resonances(meter, limits);
  for (Resonance& resonance : found) {
    resonance.freq_hz = rounded(resonance.freq_hz, 0.1);
    resonance.q = rounded(resonance.q, 0.1);
    resonance.cut_db = std::max(0.1, rounded(resonance.cut_db, 0.1));
  }
  return found;
}

}  // namespace

ExaminedStep examine_resonances(const EqStage& stage, FrameStore& track, const HopEnergies& hops,
                                const AudioFormat& format, EqDesigns& designs, const std::function<void()>& check) {
  ExaminedStep examined;
  StageAccount& account = examined.account;
  EqStage made = stage;
  made.resonances = Resonances::off;
  const bool applies = stage.resonances == Resonances::apply;
  StageList list{"resonances", {}};
  for (const Resonance& r : found_in(track, hops, stage.resonance_limits, format.sample_rate_hz, check, account)) {
    list.rows.push_back({{"freq_hz", r.freq_hz},
                         {"prominence_db", r.prominence_db},
                         {"q", r.q},
                         {"share_of_time", r.share_of_time},
                         {"gain_db", -r.cut_db}});
    account.notes.push_back(fmt::format(
        "a resonance at {:.1f} Hz, {:.1f} dB above what is around it: {} {{type: bell, freq_hz: {:.1f}, gain_db: "
        "{:.1f}, q: {:.1f}}}",
        r.freq_hz, r.prominence_db, applies ? "cut by" : "proposed is", r.freq_hz, -r.cut_db, r.q));
    if (applies) made.bands.push_back(r.band());
  }
  account.figures.emplace_back("resonances_cut", applies ? static_cast<double>(list.rows.size()) : 0.0);
  account.lists.push_back(std::move(list));
  if (changes_nothing(made)) return examined;
  // A track's own cuts are of use to no other.
  if (made.bands.size() > stage.bands.size())
    examined.step = std::make_shared<const LinearPhaseEqDesign>(made.bands, format.sample_rate_hz, made.phase);
  else
    examined.step = designs.get(made, format.sample_rate_hz);
  return examined;
}

EqStage with_longest_cut(const EqStage& stage) {
  EqStage longest = stage;
  longest.resonances = Resonances::off;
  if (stage.resonances == Resonances::apply) longest.bands.push_back(longest_cut(stage.resonance_limits));
  return longest;
}

}  // namespace lathe
