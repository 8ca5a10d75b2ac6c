#include "tests/bench/gpu_check_job.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

#include "host/audio_file/audio_reader.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/pcm/pcm.h"
#include "tests/support/signals.h"

namespace lathe::bench {
namespace {

constexpr double kMostSeconds = 60;
constexpr std::size_t kMostFiles = 12;
constexpr std::int64_t kShortSegment = 65536;  // frames

class Collector final : public AudioSink {
 public:
  explicit Collector(std::vector<std::vector<float>>& rows) : rows_(rows) {}
  void take(AudioView audio) override {
    for (int c = 0; c < audio.channels; ++c) {
      auto& row = rows_.at(static_cast<std::size_t>(c));
      row.insert(row.end(), audio.channel(c), audio.channel(c) + audio.frames);
    }
  }
  void finish() override {}

 private:
  std::vector<std::vector<float>>& rows_;
};

template <class T, class Allocator>
bool same_bits(const std::vector<T, Allocator>& a, const std::vector<T, Allocator>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

bool same_bits(const LoudnessFigures& a, const LoudnessFigures& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

EqBand on(BandChannel channel, EqBand band) {
  band.channel = channel;
  return band;
}

ChainStep eq(std::vector<EqBand> bands, double sample_rate_hz) {
  return std::make_shared<const LinearPhaseEqDesign>(std::move(bands), sample_rate_hz);
}

FirstPassSetup setup_for(Encoding encoding, double sample_rate_hz, int channels, std::int64_t frames) {
  FirstPassSetup setup;
  setup.encoding = encoding;
  setup.sample_rate_hz = sample_rate_hz;
  setup.frames = frames;
  setup.weights = channel_weights(channels, 0);
  setup.trace = true;
  setup.staged_true_peak = true;
  setup.segment_samples = kShortSegment * channels;
  return setup;
}

std::vector<std::filesystem::path> files_in(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && is_accepted_extension(entry.path().extension().string()))
        found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.empty()) throw std::invalid_argument("no audio files to check with");
  files.resize(std::min(files.size(), kMostFiles));
  return files;
}

Job job_of_file(const std::filesystem::path& path) {
  AudioReader reader(path);
  const AudioFormat& format = reader.format();
  const double rate = format.sample_rate_hz;
  const auto frames = std::min(format.frames, static_cast<std::int64_t>(kMostSeconds * rate));
  Job job{path.filename().string(), setup_for(format.encoding, rate, format.channels, frames), {}};
  job.setup.weights = channel_weights(format.channels, format.channel_mask, format.speakers);
  job.setup.scrub = true;
  std::vector<EqBand> bands = eq_of_8191_taps();
  std::erase_if(bands, [rate](const EqBand& band) { return band.freq_hz >= rate / 2; });
  job.setup.steps = {eq(bands, rate), 0.8};
  job.bytes.resize(static_cast<std::size_t>(frames * frame_bytes(format)) + kPcmSlackBytes);
  for (std::int64_t filled = 0; filled < frames;) {
    const std::int64_t got = reader.read(job.bytes.data() + filled * frame_bytes(format), frames - filled);
    if (got == 0) throw std::runtime_error(path.string() + ": ends before what its header promises");
    filled += got;
  }
  return job;
}

}  // namespace

JobResult run(const Job& job, const MakePass& make_pass, std::int64_t most_frames) {
  const FirstPassSetup& setup = job.setup;
  JobResult result;
  result.samples.resize(setup.weights.size());
  Collector collector(result.samples);
  const std::unique_ptr<FirstPass> pass = make_pass(setup, &collector);
  const std::int64_t frame_bytes = setup.channels() * bytes_per_sample(setup.encoding);
  for (std::int64_t first = 0; first < setup.frames;) {
    std::int64_t count = std::min(most_frames, setup.frames - first);
    std::byte* to = pass->room(count);
    std::memcpy(to, job.bytes.data() + first * frame_bytes, static_cast<std::size_t>(count * frame_bytes));
    pass->take(count);
    first += count;
  }
  result.found = pass->finish();
  return result;
}

std::string differing(const LoudnessReading& a, const LoudnessReading& b) {
  if (!same_bits(a.figures, b.figures)) return "figures";
  if (a.true_peak != b.true_peak || a.sample_peak != b.sample_peak) return "peaks";
  if (!same_bits(a.hops.energy, b.hops.energy)) return "hops";
  if (!same_bits(a.trace.sample_peak, b.trace.sample_peak) || !same_bits(a.trace.bend, b.trace.bend) ||
      !same_bits(a.trace.power, b.trace.power))
    return "trace";
  return "";
}

std::string differing(const JobResult& a, const JobResult& b) {
  if (!std::equal(a.samples.begin(), a.samples.end(), b.samples.begin(), b.samples.end(),
                  same_bits<float, std::allocator<float>>))
    return "samples";
  const NonFinite &bad = a.found.non_finite, &other = b.found.non_finite;
  if (bad.count != other.count || bad.first_frame != other.first_frame || bad.first_channel != other.first_channel)
    return "damage";
  const std::string before = differing(a.found.before, b.found.before);
  if (!before.empty()) return before;
  if (a.found.staged.has_value() != b.found.staged.has_value()) return "figures";
  return a.found.staged ? differing(*a.found.staged, *b.found.staged) : "";
}

std::vector<EqBand> eq_of_8191_taps() {
  return {{BandType::bell, 100, 3, 3}, {.type = BandType::high_shelf, .freq_hz = 11000, .gain_db = 1}};
}

std::vector<EqBand> eq_of_the_bass() { return {{.type = BandType::high_pass, .freq_hz = 22, .slope_db_oct = 24}}; }

Material made_up_material(std::uint64_t seed, double sample_rate_hz, int channels, std::int64_t frames,
                          Encoding encoding) {
  test::Random random(seed);
  std::vector<test::Signal> signals;
  for (int c = 0; c < channels; ++c) {
    signals.push_back(test::programme(random, sample_rate_hz, frames));
    for (double& x : signals.back()) x = std::clamp(4 * x, -1.0, 1.0);
  }
  test::FloatTrack track(signals);
  Material material;
  material.bytes.resize(static_cast<std::size_t>(frames * channels * bytes_per_sample(encoding)) + kPcmSlackBytes);
  std::vector<std::int32_t> steps(static_cast<std::size_t>(frames * channels));
  Quantizer(encoding, Dither::none, 0).pack(track.view(), 0, steps.data(), material.bytes.data());
  for (int c = 0; c < channels; ++c) material.rows.emplace_back(track.channel(c).begin(), track.channel(c).end());
  return material;
}

std::vector<Job> made_up_jobs(double seconds) {
  struct Case {
    const char* name;
    Encoding encoding;
    double rate;
    int channels;
    std::vector<ChainStep> steps;
  };
  const double cd = 44100, high = 96000;
  const std::vector<EqBand> one_side = {on(BandChannel::left, {BandType::bell, 500, 6, 1}),
                                        on(BandChannel::right, {BandType::high_pass, 60})};
  const std::vector<EqBand> mid_side = {on(BandChannel::side, {BandType::high_pass, 120}),
                                        on(BandChannel::mid, {BandType::bell, 2000, 2, 1}),
                                        on(BandChannel::left, {BandType::low_shelf, 200, 2})};
  const std::vector<Case> cases = {
      {"EQ of 8,191 taps, 24 bits", Encoding::pcm24, cd, 2, {eq(eq_of_8191_taps(), cd)}},
      {"EQ of the bass, 16 bits", Encoding::pcm16, cd, 2, {eq(eq_of_the_bass(), cd)}},
      {"EQ on left and right, 24 bits", Encoding::pcm24, cd, 2, {eq(one_side, cd)}},
      {"EQ on mid and side, then left, float, 96 kHz", Encoding::float32, high, 2, {eq(mid_side, high)}},
      {"two EQs and a gain, mono, float",
       Encoding::float32,
       cd,
       1,
       {eq(eq_of_8191_taps(), cd), 0.7, eq(eq_of_the_bass(), cd)}},
      {"EQ and gain, 6 channels, 24 bits, 96 kHz", Encoding::pcm24, high, 6, {eq(eq_of_8191_taps(), high), 0.5}},
      {"meter alone, 16 bits, 96 kHz", Encoding::pcm16, high, 2, {}},
      {"meter alone, damaged float", Encoding::float32, cd, 2, {}}};
  std::vector<Job> jobs;
  for (const Case& of : cases) {
    const auto frames = static_cast<std::int64_t>(seconds * of.rate) + 77;  // ends within a group, a hop and a segment
    Job job{of.name, setup_for(of.encoding, of.rate, of.channels, frames), {}};
    job.setup.steps = of.steps;
    job.bytes = made_up_material(jobs.size() + 1, of.rate, of.channels, frames, of.encoding).bytes;
    jobs.push_back(std::move(job));
  }
  Job& damaged = jobs.back();
  damaged.setup.scrub = true;
  const float nan = std::numeric_limits<float>::quiet_NaN(), huge = 2e4f;
  const std::int64_t samples = 2 * damaged.setup.frames;
  std::memcpy(damaged.bytes.data() + 4 * (samples / 3), &nan, 4);
  std::memcpy(damaged.bytes.data() + 4 * (samples - 1), &huge, 4);
  return jobs;
}

std::vector<Job> jobs_of_music(const std::vector<std::filesystem::path>& paths) {
  std::vector<Job> jobs;
  for (const std::filesystem::path& file : files_in(paths)) jobs.push_back(job_of_file(file));
  return jobs;
}

}  // namespace lathe::bench
