// The checks and measurements of gpu_check on the CPU launcher: that they pass what is right, find what is planted,
// and fill their tables.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/audio_file/audio_writer.h"
#include "host/audio_file/staged_file.h"
#include "tests/bench/gpu_check_bandwidth.h"
#include "tests/bench/gpu_check_batch.h"
#include "tests/bench/gpu_check_launchers.h"
#include "tests/bench/gpu_check_parity.h"
#include "tests/bench/gpu_check_speed.h"
#include "tests/bench/gpu_check_twice.h"

namespace lathe::bench {
namespace {

// The CPU launcher, whose marks know the time.
class ClockedCpuLauncher : public block::CpuLauncher {
 public:
  struct Mark {
    std::chrono::steady_clock::time_point at{};
    double seconds_since(const Mark& earlier) const {
      return std::max(1e-9, std::chrono::duration<double>(at - earlier.at).count());
    }
  };
  Mark mark() { return {std::chrono::steady_clock::now()}; }
  void wait(const Mark&) {}
};

// Passes on a launcher made of the CPU's.
template <template <class> class Over>
class PassOver final : public FirstPass {
  using Launcher = Over<ClockedCpuLauncher>;

 public:
  PassOver(FirstPassSetup setup, AudioSink* out)
      : over_(launcher_), pass_(over_, parts_on<Launcher>(), std::move(setup), out) {}
  std::byte* room(std::int64_t& frames) override { return pass_.room(frames); }
  void take(std::int64_t frames) override { pass_.take(frames); }
  FirstPassResult finish() override { return pass_.finish(); }

 private:
  ClockedCpuLauncher launcher_;
  Launcher over_;
  DeviceFirstPass<Launcher> pass_;
};

template <template <class> class Over>
MakePass passes_over() {
  return [](FirstPassSetup setup, AudioSink* out) -> std::unique_ptr<FirstPass> {
    return std::make_unique<PassOver<Over>>(std::move(setup), out);
  };
}

MakePass open_cpu() { return cpu::make_first_pass; }

// The CPU's pass with its samples or its result spoiled.
using SpoilSample = std::function<float(float, std::int64_t frame)>;
using SpoilResult = std::function<void(FirstPassResult&)>;

class SpoilingSink final : public AudioSink {
 public:
  SpoilingSink(AudioSink* out, SpoilSample spoil) : out_(out), spoil_(std::move(spoil)) {}
  void take(AudioView audio) override {
    std::vector<float> samples;
    for (int c = 0; c < audio.channels; ++c) {
      for (std::int64_t n = 0; n < audio.frames; ++n) samples.push_back(spoil_(audio.channel(c)[n], done_ + n));
    }
    done_ += audio.frames;
    out_->take({samples.data(), audio.channels, audio.frames, audio.frames});
  }
  void finish() override { out_->finish(); }

 private:
  AudioSink* out_;
  SpoilSample spoil_;
  std::int64_t done_ = 0;
};

class SpoiledPass final : public FirstPass {
 public:
  SpoiledPass(FirstPassSetup setup, AudioSink* out, SpoilSample spoil_sample, SpoilResult spoil_result)
      : sink_(out, std::move(spoil_sample)),
        spoil_result_(std::move(spoil_result)),
        pass_(cpu::make_first_pass(std::move(setup), &sink_)) {}
  std::byte* room(std::int64_t& frames) override { return pass_->room(frames); }
  void take(std::int64_t frames) override { pass_->take(frames); }
  FirstPassResult finish() override {
    FirstPassResult result = pass_->finish();
    spoil_result_(result);
    return result;
  }

 private:
  SpoilingSink sink_;
  SpoilResult spoil_result_;
  std::unique_ptr<FirstPass> pass_;
};

MakePass spoiled(SpoilSample spoil_sample, SpoilResult spoil_result) {
  return [=](FirstPassSetup setup, AudioSink* out) -> std::unique_ptr<FirstPass> {
    return std::make_unique<SpoiledPass>(std::move(setup), out, spoil_sample, spoil_result);
  };
}
float as_it_is(float x, std::int64_t) { return x; }
void leave(FirstPassResult&) {}

// The lines that begin with a word, cut at the tabs.
std::vector<std::vector<std::string>> lines(const std::ostringstream& out, const std::string& word) {
  std::vector<std::vector<std::string>> found;
  std::istringstream text(out.str());
  for (std::string line; std::getline(text, line);) {
    std::vector<std::string> cells;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
    if (cells.front() == word) found.push_back(cells);
  }
  return found;
}

TEST(GpuCheckFindings, ALineIsALineWhateverIsInItsCells) {
  std::ostringstream out;
  Findings findings(out);
  findings.check("a\tb|c\nd", true, "", "1");
  EXPECT_EQ(out.str(), "check\ta b c d\tok\t\t1\n");
  EXPECT_FALSE(findings.has_failed());
  findings.check("e", false, "2", "1");
  findings.check("f", true, "0", "1");
  EXPECT_TRUE(findings.has_failed());
}

TEST(GpuCheckParity, BlockKernelsAgreeWithTheCpuOnEveryJob) {
  std::ostringstream out;
  Findings findings(out);
  const std::vector<Job> jobs = made_up_jobs(3.2);
  check_parity(findings, jobs, passes_over<HostFftLauncher>());
  EXPECT_FALSE(findings.has_failed()) << out.str();
  EXPECT_EQ(lines(out, "check").size(), jobs.size());
}

// What `sanitize` runs holds every kernel of ours but one: WindowPowers belongs to the gating, which Thrust does.
TEST(GpuCheckParity, ItsJobsLaunchEveryKernel) {
  std::set<std::string> launched;
  for (const Job& job : made_up_jobs(0.1)) {
    ClockedCpuLauncher launcher;
    TimedLauncher<ClockedCpuLauncher> timed(launcher);
    run(
        job,
        [&](FirstPassSetup setup, AudioSink* out) -> std::unique_ptr<FirstPass> {
          using Timed = TimedLauncher<ClockedCpuLauncher>;
          return std::make_unique<DeviceFirstPass<Timed>>(timed, parts_on<Timed>(), std::move(setup), out);
        },
        1000);
    for (const auto& step : timed.steps()) launched.insert(step.name);
  }
  for (const char* kernel : {"UnpackPcm", "GainRows", "OverlapSaveGather", "MultiplySpectrum", "OverlapSaveScatter",
                             "BassLower", "BassRaise", "KFilterProbe", "KFilterEnergy", "HopSums", "TraceSums",
                             "TruePeakProbe", "TruePeakSearch", "MaxOfTiles"})
    EXPECT_TRUE(launched.contains(kernel)) << kernel;
}

TEST(GpuCheckParity, EverySpoiledPassIsFound) {
  std::vector<Job> jobs = made_up_jobs(1);
  jobs.resize(1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::pair<std::string, MakePass>> faults = {
      {"a sample that is not a number", spoiled([=](float x, std::int64_t n) { return n == 5 ? nan : x; }, leave)},
      {"a sample 95 dB off", spoiled([](float x, std::int64_t n) { return n == 5 ? x + 2e-5f : x; }, leave)},
      {"all samples 115 dB off", spoiled([](float x, std::int64_t) { return x + 2e-6f; }, leave)},
      {"other loudness", spoiled(as_it_is, [](auto& r) { r.before.figures.integrated_lufs += 2e-4; })},
      {"loudness of nothing", spoiled(as_it_is, [](auto& r) { r.staged->figures.max_momentary_lufs = -1.0 / 0.0; })},
      {"another true peak", spoiled(as_it_is, [](auto& r) { r.staged->true_peak *= 1.00002; })},
      {"no hops", spoiled(as_it_is, [](auto& r) { r.before.hops.energy.clear(); })},
      {"a hop", spoiled(as_it_is, [](auto& r) { r.staged->hops.energy[9] *= 1.1; })},
      {"a trace", spoiled(as_it_is, [](auto& r) { r.staged->trace.power[99] = nanf(""); })},
      {"no reading", spoiled(as_it_is, [](auto& r) { r.staged.reset(); })},
      {"damage", spoiled(as_it_is, [](auto& r) { r.non_finite.count = 1; })},
      {"what it throws",
       [](FirstPassSetup, AudioSink*) -> std::unique_ptr<FirstPass> { throw std::runtime_error("no memory"); }}};
  for (const auto& [name, make_pass] : faults) {
    std::ostringstream out;
    Findings findings(out);
    check_parity(findings, jobs, make_pass);
    EXPECT_TRUE(findings.has_failed()) << name << " was not found: " << out.str();
    EXPECT_EQ(lines(out, "check").size(), 1u);
  }
  std::ostringstream out;
  Findings findings(out);
  check_parity(findings, jobs, spoiled(as_it_is, leave));
  EXPECT_FALSE(findings.has_failed()) << out.str();
}

TEST(GpuCheckJobs, MusicComesInTheBytesOfItsFile) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(::testing::TempDir()) / ("lathe-gpu-check-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  EXPECT_THROW(jobs_of_music({folder}), std::invalid_argument);
  const Material material = made_up_material(1, 22050, 2, 5000, Encoding::pcm16);
  AudioFormat format;
  format.encoding = Encoding::pcm16;
  format.sample_rate_hz = 22050;
  format.frames = 5000;
  std::vector<Job> jobs;
  {
    StagedFile file(folder, folder / "a.wav");
    AudioWriter writer(file.fd(), file.path(), format, Tags{});
    writer.write(material.bytes.data(), format.frames);
    writer.finish();
    file.publish(Replace::refuse);
  }
  jobs = jobs_of_music({folder, folder / "a.wav"});
  fs::remove_all(folder);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].name, "a.wav");
  EXPECT_EQ(jobs[0].setup.frames, 5000);
  EXPECT_EQ(jobs[0].bytes, material.bytes);
  EXPECT_EQ(jobs[0].setup.steps.size(), 2u);
  std::ostringstream out;
  Findings findings(out);
  check_parity(findings, jobs, passes_over<HostFftLauncher>());
  EXPECT_FALSE(findings.has_failed()) << out.str();
}

TEST(GpuCheckTwice, TheSameIsTheSameAndABitIsABit) {
  std::vector<Job> jobs = made_up_jobs(0.5);
  std::ostringstream out;
  Findings findings(out);
  check_twice(findings, jobs, open_cpu);
  EXPECT_FALSE(findings.has_failed()) << out.str();
  EXPECT_EQ(lines(out, "check").size(), 3u);

  // A backend that is off by a bit from its second opening on: on another stream, and in a thread.
  int opened = 0;
  std::ostringstream other;
  Findings faults(other);
  jobs.resize(1);
  check_twice(faults, jobs, [&]() -> MakePass {
    if (++opened == 1) return open_cpu();
    return spoiled([](float x, std::int64_t n) { return n == 7 ? std::nextafter(x, 2.0f) : x; }, leave);
  });
  const auto checks = lines(other, "check");
  ASSERT_EQ(checks.size(), 3u);
  EXPECT_EQ(checks[0][2], "ok");
  EXPECT_EQ(checks[1][2], "FAILED");
  EXPECT_EQ(checks[2][2], "FAILED");
}

// Adds a last bit where several tracks are in the window.
class CrowdedGain final : public DeviceStage {
 public:
  std::string_view name() const override { return "gain"; }
  std::int64_t halo_frames() const override { return 0; }
  void run(const block::InputRows& in, const block::OutputRows& out, block::GlobalSpan<const std::int64_t>) override {
    for (std::int64_t r = 0; r < out.rows; ++r) {
      for (std::int64_t n = 0; n < out.frames; ++n) out.at(r, n) = in.at(r, n);
    }
    if (out.rows > 2) out.at(2, 0) = std::nextafter(out.at(2, 0), 2.0f);
  }
  Work work() const override { return {}; }
};

TEST(GpuCheckBatch, ABatchIsItsTracksAndACrowdedOneIsFound) {
  block::CpuLauncher launcher;
  DeviceParts<block::CpuLauncher> parts = parts_on<block::CpuLauncher>();
  std::ostringstream out;
  Findings findings(out);
  BatchOnDevice<block::CpuLauncher>(launcher, parts, {4, 90'000, kSegmentGrid}).check(findings);
  EXPECT_FALSE(findings.has_failed()) << out.str();
  EXPECT_EQ(lines(out, "check").size(), 5u);

  parts.make_gain = [](block::CpuLauncher&, double) -> std::unique_ptr<DeviceStage> {
    return std::make_unique<CrowdedGain>();
  };
  std::ostringstream other;
  Findings faults(other);
  BatchOnDevice<block::CpuLauncher>(launcher, parts, {3, 2'000, kSegmentGrid}).check(faults);
  for (const auto& check : lines(other, "check"))
    EXPECT_EQ(check[2], check[1].find("gain") != std::string::npos ? "FAILED" : "ok") << other.str();
}

TEST(GpuCheckSpeed, EveryStageAndStepHasItsRow) {
  ClockedCpuLauncher launcher;
  const SpeedShape shape{2, 2, 3, {1 << 15}, {4}};
  StagesOnDevice<ClockedCpuLauncher> stages(launcher, shape);
  std::vector<StageSpeed> speeds = stages.time(parts_on<ClockedCpuLauncher>());
  ASSERT_EQ(speeds.size(), 9u);
  EXPECT_EQ(speeds[1].stage, "EQ of 8191 taps");
  const double samples = 2 * 2 * 88200;
  for (const StageSpeed& speed : speeds) {
    EXPECT_EQ(speed.of, "2 x 2 s");
    EXPECT_NEAR(speed.audio_s, 4.0, 1e-9);
    EXPECT_GT(speed.seconds, 0);
    if (speed.stage == "gating, with waits") continue;
    EXPECT_GE(speed.work.bytes, 7 * samples) << speed.stage;  // one run's, not those of all
    EXPECT_LT(speed.work.bytes, 200 * samples) << speed.stage;
  }
  speeds.push_back(time_passes([] { return passes_over<TimedLauncher>(); }, 0.3, 2, 2));
  EXPECT_NEAR(speeds.back().audio_s, 1.2, 1e-9);

  std::ostringstream out;
  Findings findings(out);
  print_speeds(findings, speeds, 1.0);
  EXPECT_FALSE(findings.has_failed());
  EXPECT_EQ(lines(out, "check").size(), 2u);
  const std::vector<StepTime> times = stages.time_steps();
  print_steps(findings, times);
  ASSERT_EQ(lines(out, "head").size(), 2u);
  EXPECT_EQ(lines(out, "row").size(), speeds.size() + times.size());
  double all = 0;
  std::vector<std::string> names;
  for (const StepTime& time : times) {
    all += time.share;
    names.push_back(time.step);
  }
  EXPECT_NEAR(all, 3, 1e-9);  // the whole of each of three stages
  for (const char* kernel : {"OverlapSaveGather", "transform of 65536", "MultiplySpectrum", "OverlapSaveScatter",
                             "BassLower", "BassRaise", "KFilterProbe", "KFilterEnergy", "TruePeakSearch"})
    EXPECT_NE(std::find(names.begin(), names.end(), kernel), names.end()) << kernel;

  // Against a ceiling out of reach both promises are broken.
  std::ostringstream slow;
  Findings too_slow(slow);
  print_speeds(too_slow, speeds, 1e18);
  for (const auto& check : lines(slow, "check")) EXPECT_EQ(check[2], "FAILED");
  EXPECT_EQ(lines(slow, "check").size(), 2u);
}

TEST(GpuCheckBandwidth, EverySizeHasItsColumn) {
  ClockedCpuLauncher launcher;
  const CopyShape shape{{1 << 12, 1 << 20}, 1 << 20, 2};
  int copies = 0;
  const auto speeds = measure_copies(launcher, shape, [&](const std::byte* from, std::byte* to, std::int64_t bytes) {
    std::copy_n(from, bytes, to);
    ++copies;
  });
  EXPECT_EQ(copies, 2 * (256 + 1));
  std::ostringstream out;
  Findings findings(out);
  print_copies(findings, speeds);
  EXPECT_EQ(lines(out, "head"),
            (std::vector<std::vector<std::string>>{{"head", "bandwidth", "copies, GB/s", "4096 bytes", "1 MiB"}}));
  ASSERT_EQ(lines(out, "row").size(), 3u);
  for (const auto& row : lines(out, "row")) EXPECT_EQ(row.size(), 5u);
}

}  // namespace
}  // namespace lathe::bench
