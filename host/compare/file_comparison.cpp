#include "host/compare/file_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/audio_file/isolation/decoder_error.h"
#include "host/audit/file_auditor.h"
#include "host/compare/envelope_match.h"

namespace lathe {
namespace {

constexpr std::int64_t kComparedBlock = 16384;
constexpr std::size_t kMostDelays = 8;

// Half a second each: what the windows of the alignment are chosen by.
std::int64_t level_frames(int sample_rate_hz) { return sample_rate_hz / 2; }

// The largest step of a sample's rounding.
double rounding_of(const AudioFormat& format) {
  return is_float(format.encoding) ? 0x1p-24 : std::ldexp(1.0, 1 - bits_per_sample(format.encoding));
}

bool is_equal(double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); }

class Comparing {
 public:
  Comparing(const std::filesystem::path& a, const std::filesystem::path& b, FileComparison& result,
            const std::atomic<bool>& is_cancelled)
      : a_(a, is_cancelled), b_(b, is_cancelled), result_(result) {}

  void run() {
    agree();
    const bool is_same = survey();
    result_.state = is_same ? PairState::same : PairState::different;
    if (result_.non_finite_a + result_.non_finite_b > 0)
      note(fmt::format("samples that are NaN, infinite or beyond +80 dBFS, taken for 0: {} in A, {} in B",
                       result_.non_finite_a, result_.non_finite_b));
    if (is_same) {
      result_.summary = is_silent_a_ ? "the same samples, all of them silence" : "the same samples";
      return;
    }
    note_formats();
    if (is_silent_a_ || is_silent_b_) {
      result_.summary = is_silent_a_ && is_silent_b_
                            ? "both are silence, and not of the same length or format"
                            : fmt::format("{} is silence and the other is not", is_silent_a_ ? "A" : "B");
      return;
    }
    result_.alignment = align(a_, b_, levels_, level_frames(result_.compared_at_hz), delays_, 2 * step_frames_);
    if (!result_.alignment->is_found) {
      result_.summary = fmt::format("nothing in common to be aligned by (correlation {:.2f} within {} s)",
                                    result_.alignment->correlation, EnvelopeMatch::kLongest_s);
      return;
    }
    NullTestSetup setup;
    setup.rounding = 1.01 * std::max(rounding_of(a_.format()), rounding_of(b_.format()));
    setup.loudness_gain = std::pow(10.0, result_.loudness_difference_lu().value_or(0.0) / 20);
    result_.null = null_test(a_, b_, *result_.alignment, setup);
    summarise(*result_.alignment, *result_.null);
  }

 private:
  void note(std::string text) { result_.notes.push_back(std::move(text)); }

  // At the lower rate; one channel where either has but one.
  void agree() {
    const int rate_hz = std::min(a_.format().sample_rate_hz, b_.format().sample_rate_hz);
    const int channels_a = a_.format().channels, channels_b = b_.format().channels;
    const int channels = std::min(channels_a, channels_b);
    const bool is_mono = channels == 1;
    a_.start(rate_hz, is_mono ? channels_a : channels, is_mono && channels_a > 1);
    b_.start(rate_hz, is_mono ? channels_b : channels, is_mono && channels_b > 1);
    result_.compared_at_hz = rate_hz;
    result_.compared_channels = channels;
  }

  // Reads both once, in step. Whether all samples are the same, without moving anything.
  bool survey() {
    const AudioFormat &a = a_.format(), &b = b_.format();
    bool is_same = a.sample_rate_hz == b.sample_rate_hz && a.channels == b.channels && a.frames == b.frames;
    EnvelopeMatch envelopes(result_.compared_at_hz);
    ComparedBlock block_a, block_b;
    std::int64_t in_level = 0;
    double level = 0;
    do {
      a_.read(block_a, kComparedBlock);
      b_.read(block_b, kComparedBlock);
      is_same = is_same && block_a.frames == block_b.frames;
      for (std::size_t c = 0; is_same && c < block_a.channels.size(); ++c)
        is_same = std::ranges::equal(block_a.channels[c], block_b.channels[c], is_equal);
      result_.non_finite_a += mend(block_a);
      result_.non_finite_b += mend(block_b);
      envelopes.take_a(block_a);
      envelopes.take_b(block_b);
      for (std::size_t n = 0; n < static_cast<std::size_t>(block_a.frames); ++n) {
        for (const auto& channel : block_a.channels) level += channel[n] * channel[n];
        if (++in_level < level_frames(result_.compared_at_hz)) continue;
        levels_.push_back(std::exchange(level, 0.0));
        in_level = 0;
      }
      for (const auto& channel : block_b.channels)
        is_silent_b_ = is_silent_b_ && std::ranges::all_of(channel, [](double x) { return x == 0; });
    } while (block_a.frames > 0 || block_b.frames > 0);
    levels_.push_back(level);
    is_silent_a_ = std::ranges::all_of(levels_, [](double x) { return x == 0; });
    if (is_same || is_silent_a_ || is_silent_b_) return is_same;
    envelopes.finish();
    delays_ = envelopes.delays(kMostDelays);
    step_frames_ = envelopes.step_frames();
    return false;
  }

  void note_formats() {
    const AudioFormat &a = a_.format(), &b = b_.format();
    if (a.sample_rate_hz != b.sample_rate_hz)
      note(fmt::format("A has {} Hz, B {} Hz: compared at {} Hz", a.sample_rate_hz, b.sample_rate_hz,
                       result_.compared_at_hz));
    if (a.channels != b.channels)
      note(result_.compared_channels == 1
               ? fmt::format("A has {} channels, B {}: compared as the mean of all", a.channels, b.channels)
               : fmt::format("A has {} channels, B {}: the first {} are compared", a.channels, b.channels,
                             result_.compared_channels));
    const std::int64_t frames_a = a_.frames(), frames_b = b_.frames();
    if (frames_a != frames_b)
      note(fmt::format("B is {} frames ({:.3f} s) {} than A", std::abs(frames_b - frames_a),
                       static_cast<double>(std::abs(frames_b - frames_a)) / result_.compared_at_hz,
                       frames_b > frames_a ? "longer" : "shorter"));
  }

  void summarise(const Alignment& alignment, const NullFindings& null) {
    std::string text;
    const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (alignment.delay_frames != 0)
      add(fmt::format("{} frames ({:.3f} ms) {}", std::abs(alignment.delay_frames),
                      1000.0 * static_cast<double>(std::abs(alignment.delay_frames)) / result_.compared_at_hz,
                      alignment.delay_frames > 0 ? "later" : "earlier"));
    if (alignment.is_swapped) add("left and right exchanged");
    const auto inverted = std::ranges::count(alignment.is_inverted, true);
    if (inverted == std::ssize(alignment.is_inverted)) add("polarity inverted");
    if (inverted > 0 && inverted < std::ssize(alignment.is_inverted))
      add(fmt::format("polarity inverted in {} of {} channels", inverted, alignment.is_inverted.size()));
    if (std::abs(null.gain_db) >= 0.005) add(fmt::format("at {:+.2f} dB", null.gain_db));
    const std::string moved = text.empty() ? "" : " " + text;
    if (!null.residual_db) {
      result_.summary = "the same samples" + (moved.empty() ? " as far as both go" : "," + moved);
    } else {
      result_.summary = fmt::format("B is A{}; the difference is {:.1f} dB below A",
                                    moved.empty() ? " in place and level" : moved, -*null.residual_db);
    }
    if (std::abs(alignment.fraction_frames) >= 0.02)
      note(fmt::format("B lies {:.3f} of a frame {} yet: the difference holds what that does",
                       std::abs(alignment.fraction_frames), alignment.fraction_frames > 0 ? "later" : "earlier"));
  }

  ComparedTrack a_, b_;
  FileComparison& result_;
  std::vector<double> levels_;
  std::vector<std::int64_t> delays_;
  std::int64_t step_frames_ = 1;
  bool is_silent_a_ = false, is_silent_b_ = true;
};

}  // namespace

std::string_view word(PairState state) {
  return state == PairState::same ? "SAME" : state == PairState::different ? "DIFFERENT" : "UNREADABLE";
}

std::optional<double> FileComparison::loudness_difference_lu() const {
  if (a.state != AuditState::measured || b.state != AuditState::measured) return std::nullopt;
  return b.figures.integrated_lufs - a.figures.integrated_lufs;
}

FileComparison compare_files(const std::filesystem::path& a, const std::filesystem::path& b,
                             const std::atomic<bool>& is_cancelled) {
  FileComparison result;
  FileAuditor auditor;
  AuditOptions options;
  options.checks = AuditChecks::none;
  result.a = auditor.audit(a, options, is_cancelled);
  result.b = auditor.audit(b, options, is_cancelled);
  const auto unreadable = [&result](std::string reason) {
    result.state = PairState::unreadable;
    result.reason = std::move(reason);
  };
  if (result.a.state == AuditState::unreadable) unreadable("A: " + result.a.reason);
  if (result.b.state == AuditState::unreadable)
    unreadable(result.reason + (result.reason.empty() ? "" : "; ") + "B: " + result.b.reason);
  if (!result.reason.empty()) return result;
  try {
    Comparing(a, b, result, is_cancelled).run();
  } catch (const AudioFileError& fault) {
    unreadable(fault.what());
  } catch (const DecoderDied& end) {
    unreadable(end.what());
  }
  return result;
}

}  // namespace lathe
