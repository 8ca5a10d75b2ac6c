// Runs stages, keeps their times, and prints them as a table beside what the machine could do at most.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/bench/best_time.h"
#include "tests/bench/ceilings.h"
#include "tests/bench/music.h"

namespace lathe::bench {

// What one sample of one channel takes, counted by hand: a multiply-add is two operations, one of the others (add,
// multiply, divide, maximum) is one, and integer work is none. Bytes are those read and written once each.
struct SampleCost {
  double float_flops = 0;
  double double_flops = 0;
  double bytes = 0;
};

class StageTable {
 public:
  StageTable(const Music& music, int repeats) : music_(music), repeats_(repeats) {}

  // Times `work`, which takes the whole track once.
  template <class Work>
  void time(std::string name, SampleCost cost, Work&& work) {
    add(std::move(name), cost, best_time_s(repeats_, work));
  }
  void add(std::string name, SampleCost cost, double cpu_s) { rows_.push_back({std::move(name), cost, cpu_s}); }

  const Music& music() const { return music_; }
  int repeats() const { return repeats_; }

  // A Markdown table on stdout.
  void print(const Ceilings& ceilings) const;

 private:
  struct Row {
    std::string name;
    SampleCost cost;
    double cpu_s;
  };

  const Music& music_;
  int repeats_;
  std::vector<Row> rows_;
};

// What the kernels do to samples: kernel_stages.cpp.
void time_kernels(StageTable& table);

// Width and sample rate: tone_stages.cpp.
void time_tone(StageTable& table);

// Hashes, and reading and writing files in `folder`: file_stages.cpp.
void time_files(StageTable& table, const std::filesystem::path& folder);

}  // namespace lathe::bench
