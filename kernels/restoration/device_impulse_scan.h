// The search for impulses on a device: many blocks of a track at once, the same text for CUDA and for the CPU launcher
// of block kernels. What it finds is judged on the host, by the CPU's own code.
//
// A batch of blocks goes up, the search runs on it pass by pass, and spans, models and levels come down; samples and
// prediction errors only of blocks that have spans. Batches stand at fixed places, and a block's result does not depend
// on the batch. The device waits while the host judges: searching takes a device a small part of that time.
// Device memory: some 40 bytes a sample, 75 with the longest repairs, of a batch of some 3 million.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "kernels/restoration/impulse_blocks.h"
#include "kernels/restoration/impulse_fill_blocks.h"
#include "kernels/restoration/impulse_scanner.h"

namespace lathe {

template <class Launcher>
class DeviceImpulseScan final : public ImpulseScanner {
 public:
  // `launcher` outlives it.
  DeviceImpulseScan(Launcher& launcher, const ImpulseDesign& design, int channels, std::int64_t most_blocks = 0)
      : launcher_(launcher), design_(design), channels_(channels), judge_(design, impulse_group_of(channels)) {
    most_blocks_ = most_blocks > 0 ? most_blocks : std::max(1, 1024 / design.scale / channels);
    shape_.channels = impulse_group_of(channels);
    shape_.groups = channels / shape_.channels;
    shape_.order = design.order;
    shape_.scale = design.scale;
    shape_.size = design.hop + 2 * design.context;
    shape_.context = design.context;
    shape_.hop = design.hop;
    shape_.merge = design.merge;
    shape_.longest = design.longest;
    shape_.most = design.most;
    shape_.cells = judge_.cells();
    shape_.threshold = static_cast<float>(design.threshold);
    if (shape_.order >= Batch::kMostLags || shape_.size % Batch::kTile != 0 || shape_.cells > Batch::kMostCells ||
        shape_.words() > Batch::kMostWords)
      throw std::invalid_argument("impulses: no such block length on a device");
  }

  void scan(TrackReader& track, std::vector<Impulse>& found, std::vector<float>& patches) override {
    const std::int64_t blocks = (track.frames() + design_.hop - 1) / design_.hop;
    make_buffers(std::min(blocks, most_blocks_));
    for (std::int64_t first = 0; first < blocks; first += most_blocks_) {
      shape_.blocks = std::min(most_blocks_, blocks - first);
      upload(track, first);
      search();
      judge(first, found, patches);
    }
  }

  std::int64_t cut_short() const override { return cut_short_; }

 private:
  using Batch = block::ImpulseBatch;
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;
  template <class T>
  using HostBuffer = typename Launcher::template HostBuffer<T>;

  std::int64_t frames_of(std::int64_t blocks) const { return blocks * design_.hop + 2 * design_.context; }

  template <class T>
  block::GlobalSpan<T> make(Buffer<T>& buffer, std::int64_t size) {
    buffer = launcher_.template make_buffer<T>(size);
    return buffer.span();
  }

  void make_buffers(std::int64_t blocks) {
    const std::int64_t tasks = shape_.groups * blocks, rows = tasks * shape_.channels, size = shape_.size;
    const std::int64_t coefficients = design_.order + 1, gap = shape_.most_of_gap(), passes = design_.passes;
    shape_.sample_stride = frames_of(blocks);
    host_samples_ = launcher_.template make_host_buffer<float>(channels_ * shape_.sample_stride);
    const block::GlobalSpan<float> samples = make(samples_, channels_ * shape_.sample_stride);
    shape_.samples = {samples.data, samples.size};
    const block::GlobalSpan<float> window = make(window_, size);
    shape_.window = {window.data, window.size};
    shape_.work = make(work_, rows * size);
    shape_.forward = make(forward_, rows * size);
    shape_.backward = make(backward_, rows * size);
    shape_.model = make(model_, rows * coefficients);
    shape_.products = make(products_, rows * coefficients);
    shape_.means = make(means_, rows * 2 * size / Batch::kCell);
    shape_.tops = make(tops_, rows * 2 * size / Batch::kCell);
    shape_.level = make(level_, rows * 2 * shape_.cells);
    shape_.peaks = make(peaks_, rows * 2 * shape_.cells);
    shape_.marks = make(marks_, tasks * shape_.words());
    shape_.changed = make(changed_, tasks);
    shape_.spans = make(spans_, passes * tasks * design_.most);
    shape_.counts = make(counts_, passes * tasks);
    shape_.columns = make(columns_, rows * gap * coefficients);
    shape_.gaps = make(gaps_, rows * gap);
    shape_.inverse = make(inverse_, rows * gap);
    host_model_ = launcher_.template make_host_buffer<double>(rows * coefficients);
    host_level_ = launcher_.template make_host_buffer<float>(rows * 2 * shape_.cells);
    host_marks_ = launcher_.template make_host_buffer<std::uint32_t>(tasks * shape_.words());
    host_spans_ = launcher_.template make_host_buffer<ImpulseSpan>(passes * tasks * design_.most);
    host_counts_ = launcher_.template make_host_buffer<std::int32_t>(passes * tasks);
    host_work_ = launcher_.template make_host_buffer<float>(rows * size);
    host_forward_ = launcher_.template make_host_buffer<float>(rows * size);
    launcher_.upload(judge_.window().data(), size, window_.data());
  }

  void upload(TrackReader& track, std::int64_t first_block) {
    constexpr std::int64_t kFramesAtOnce = 1 << 16;
    const std::int64_t frames = frames_of(shape_.blocks), from = first_block * design_.hop - design_.context;
    for (std::int64_t n = 0; n < frames; n += kFramesAtOnce) {
      const std::int64_t count = std::min(kFramesAtOnce, frames - n);
      const AudioView view = track.read(from + n, count);
      for (int c = 0; c < channels_; ++c)
        std::copy_n(view.channel(c), count, host_samples_.data() + c * shape_.sample_stride + n);
    }
    for (int c = 0; c < channels_; ++c) {
      const std::int64_t row = c * shape_.sample_stride;
      launcher_.upload(host_samples_.data() + row, frames, samples_.data() + row);
    }
  }

  template <class Kernel>
  void launch() {
    const Kernel kernel{shape_};
    launcher_.launch(kernel, kernel.launches());
  }

  void search() {
    shape_.pass = 0;
    launch<block::ImpulseRows>();
    for (; shape_.pass <= design_.passes; ++shape_.pass) {
      launch<block::ImpulseModel>();
      launch<block::ImpulseErrors>();
      launch<block::ImpulseLevels>();
      if (shape_.pass == design_.passes) break;
      launch<block::ImpulseAlarms>();
      launch<block::ImpulseFill>();
    }
  }

  template <class T>
  void download(const Buffer<T>& from, std::int64_t count, HostBuffer<T>& to) {
    launcher_.download(from.data(), count, to.data());
  }

  void judge(std::int64_t first_block, std::vector<Impulse>& found, std::vector<float>& patches) {
    const std::int64_t tasks = shape_.tasks(), rows = shape_.rows(), size = shape_.size;
    const std::int64_t of_task = shape_.channels * size;
    download(counts_, design_.passes * tasks, host_counts_);
    download(spans_, design_.passes * tasks * design_.most, host_spans_);
    download(marks_, tasks * shape_.words(), host_marks_);
    download(model_, rows * (design_.order + 1), host_model_);
    download(level_, rows * 2 * shape_.cells, host_level_);
    launcher_.synchronize();
    for (std::int64_t task = 0; task < tasks; ++task) {
      if (host_counts_.data()[task] == 0) continue;
      launcher_.download(work_.data() + task * of_task, of_task, host_work_.data() + task * of_task);
      launcher_.download(forward_.data() + task * of_task, of_task, host_forward_.data() + task * of_task);
    }
    launcher_.synchronize();
    for (std::int64_t b = 0; b < shape_.blocks; ++b) {
      for (std::int64_t g = 0; g < shape_.groups; ++g) judge_task(first_block, b, g, found, patches);
    }
  }

  void judge_task(std::int64_t first_block, std::int64_t b, std::int64_t group, std::vector<Impulse>& found,
                  std::vector<float>& patches) {
    const std::int64_t task = group * shape_.blocks + b, size = shape_.size;
    if (host_counts_.data()[task] == 0) return;
    ImpulseSearch search{};
    const float* rows[2] = {};
    for (int c = 0; c < shape_.channels; ++c) {
      const std::int64_t row = task * shape_.channels + c;
      rows[c] = host_samples_.data() + (group * shape_.channels + c) * shape_.sample_stride + b * design_.hop;
      search.work[c] = host_work_.data() + row * size;
      search.forward[c] = host_forward_.data() + row * size;
      search.level[c] = host_level_.data() + row * 2 * shape_.cells;
      search.model[c] = host_model_.data() + row * (design_.order + 1);
    }
    search.marks = host_marks_.data() + task * shape_.words();
    for (std::int64_t pass = 0; pass < design_.passes; ++pass) {
      const std::int64_t at = pass * shape_.tasks() + task;
      const int count = host_counts_.data()[at];
      if (count > design_.most) ++cut_short_;
      const ImpulseSpan* first = host_spans_.data() + at * design_.most;
      search.spans.insert(search.spans.end(), first, first + std::min(count, design_.most));
    }
    judge_.scan(rows, search, (first_block + b) * design_.hop - design_.context,
                static_cast<int>(group) * shape_.channels, found, patches);
  }

  Launcher& launcher_;
  ImpulseDesign design_;
  int channels_;
  ImpulseScan judge_;
  std::int64_t most_blocks_ = 0;
  Batch shape_{};
  std::int64_t cut_short_ = 0;
  Buffer<float> samples_, window_, work_, forward_, backward_, means_, tops_, level_, peaks_;
  Buffer<double> model_, products_, columns_, gaps_, inverse_;
  Buffer<std::uint32_t> marks_;
  Buffer<std::int32_t> changed_, counts_;
  Buffer<ImpulseSpan> spans_;
  HostBuffer<float> host_samples_, host_work_, host_forward_, host_level_;
  HostBuffer<double> host_model_;
  HostBuffer<std::uint32_t> host_marks_;
  HostBuffer<std::int32_t> host_counts_;
  HostBuffer<ImpulseSpan> host_spans_;
};

}  // namespace lathe
