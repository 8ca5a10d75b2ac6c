// Whole first passes, timed by the clock on the wall: threads, copies and the host's own work are part of them.
#include <fmt/format.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstring>
#include <future>

#include "tests/bench/gpu_check_speed.h"

namespace lathe::bench {
namespace {

constexpr std::int64_t kBlock = 16384;  // frames: as host/mastering pushes them

class Discard final : public AudioSink {
 public:
  void take(AudioView) override {}
  void finish() override {}
};

void pass_over(const Job& job, const MakePass& make_pass) {
  Discard discard;
  const auto pass = make_pass(job.setup, &discard);
  const std::int64_t frame_bytes = job.setup.channels() * bytes_per_sample(job.setup.encoding);
  for (std::int64_t first = 0; first < job.setup.frames;) {
    std::int64_t count = std::min(kBlock, job.setup.frames - first);
    std::byte* to = pass->room(count);
    std::memcpy(to, job.bytes.data() + first * frame_bytes, static_cast<std::size_t>(count * frame_bytes));
    pass->take(count);
    first += count;
  }
  pass->finish();
}

}  // namespace

StageSpeed time_passes(const OpenBackend& open, double seconds, int threads, int passes) {
  using Clock = std::chrono::steady_clock;
  Job job;
  FirstPassSetup& setup = job.setup;
  setup.encoding = Encoding::pcm24;
  setup.sample_rate_hz = kSpeedRateHz;
  setup.frames = static_cast<std::int64_t>(seconds * kSpeedRateHz);
  setup.weights = {1, 1};
  setup.steps = {std::make_shared<const LinearPhaseEqDesign>(eq_of_the_bass(), kSpeedRateHz)};
  setup.trace = true;
  job.bytes = made_up_material(1, kSpeedRateHz, 2, setup.frames, setup.encoding).bytes;

  std::barrier all_are_warm(threads);
  struct Span {
    Clock::time_point began, ended;
  };
  const auto work = [&] {
    MakePass make_pass;
    try {
      make_pass = open();
      pass_over(job, make_pass);
    } catch (...) {
      all_are_warm.arrive_and_drop();  // else the others would wait for ever
      throw;
    }
    all_are_warm.arrive_and_wait();
    Span span{Clock::now(), {}};
    for (int i = 0; i < passes; ++i) pass_over(job, make_pass);
    span.ended = Clock::now();
    return span;
  };
  std::vector<std::future<Span>> running;
  for (int t = 0; t < threads; ++t) running.push_back(std::async(std::launch::async, work));
  Span all{Clock::time_point::max(), Clock::time_point::min()};
  for (auto& future : running) {
    const Span span = future.get();
    all.began = std::min(all.began, span.began);
    all.ended = std::max(all.ended, span.ended);
  }
  StageSpeed speed;
  speed.stage = fmt::format("whole first pass, {} thread{}", threads, threads == 1 ? "" : "s");
  speed.of = fmt::format("{} x {:.0f} s", threads * passes, seconds);
  speed.audio_s = threads * passes * seconds;
  speed.seconds = std::chrono::duration<double>(all.ended - all.began).count();
  return speed;
}

}  // namespace lathe::bench
