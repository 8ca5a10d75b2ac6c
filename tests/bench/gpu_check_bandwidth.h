// Copies to a device, from it and within it: the ceilings that the stages' speeds are shares of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/bench/gpu_check_findings.h"

namespace lathe::bench {

struct CopyShape {
  std::vector<std::int64_t> sizes = {std::int64_t{16} << 20, std::int64_t{64} << 20, std::int64_t{256} << 20,
                                     std::int64_t{1} << 30};  // bytes, ascending
  std::int64_t at_a_time = std::int64_t{1} << 30;             // bytes moved in one measurement, by several copies
  int repeats = 10;                                           // measurements; the best one counts
};

// Bytes a second between pinned memory of the host and the device, and within the device, where a byte counts twice: it
// is read and written.
struct CopySpeed {
  std::int64_t size = 0;
  double up = 0, down = 0, within = 0;
};

// `copy_within(from, to, bytes)` copies within the device in the launcher's order.
template <class Launcher, class CopyWithin>
std::vector<CopySpeed> measure_copies(Launcher& launcher, const CopyShape& shape, CopyWithin&& copy_within) {
  const std::int64_t largest = shape.sizes.back();
  auto on_host = launcher.template make_host_buffer<std::byte>(largest);
  auto from = launcher.template make_buffer<std::byte>(largest), to = launcher.template make_buffer<std::byte>(largest);
  std::fill_n(on_host.data(), largest, std::byte{1});
  launcher.upload(std::as_const(on_host).data(), largest, from.data());
  launcher.upload(std::as_const(on_host).data(), largest, to.data());
  const auto best = [&](std::int64_t size, auto&& copy) {
    const std::int64_t copies = std::max<std::int64_t>(1, shape.at_a_time / size);
    double fastest = 0;
    for (int i = 0; i < shape.repeats; ++i) {
      launcher.synchronize();
      const auto began = launcher.mark();
      for (std::int64_t k = 0; k < copies; ++k) copy();
      const auto ended = launcher.mark();
      launcher.wait(ended);
      fastest = std::max(fastest, static_cast<double>(size * copies) / ended.seconds_since(began));
    }
    return fastest;
  };
  std::vector<CopySpeed> speeds;
  for (const std::int64_t size : shape.sizes) {
    speeds.push_back({size, best(size, [&] { launcher.upload(std::as_const(on_host).data(), size, from.data()); }),
                      best(size, [&] { launcher.download(std::as_const(from).data(), size, on_host.data()); }),
                      2 * best(size, [&] { copy_within(std::as_const(from).data(), to.data(), size); })});
  }
  return speeds;
}

// The table "bandwidth": a row a direction, a column a size.
void print_copies(Findings& findings, const std::vector<CopySpeed>& speeds);

}  // namespace lathe::bench
