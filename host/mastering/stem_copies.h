// Stems that hold what another stem holds, up to a level: two exports of one, or one that was put into the folder
// twice.
//
// The correlation of each pair, over one frame in sixteen while all stems go by; a pair that looks the same there is
// held against each other once more, over all frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/audio.h"

namespace lathe {

struct StemCopy {
  std::size_t stem = 0, of = 0;  // by their places; `of` comes first
  double gain = 1;               // linear: of the stem against the other; below 0 it is upside down
};

// Sums over the samples of two stems.
struct StemProducts {
  double first = 0, second = 0, cross = 0;

  void add(AudioView a, AudioView b);
  // Of the second's energy, what no gain of the first explains; 1 where one of them is silent.
  double left() const;
  double gain() const { return cross / first; }  // of the second against the first
};

// Of the energy: a copy that was rounded to 16 bits leaves less than this, another take of the same part far more.
constexpr double kCopyLeft = 1e-4;

class CopySearch {
 public:
  explicit CopySearch(std::size_t stems);

  // The next frames of every stem, in their order; views behind them are passed over.
  void take(const std::vector<MutableAudioView>& blocks);

  // Pairs that look like copies.
  std::vector<StemCopy> suspects() const;

 private:
  std::size_t stems_;
  std::uint64_t groups_ = 0;                 // of sixteen frames, that went by
  std::vector<double> products_;             // a row a stem: with those up to itself
  std::vector<std::vector<double>> points_;  // of the block, by stem
};

// For people: "drums 2.wav holds the same as drums.wav: a copy? ..."
std::string copy_text(const StemCopy& copy, const std::vector<std::string>& names);

}  // namespace lathe
