// What a recipe's checks make of the outputs that a run has written: delivery profiles, lossy codecs, CD frames.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/audit/delivery_profile.h"
#include "host/audit/verdict.h"
#include "host/codec/codec_trial.h"
#include "host/mastering/cd_frames.h"
#include "host/mastering/track_run.h"

namespace lathe {
namespace {

constexpr double kCodecsShare = 0.95;  // of the work is done when the codecs are tried
constexpr double kFullScaleDbtp = 0;   // where the recipe has no ceiling

const char* verdict_word(Verdict verdict) {
  return verdict == Verdict::pass ? "PASS" : verdict == Verdict::fail ? "FAIL" : "UNMEASURABLE";
}

// The written file as an audit would find it.
FileAudit audit_of(const OutputReport& output) {
  FileAudit file;
  file.path = output.path;
  file.state = output.after.is_measurable ? AuditState::measured : AuditState::unmeasurable;
  file.reason = output.after.reason;
  file.container = output.container;
  const bool is_float = output.bits.ends_with('f');
  file.encoding = output.bits.substr(0, output.bits.size() - (is_float ? 1 : 0)) + (is_float ? "-bit float" : "-bit");
  file.sample_rate_hz = output.sample_rate_hz;
  file.channels = output.channels;
  file.frames = output.frames;
  file.figures = output.after.figures;
  return file;
}

ProfileCheck judged(const std::string& name, const OutputReport& output) {
  const DeliveryProfile profile = load_profile(name);
  const ProfileResult result = judge(profile, audit_of(output));
  return {profile.name, result.version, verdict_word(result.verdict), result.reasons, result.notes};
}

std::string in_words(const std::vector<std::string>& reasons) { return fmt::format("{}", fmt::join(reasons, "; ")); }

std::string of_output(const OutputReport& output) { return output.id.empty() ? "" : "output " + output.id + ": "; }

std::string over_text(const CodecCheck& check) {
  return fmt::format("{} decodes to {:.2f} dBTP, {:.2f} dB over the {} of {:.1f} dBTP", check.codec,
                     check.true_peak_dbtp, check.over_db(), check.ceiling_dbtp == kFullScaleDbtp ? "limit" : "ceiling",
                     check.ceiling_dbtp);
}

CodecCheck check_of(const CodecWish& wish, const CodecTrial& trial, double ceiling_dbtp) {
  CodecCheck check;
  check.codec = codec_text(wish.codec);
  check.encoder = trial.encoder;
  check.decoder = trial.decoder;
  check.reason = trial.why_not;
  check.sample_rate_hz = trial.stream_rate_hz;
  check.ceiling_dbtp = ceiling_dbtp;
  if (!trial.was_tried) return check;
  check.true_peak_dbtp = trial.figures.true_peak_dbtp;
  check.integrated_lufs = trial.figures.integrated_lufs;
  check.state = check.true_peak_dbtp <= ceiling_dbtp ? CodecState::holds : CodecState::over;
  return check;
}

}  // namespace

// Those that may lower the ceiling first, and of them the one that was highest last time: where it still is over,
// nothing else need be tried. The first round tries them all, to begin with the worst.
std::vector<TrackRun::Trial> TrackRun::trials(const Rendition& rendition) const {
  std::vector<Trial> all;
  for (const std::size_t index : rendition.outputs) {
    for (std::size_t wish = 0; wish < job_.outputs[index].checks.codecs.size(); ++wish) all.push_back({index, wish});
  }
  const auto rank = [this](const Trial& trial) {
    const bool lowers = job_.outputs[trial.output].checks.codecs[trial.wish].lowers_ceiling;
    const auto seen = decoded_dbtp_.find(trial.name());
    const double last = seen == decoded_dbtp_.end() ? -std::numeric_limits<double>::infinity() : seen->second;
    return std::pair(!lowers, -last);
  };
  std::ranges::stable_sort(all, {}, rank);
  return all;
}

// Through every track's file of the output; the highest of what is decoded, minus infinity where nothing could be.
double TrackRun::try_codec_on(const Trial& trial, double ceiling_dbtp) {
  const CodecWish& wish = job_.outputs[trial.output].checks.codecs[trial.wish];
  Written& written = written_.at(trial.output);
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t piece = 0; piece < written.files.size(); ++piece) {
    const CodecTrial tried = try_codec(CodecPrograms::of_this_machine(), wish.codec, written.files[piece].path(),
                                       [this] { check_cancelled(); });
    std::vector<CodecCheck>& checks = written.reports[piece].codec_checks;
    checks.resize(job_.outputs[trial.output].checks.codecs.size());
    checks[trial.wish] = check_of(wish, tried, ceiling_dbtp);
    if (tried.was_tried) highest = std::max(highest, tried.figures.true_peak_dbtp);
  }
  return highest;
}

bool TrackRun::holds_codecs(const Rendition& rendition) {
  const std::vector<Trial> all = trials(rendition);
  if (all.empty()) return true;
  watch_.pause();
  const double asked_dbtp = ceiling_ ? ceiling_->asked_dbtp() : kFullScaleDbtp;
  const bool is_first_round = decoded_dbtp_.empty(), may_lower = solver_ && ceiling_ && ceiling_->may_go_on();
  const Trial* worst = nullptr;  // of those over that lower the ceiling
  for (const Trial& trial : all) {
    report_progress(kCodecsShare, "codec check");
    const double decoded_dbtp = try_codec_on(trial, asked_dbtp);
    decoded_dbtp_[trial.name()] = decoded_dbtp;
    const bool lowers = job_.outputs[trial.output].checks.codecs[trial.wish].lowers_ceiling;
    if (!lowers || !may_lower || decoded_dbtp <= asked_dbtp) continue;
    if (worst == nullptr || decoded_dbtp > decoded_dbtp_[worst->name()]) worst = &trial;
    if (!is_first_round) break;
  }
  watch_.go_on();
  if (worst == nullptr) return true;
  ceiling_->lower(worst->name(), decoded_dbtp_[worst->name()]);
  solver_->set_ceiling(part_, ceiling_->ceiling_dbtp());
  return false;
}

void TrackRun::report_checks(const Rendition& rendition) {
  const std::vector<std::int64_t> ends = track_ends(rendition);
  for (const std::size_t index : rendition.outputs) {
    const OutputChecks& checks = job_.outputs[index].checks;
    for (std::size_t piece = 0; piece < source_.tracks().size(); ++piece) {
      OutputReport& report = written_.at(index).reports[piece];
      std::vector<std::string>& notes = notes_[piece];
      for (const std::string& name : checks.profiles) {
        report.checks.push_back(judged(name, report));
        const ProfileCheck& check = report.checks.back();
        if (check.verdict == "FAIL")
          notes.push_back(fmt::format("{}fails {}: {}", of_output(report), check.profile, in_words(check.reasons)));
        if (check.verdict == "UNMEASURABLE")
          notes.push_back(
              fmt::format("{}not judged by {}: {}", of_output(report), check.profile, in_words(check.reasons)));
      }
      report_codecs(checks.codecs, piece, report);
      if (!checks.cd_frames) continue;
      if (report.sample_rate_hz != kCdRateHz) {
        notes.push_back(
            fmt::format("{}no CD frames at {} Hz: they are of 44100 Hz", of_output(report), report.sample_rate_hz));
        continue;
      }
      report.cd_frames = report.preview_at_s ? cd_frames_of({report.frames}, 0) : cd_frames_of(ends, piece);
      if (const std::string note = cd_frames_note(*report.cd_frames); !note.empty())
        notes.push_back(of_output(report) + note);
    }
  }
}

void TrackRun::report_codecs(const std::vector<CodecWish>& wishes, std::size_t piece, OutputReport& report) {
  std::vector<std::string> reasons;
  for (std::size_t i = 0; i < report.codec_checks.size(); ++i) {
    const CodecCheck& check = report.codec_checks[i];
    std::string text;
    if (check.state == CodecState::over) {
      text = over_text(check);
      if (wishes[i].lowers_ceiling && ceiling_)
        text += fmt::format(", with the limiter at {:.2f} dBTP after {} rounds", ceiling_->ceiling_dbtp(),
                            ceiling_->rounds());
    } else if (check.state == CodecState::unavailable) {
      text = fmt::format("{} was not tried: {}", check.codec, check.reason);
      if (wishes[i].lowers_ceiling) text += "; nothing was checked or lowered for it";
    }
    if (!text.empty()) (wishes[i].lowers_ceiling ? reasons : notes_[piece]).push_back("codec check: " + text);
  }
  if (ceiling_ && ceiling_->rounds() > 0) {
    report.codec_ceiling_dbtp = ceiling_->ceiling_dbtp();
    report.codec_rounds = ceiling_->rounds();
    notes_[piece].push_back(
        fmt::format("{}the limiter's ceiling was lowered from {:.1f} to {:.2f} dBTP for the codecs, "
                    "in {} round{}",
                    of_output(report), ceiling_->asked_dbtp(), ceiling_->ceiling_dbtp(), ceiling_->rounds(),
                    ceiling_->rounds() == 1 ? "" : "s"));
  }
  if (reasons.empty()) return;
  const std::string reason = in_words(reasons);
  for (std::string* text : {&report.reason, &reasons_[piece]}) {
    if (!text->empty()) *text += "; ";
    *text += (text == &report.reason ? "" : of_output(report)) + reason;
  }
}

}  // namespace lathe
