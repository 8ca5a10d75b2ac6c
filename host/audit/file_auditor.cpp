#include "host/audit/file_auditor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/input_file.h"
#include "host/audio_file/isolation/decoder_error.h"
#include "host/audio_file/pcm_hash.h"
#include "host/audit/album_checks.h"
#include "host/audit/audible_loudness.h"
#include "host/audit/checks.h"
#include "host/audit/loudness_series.h"
#include "host/audit/spectrum_checks.h"
#include "host/audit/track_stream.h"
#include "kernels/aligned.h"
#include "kernels/inspection/inspector.h"
#include "kernels/inspection/word_bits.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/pcm/pcm.h"
#include "kernels/tonal_balance/octave_meter.h"

namespace lathe {
namespace {

constexpr std::int64_t kBlock = 16384;
// What lies above 20 kHz has a share of the ungated power that is at most that of the gated, but for blocks at the
// gate: a fifth of the 0.005 LU that would show.
constexpr double kNegligibleLu = 0.001;
constexpr int kLowestUltrasonicRateHz = 44100;

std::string encoding_text(const AudioFormat& format) {
  const int bits = format.valid_bits > 0 ? format.valid_bits : bits_per_sample(format.encoding);
  return fmt::format("{}-bit{}", bits, is_float(format.encoding) ? " float" : "");
}

void keep_tags(const Tags& tags, FileAudit& audit) {
  static constexpr std::pair<const char*, const char*> kKept[] = {
      {"title", "TITLE"},     {"artist", "ARTIST"}, {"album", "ALBUM"}, {"track", "TRACKNUMBER"},
      {"disc", "DISCNUMBER"}, {"isrc", "ISRC"},     {"upc", "BARCODE"}};
  for (const auto& [key, name] : kKept) {
    if (const std::string_view value = tags.first(name); !value.empty()) audit.tags[key] = value;
  }
}

std::vector<float> as_floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

}  // namespace

struct FileAuditor::Buffers {
  AlignedArray<std::byte> bytes;
  AlignedArray<float> samples;
  AverageSpectrum::Workspace spectrum;
  OctaveMeter::Workspace octaves;

  void fit(const AudioFormat& format) {
    const auto needed = static_cast<std::size_t>(kBlock * frame_bytes(format)) + kPcmSlackBytes;
    const auto floats = static_cast<std::size_t>(kBlock * format.channels);
    if (bytes.size() < needed) bytes = AlignedArray<std::byte>(needed);
    if (samples.size() < floats) samples = AlignedArray<float>(floats);
  }
};

namespace {

// The work on one open file.
class FileRun {
 public:
  FileRun(const std::filesystem::path& path, const AuditOptions& options, FileAudit& audit)
      : options_(options),
        audit_(audit),
        reader_(path, options.checks == AuditChecks::all ? Md5::compared : Md5::left_alone),
        format_(reader_.format()) {
    audit_.container = container_name(format_.container);
    audit_.encoding = encoding_text(format_);
    audit_.sample_rate_hz = format_.sample_rate_hz;
    audit_.channels = format_.channels;
    audit_.channel_mask = format_.channel_mask;
    audit_.frames = format_.frames;
    layout_ = channel_layout(format_.channels, format_.channel_mask, format_.speakers);
    audit_.channel_layout = layout_.name;
    audit_.is_layout_assumed = layout_.is_assumed;
    keep_tags(reader_.tags(), audit_);
  }

  const AudioFormat& format() const { return format_; }

  // The payload's hash alone: a fraction of what measuring costs.
  void identify(std::byte* bytes, const std::atomic<bool>& is_cancelled) {
    PcmHash hash;
    for (std::int64_t done = 0; done < format_.frames;) {
      if (is_cancelled.load(std::memory_order_relaxed)) throw AuditCancelled();
      const std::int64_t count = reader_.read(bytes, std::min(kBlock, format_.frames - done));
      if (count == 0) break;
      hash.update(bytes, static_cast<std::size_t>(count * frame_bytes(format_)));
      done += count;
    }
    audit_.payload_hash = hash.hex();
  }

  void measure(std::byte* bytes, float* samples, AverageSpectrum::Workspace& space,
               OctaveMeter::Workspace& octave_space, const std::atomic<bool>& is_cancelled) {
    std::vector<double> weights = layout_.weights;
    if (options_.dual_mono && format_.channels == 1) weights[0] = 2;
    LoudnessMeter meter({static_cast<double>(format_.sample_rate_hz), weights, true, false, format_.frames});
    PcmHash hash;
    NonFinite bad;
    std::optional<Inspector> inspector;
    std::optional<OctaveMeter> octaves;
    if (options_.checks != AuditChecks::none) {
      inspector.emplace(inspector_setup(space));
      octaves.emplace(static_cast<double>(format_.sample_rate_hz), format_.channels, &octave_space);
    }
    WordBits words(format_.encoding);
    TrackEdgeFinder edges;
    std::int64_t done = 0;
    while (done < format_.frames) {
      if (is_cancelled.load(std::memory_order_relaxed)) throw AuditCancelled();
      const std::int64_t count = reader_.read(bytes, std::min(kBlock, format_.frames - done));
      if (count == 0) break;
      hash.update(bytes, static_cast<std::size_t>(count * frame_bytes(format_)));
      const MutableAudioView frames{samples, format_.channels, count, kBlock};
      unpack_pcm(bytes, format_.encoding, frames);
      if (is_float(format_.encoding)) note(find_non_finite(frames, false), done, bad);
      if (inspector) words.take(bytes, count * format_.channels);
      if (bad.count == 0) meter.take(frames);
      if (bad.count == 0) edges.take(frames);
      if (bad.count == 0 && inspector) {
        inspector->take(frames);
        octaves->take(frames);
      }
      done += count;
    }
    meter.finish();
    audit_.payload_hash = hash.hex();
    judge_state(bad, meter.take_reading());
    if (audit_.state == AuditState::measured) audit_.edges = edges.edges();
    if (!inspector) return;
    if (bad.count > 0) {
      audit_.findings.push_back(non_finite(bad));
    } else if (format_.frames > 0) {
      inspector->finish();
      const Inspection& track = inspector->inspection();
      audit_.findings = check_signal(track, format_.encoding, words.use());
      keep_stereo(track);
      if (audit_.state != AuditState::measured) return;
      octaves->finish();
      audit_.octaves = octaves->figures();
      measure_audible(track, weights, bytes, samples, is_cancelled);
    }
  }

 private:
  Inspector::Setup inspector_setup(AverageSpectrum::Workspace& space) const {
    const double step = is_float(format_.encoding) ? 0.0 : std::ldexp(1.0, 1 - bits_per_sample(format_.encoding));
    return {static_cast<double>(format_.sample_rate_hz), format_.channels, step, true, true, &space};
  }

  AuditFinding non_finite(const NonFinite& bad) const {
    return {"non-finite",
            Severity::error,
            audit_.reason,
            static_cast<double>(bad.first_frame) / format_.sample_rate_hz,
            {{"samples", static_cast<double>(bad.count)}, {"channel", static_cast<double>(bad.first_channel + 1)}}};
  }

  void keep_stereo(const Inspection& track) {
    const std::optional<StereoFigures> stereo = stereo_figures(track);
    if (!stereo) return;
    audit_.stereo_correlation = stereo->correlation;
    audit_.mono_loss_db = stereo->mono_loss_db;
  }

  // Reads the file once more, where it matters or is asked for.
  void measure_audible(const Inspection& track, const std::vector<double>& weights, std::byte* bytes, float* samples,
                       const std::atomic<bool>& is_cancelled) {
    audit_.below_20khz_lufs = audit_.figures.integrated_lufs;
    const bool is_asked_for = options_.checks == AuditChecks::all && format_.sample_rate_hz >= kLowestUltrasonicRateHz;
    if (!is_asked_for && share_above_20khz_lu(track) < kNegligibleLu) return;
    if (!AudibleLoudness::is_for(format_.sample_rate_hz)) return audit_.below_20khz_lufs.reset();
    AudibleLoudness audible(format_.sample_rate_hz, weights);
    reader_.rewind();
    for (std::int64_t done = 0; done < format_.frames;) {
      if (is_cancelled.load(std::memory_order_relaxed)) throw AuditCancelled();
      const std::int64_t count = reader_.read(bytes, std::min(kBlock, format_.frames - done));
      if (count == 0) break;
      const MutableAudioView frames{samples, format_.channels, count, kBlock};
      unpack_pcm(bytes, format_.encoding, frames);
      audible.take(frames);
      done += count;
    }
    audit_.below_20khz_lufs = audible.finish();
    check_ultrasonic(audit_.figures.integrated_lufs, *audit_.below_20khz_lufs, audit_.findings);
  }

  static void note(const NonFinite& found, std::int64_t first_frame, NonFinite& all) {
    if (found.count > 0 && all.count == 0) {
      all.first_frame = first_frame + found.first_frame;
      all.first_channel = found.first_channel;
    }
    all.count += found.count;
  }

  void unmeasurable(const char* code, std::string reason) {
    audit_.state = AuditState::unmeasurable;
    audit_.reason_code = code;
    audit_.reason = std::move(reason);
  }

  void judge_state(const NonFinite& bad, const LoudnessReading& reading) {
    if (format_.frames == 0) return unmeasurable("EMPTY", "the file has 0 frames");
    if (bad.count > 0) {
      return unmeasurable(
          "NON_FINITE",
          fmt::format("{} sample{} NaN, infinite or beyond +80 dBFS, the first in channel {} at frame {} ({:.3f} s)",
                      bad.count, bad.count == 1 ? " is" : "s are", bad.first_channel + 1, bad.first_frame,
                      static_cast<double>(bad.first_frame) / format_.sample_rate_hz));
    }
    audit_.figures = reading.figures;
    if (!std::isfinite(reading.figures.integrated_lufs)) {
      if (format_.frames < hop_start(40, format_.sample_rate_hz))
        return unmeasurable("TOO_SHORT", "shorter than 400 ms: BS.1770 has no loudness for it");
      return unmeasurable("SILENCE", "silence: no 400 ms block is above -70 LUFS");
    }
    audit_.state = AuditState::measured;
    if (reading.true_peak_frame) {
      const std::int64_t frame = std::clamp<std::int64_t>(*reading.true_peak_frame, 0, format_.frames - 1);
      audit_.true_peak_at_s = static_cast<double>(frame) / format_.sample_rate_hz;
    }
    audit_.powers = pooled_powers(reading.hops);
    if (options_.series) audit_.series = series_of(audit_.powers);
  }

  const AuditOptions& options_;
  FileAudit& audit_;
  AudioReader reader_;
  AudioFormat format_;
  ChannelLayout layout_;
};

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return result;
}

// Figures of nothing: no level is a number that could be taken for a measurement.
LoudnessFigures no_figures() {
  const double nothing = loudness_of_power(0);
  return {nothing, 0, nothing, nothing, nothing, nothing};
}

}  // namespace

namespace {

void unreadable(FileAudit& audit, std::string code, std::string reason) {
  audit.state = AuditState::unreadable;
  audit.reason_code = std::move(code);
  audit.reason = std::move(reason);
  audit.figures = no_figures();
  audit.payload_hash.clear();
  audit.findings.clear();
}

}  // namespace

// Does `work` on the open file; what is wrong with the file becomes its state and reason.
template <class Work>
FileAudit FileAuditor::on_file(const std::filesystem::path& path, const AuditOptions& options, Work work) {
  FileAudit audit;
  audit.path = path;
  audit.figures = no_figures();
  std::error_code error;
  if (const auto size = std::filesystem::file_size(path, error); !error)
    audit.size_bytes = static_cast<std::int64_t>(size);
  try {
    FileRun run(path, options, audit);
    buffers_->fit(run.format());
    work(run);
  } catch (const AudioFileError& fault) {
    unreadable(audit, upper(fault_name(fault.fault())), fault.reason());
  } catch (const DecoderDied& end) {
    unreadable(audit, std::string(end.code_name()), end.reason());
  } catch (const AuditCancelled&) {
    throw;
  } catch (const std::logic_error& fault) {
    // A fault of ours with this file, and no reason to lose the others.
    unreadable(audit, "INTERNAL", std::string("could not be measured, by a fault of Lathe: ") + fault.what());
  }
  return audit;
}

FileAuditor::FileAuditor() : buffers_(std::make_unique<Buffers>()) {}
FileAuditor::~FileAuditor() = default;

FileAudit FileAuditor::audit(const std::filesystem::path& path, const AuditOptions& options,
                             const std::atomic<bool>& is_cancelled) {
  return on_file(path, options, [&](FileRun& run) {
    run.measure(buffers_->bytes.data(), buffers_->samples.data(), buffers_->spectrum, buffers_->octaves, is_cancelled);
  });
}

FileAudit FileAuditor::identify(const std::filesystem::path& path, const AuditOptions& options,
                                const std::atomic<bool>& is_cancelled) {
  return on_file(path, options, [&](FileRun& run) { run.identify(buffers_->bytes.data(), is_cancelled); });
}

PooledPowers pooled_powers(const HopEnergies& hops) {
  return {as_floats(window_powers(hops, 40, 10)), as_floats(range_powers(hops))};
}

namespace {

// Of all in one piece: a folder may hold 100,000.
std::vector<double> pooled(const std::vector<const PooledPowers*>& parts, std::vector<float> PooledPowers::*which) {
  std::size_t count = 0;
  for (const PooledPowers* part : parts) count += (part->*which).size();
  std::vector<double> powers;
  powers.reserve(count);
  for (const PooledPowers* part : parts) powers.insert(powers.end(), (part->*which).begin(), (part->*which).end());
  return powers;
}

void raise(double& most, double level) { most = std::max(most, level); }

AuditFinding contiguous(int joins, std::size_t streams) {
  return {
      "contiguous",
      Severity::info,
      fmt::format("{} run{} into the next: measured as {}", joins == 1 ? "a track" : fmt::format("{} tracks", joins),
                  joins == 1 ? "s" : "", streams == 1 ? "one stream" : fmt::format("{} streams", streams)),
      std::nullopt,
      {{"joins", static_cast<double>(joins)}, {"streams", static_cast<double>(streams)}}};
}

}  // namespace

AlbumAudit album_of(const std::string& path, const std::vector<const FileAudit*>& files,
                    const std::vector<AlbumStream>& streams) {
  AlbumAudit album;
  album.path = path;
  LoudnessFigures figures = no_figures();
  std::vector<const PooledPowers*> parts;
  std::vector<bool> is_in_stream(files.size(), false);
  for (const AlbumStream& stream : streams) {
    std::fill_n(is_in_stream.begin() + static_cast<std::ptrdiff_t>(stream.first), stream.count, true);
    album.joins += static_cast<int>(stream.count) - 1;
    parts.push_back(&stream.audit.powers);
    raise(figures.max_momentary_lufs, stream.audit.max_momentary_lufs);
    raise(figures.max_short_term_lufs, stream.audit.max_short_term_lufs);
    raise(figures.true_peak_dbtp, stream.audit.true_peak_dbtp);
  }
  for (std::size_t t = 0; t < files.size(); ++t) {
    const FileAudit& file = *files[t];
    if (file.state != AuditState::measured) continue;
    ++album.tracks;
    raise(figures.sample_peak_dbfs, file.figures.sample_peak_dbfs);
    if (is_in_stream[t]) continue;
    parts.push_back(&file.powers);
    raise(figures.max_momentary_lufs, file.figures.max_momentary_lufs);
    raise(figures.max_short_term_lufs, file.figures.max_short_term_lufs);
    raise(figures.true_peak_dbtp, file.figures.true_peak_dbtp);
  }
  album.ladder = ladder_of(files);
  if (album.tracks == 0) return album;
  figures.integrated_lufs = gated_loudness(pooled(parts, &PooledPowers::blocks));
  figures.loudness_range_lu = gated_range(pooled(parts, &PooledPowers::short_term));
  album.figures = figures;
  if (album.joins > 0) album.findings.push_back(contiguous(album.joins, streams.size()));
  check_spread(files, album.findings);
  return album;
}

}  // namespace lathe
