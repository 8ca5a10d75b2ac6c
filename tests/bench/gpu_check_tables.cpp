#include <fmt/format.h>

#include "tests/bench/gpu_check_bandwidth.h"
#include "tests/bench/gpu_check_speed.h"

namespace lathe::bench {
namespace {

constexpr double kLeastShare = 0.5;  // of the copy bandwidth: promised for the equaliser and the meter

std::string size_text(std::int64_t bytes) {
  if (bytes >= std::int64_t{1} << 30) return fmt::format("{} GiB", bytes >> 30);
  return bytes >= 1 << 20 ? fmt::format("{} MiB", bytes >> 20) : fmt::format("{} bytes", bytes);
}

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

}  // namespace

void print_copies(Findings& findings, const std::vector<CopySpeed>& speeds) {
  std::vector<std::string> head = {"copies, GB/s"}, up = {"host to device, pinned"}, down = {"device to host, pinned"},
                           within = {"within the device, read and written"};
  for (const CopySpeed& speed : speeds) {
    head.push_back(size_text(speed.size));
    up.push_back(fmt::format("{:.1f}", speed.up / 1e9));
    down.push_back(fmt::format("{:.1f}", speed.down / 1e9));
    within.push_back(fmt::format("{:.1f}", speed.within / 1e9));
  }
  findings.head("bandwidth", head);
  for (const auto& row : {up, down, within}) findings.row("bandwidth", row);
}

void print_speeds(Findings& findings, const std::vector<StageSpeed>& speeds, double copy_bytes_s) {
  findings.head("speed", {"stage", "tracks", "ms", "x realtime", "GB counted", "GFLOP counted", "GB/s",
                          fmt::format("share of {:.0f} GB/s", copy_bytes_s / 1e9)});
  for (const StageSpeed& speed : speeds) {
    std::vector<std::string> cells = {speed.stage, speed.of, fmt::format("{:.3f}", 1e3 * speed.seconds),
                                      fmt::format("{:.0f}", speed.audio_s / speed.seconds)};
    const double bytes_s = speed.work.bytes / speed.seconds;
    if (speed.work.bytes > 0) {
      for (const double value : {speed.work.bytes / 1e9, speed.work.flops / 1e9})
        cells.push_back(fmt::format("{:.2f}", value));
      cells.push_back(fmt::format("{:.0f}", bytes_s / 1e9));
      cells.push_back(percent(bytes_s / copy_bytes_s));
    } else {
      cells.insert(cells.end(), 4, "");
    }
    findings.row("speed", cells);
  }
  for (const StageSpeed& speed : speeds) {
    if (speed.of != speeds.front().of) break;
    if (speed.stage != "EQ of 8191 taps" && speed.stage != "loudness with true peak") continue;
    const double share = speed.work.bytes / speed.seconds / copy_bytes_s;
    findings.check(speed.stage + ": share of copy bandwidth", share >= kLeastShare, percent(share),
                   "at least " + percent(kLeastShare));
  }
}

void print_steps(Findings& findings, const std::vector<StepTime>& times) {
  findings.head("kernels", {"stage", "tracks", "step", "calls", "us a call", "ms", "share of the stage"});
  for (const StepTime& time : times) {
    findings.row("kernels", {time.stage, time.of, time.step, fmt::format("{:.0f}", time.calls),
                             fmt::format("{:.1f}", 1e6 * time.seconds / time.calls),
                             fmt::format("{:.3f}", 1e3 * time.seconds), percent(time.share)});
  }
}

}  // namespace lathe::bench
