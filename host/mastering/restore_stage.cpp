#include "host/mastering/restore_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "host/mastering/noise_file.h"
#include "kernels/inspection/inspector.h"
#include "kernels/math/decibel.h"
#include "kernels/restoration/denoise_segments.h"
#include "kernels/restoration/impulse_scanner.h"

namespace lathe {
namespace {

constexpr std::int64_t kRestoredBlock = 1 << 16;
constexpr std::size_t kListedRepairs =
    1000;  // of a stage: a report of a track stays readable, and under a message's size
constexpr int kTries = 3;

class StoreReader final : public TrackReader {
 public:
  StoreReader(FrameStore& store, const std::function<void()>& tick) : store_(store), tick_(tick) {}
  int channels() const override { return store_.channels(); }
  std::int64_t frames() const override { return store_.frames(); }
  AudioView read(std::int64_t first, std::int64_t count) override {
    tick_();
    return store_.read(first, count);
  }

 private:
  FrameStore& store_;
  const std::function<void()>& tick_;
};

double thread_cpu_s() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// What a stage may do to the programme. Rebuilt peaks are louder, and what clipping added to the highs goes with it;
// of noise there may be as much as music in the highs, and it ends onsets' rests. Rumble may be louder than the quiet
// passages it lies under.
GuardLimits limits_for(const RestorationStage& stage) {
  GuardLimits limits;
  if (std::holds_alternative<DeclipSettings>(stage.settings)) {
    limits.level_median_db = 3;
    limits.level_p95_db = 6;
    limits.high_loss_db = 6;
    limits.onset_loss_db = 3;
  }
  if (std::holds_alternative<DenoiseSettings>(stage.settings)) {
    limits.level_median_db = 1;
    limits.high_loss_db = 3;
    limits.steady_highs_are_music = false;
  }
  if (std::holds_alternative<RumbleSettings>(stage.settings)) {
    limits.level_median_db = 6;
    limits.level_p95_db = 20;
    // The stage takes nothing up there (-100 dBFS of a rumble of -26); the guard's short filter lets 94 dB less than
    // the rumble through, which is all that dull music has.
    limits.high_loss_db = limits.onset_loss_db = 20;
  }
  return limits;
}

// A stretch of the track that the track does not have would be a profile of nothing.
void check_span(const RestorationStage& stage, double track_s) {
  constexpr double kShortest_s = 0.25;
  const auto* denoise = std::get_if<DenoiseSettings>(&stage.settings);
  if (denoise == nullptr || !denoise->noise.span_s || !stage.noise_file.empty()) return;
  const auto [from_s, to_s] = *denoise->noise.span_s;
  if (to_s <= track_s || track_s - from_s >= kShortest_s) return;
  throw std::invalid_argument(
      fmt::format("the noise profile from {} to {} s: the track is only {:.3f} s long", from_s, to_s, track_s));
}

std::string failure_text(const GuardReading& reading) {
  if (reading.failed == "not_finite") return fmt::format("{} samples would be no number", reading.not_finite_samples);
  if (reading.failed == "highs") return fmt::format("{:.1f} dB of the highs would be lost", reading.high_loss_db);
  if (reading.failed == "onsets") return fmt::format("onsets would lose {:.1f} dB", reading.onset_loss_db);
  return fmt::format("the level would change by {:.1f} dB (by {:.1f} dB in one frame of twenty)",
                     reading.level_median_db, reading.level_p95_db);
}

void list_repairs(std::vector<Repair> repairs, RestorationReport& report) {
  report.repairs_not_listed = static_cast<std::int64_t>(repairs.size() - std::min(repairs.size(), kListedRepairs));
  repairs.resize(std::min(repairs.size(), kListedRepairs));
  report.repairs = std::move(repairs);
}

}  // namespace

std::string_view fault_kind(const RestorationStage& stage) {
  static constexpr std::string_view kKinds[] = {"clicks", "crackle", "clipping", "hum", "noise", "rumble"};
  return kKinds[stage.settings.index()];
}

TrackRestorer make_restorer(const RestorationStage& stage, const RestorationFormat& format,
                            cuda::Accelerator* accelerator) {
  struct Make {
    const RestorationStage& stage;
    const RestorationFormat& format;
    cuda::Accelerator* accelerator;
    TrackRestorer operator()(const DeclickSettings& s) const {
      if (accelerator == nullptr) return {cpu::make_declick(s, format)};
      return {cuda::make_declick(*accelerator, s, format), Backend::cuda};
    }
    TrackRestorer operator()(const DecrackleSettings& s) const {
      if (accelerator == nullptr) return {cpu::make_decrackle(s, format)};
      return {cuda::make_decrackle(*accelerator, s, format), Backend::cuda};
    }
    TrackRestorer operator()(const DeclipSettings& s) const { return {cpu::make_declip(s, format)}; }
    TrackRestorer operator()(const DehumSettings& s) const { return {cpu::make_dehum(s, format)}; }
    TrackRestorer operator()(const RumbleSettings& s) const { return {cpu::make_rumble(s, format)}; }
    TrackRestorer operator()(DenoiseSettings s) const {
      if (!stage.noise_file.empty()) s.noise.file = read_noise_file(stage.noise_file, format);
      if (accelerator == nullptr) return {cpu::make_denoise(s, format)};
      return {cuda::make_denoise(*accelerator, s, format), Backend::cuda};
    }
  };
  return std::visit(Make{stage, format, accelerator}, stage.settings);
}

std::int64_t device_bytes(const RestorationStage& stage, const RestorationFormat& format, std::int64_t frames) {
  if (std::holds_alternative<DeclickSettings>(stage.settings) ||
      std::holds_alternative<DecrackleSettings>(stage.settings))
    return kImpulseDeviceBytes;
  if (!std::holds_alternative<DenoiseSettings>(stage.settings)) return 0;
  return denoise_device_bytes(stage.common().tier, format.sample_rate_hz, format.channels, frames);
}

RestoredStage restore_stage(Restorer& restorer, const RestorationStage& stage, StorePair& stores, double sample_rate_hz,
                            const std::function<void()>& tick, std::optional<GuardEnergies>* held) {
  const RestorationSettings& asked = stage.common();
  RestoredStage done;
  done.report.name = stage.name();
  done.report.backend = "cpu";
  RestorationReport& report = done.report.restoration.emplace();
  report.tier = asked.tier == Tier::fast ? "fast" : "best";
  report.is_always = asked.always;
  report.asked_strength = report.strength = asked.strength;

  const double began_s = thread_cpu_s();
  FrameStore& before = stores.held();
  check_span(stage, static_cast<double>(before.frames()) / sample_rate_hz);
  StoreReader reader(before, tick);
  std::optional<GuardEnergies> was;
  if (held != nullptr) was = std::move(*held);
  report.finding = restorer.examine(reader);
  for (int tries = 0; (report.finding.is_found || asked.always) && !report.acted; ++tries) {
    if (tries == kTries) {
      report.strength = 0;
      report.backed_off += "; the stage was left out";
      break;
    }
    FrameStore& after = stores.begin();
    StoreSink sink(after);
    RestorationResult result = restorer.restore(reader, report.strength, sink);
    StoreReader mended(after, tick);
    GuardLimits limits = limits_for(stage);
    if (std::holds_alternative<DeclickSettings>(stage.settings) ||
        std::holds_alternative<DecrackleSettings>(stage.settings))
      limits.places = static_cast<std::int64_t>(result.repairs.size());
    if (!was) was = guard_energies(reader, sample_rate_hz);
    TrackDifference difference;
    GuardEnergies is = guard_energies(mended, sample_rate_hz, reader, difference);
    const GuardReading guard = compare(*was, is, limits);
    if (!guard.is_ok()) {
      report.backed_off = fmt::format("at strength {:.3g} {}", report.strength, failure_text(guard));
      report.strength /= 2;
      continue;
    }
    report.acted = true;
    const auto samples = static_cast<double>(before.frames() * before.channels());
    done.is_changed = difference.samples > 0;
    done.report.figures = std::move(result.figures);
    done.report.figures.emplace_back("samples_changed", static_cast<double>(difference.samples));
    done.report.figures.emplace_back("removed_dbfs", amplitude_to_db(std::sqrt(difference.square / samples)));
    list_repairs(std::move(result.repairs), report);
    if (done.is_changed) was = std::move(is);
  }
  if (held != nullptr) *held = std::move(was);
  report.cost = (thread_cpu_s() - began_s) / (static_cast<double>(before.frames()) / sample_rate_hz);
  return done;
}

std::vector<Fault> other_faults(FrameStore& store, double sample_rate_hz, const std::function<void()>& tick) {
  Inspector::Setup setup;
  setup.sample_rate_hz = sample_rate_hz;
  setup.channels = store.channels();
  setup.step = 0x1p-15;
  setup.spectrum = setup.clicks = false;
  Inspector inspector(setup);
  for (std::int64_t first = 0; first < store.frames(); first += kRestoredBlock) {
    tick();
    inspector.take(store.read(first, std::min(kRestoredBlock, store.frames() - first)));
  }
  inspector.finish();
  const Inspection& facts = inspector.inspection();

  Fault dc{"dc", {}};
  double worst = 0;
  for (const ChannelFacts& channel : facts.channels) worst = std::max(worst, std::abs(channel.mean));
  dc.finding.is_found = worst >= db_to_amplitude(-60);  // what an audit warns of, too
  dc.finding.confidence = dc.finding.is_found ? 1 : 0;
  dc.finding.figures = {{"level_dbfs", amplitude_to_db(worst)}};
  Fault dropouts{"dropouts", {}};
  dropouts.finding.is_found = facts.silence.gaps > 0;
  dropouts.finding.confidence = dropouts.finding.is_found ? 1 : 0;
  dropouts.finding.figures = {{"count", static_cast<double>(facts.silence.gaps)},
                              {"longest_ms", 1000 * static_cast<double>(facts.silence.longest_gap) / sample_rate_hz}};
  if (dropouts.finding.is_found)
    dropouts.finding.figures.emplace_back("first_at_s",
                                          static_cast<double>(facts.silence.first_gap_frame) / sample_rate_hz);
  return {std::move(dc), std::move(dropouts)};
}

}  // namespace lathe
