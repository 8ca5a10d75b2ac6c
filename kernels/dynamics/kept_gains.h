// The gains that a compressor had over a track, kept so that others can be given them: what turned a mix down turns
// each of its parts down by as much, and the parts go on summing to the mix.
//
// A row holds mix (g - 1) at the start of each group of 8 frames, and at the end of the last: (frames + 7) / 8 + 1
// values. There is a row for each band that acts, and where the channels are not fully linked, for each channel of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/audio.h"
#include "kernels/dynamics/compressor.h"
#include "kernels/stage.h"

namespace lathe {

// Where they are kept, in rows as a view has channels.
class KeptGains {
 public:
  virtual ~KeptGains() = default;
  virtual void append(AudioView gains) = 0;
  // Zeros behind the end. Valid until the next read.
  virtual AudioView read(std::int64_t first_group, std::int64_t groups) = 0;
};

int kept_gain_rows(const CompressorDesign& design, int channels);
std::int64_t kept_gain_values(std::int64_t frames);

namespace cpu {

// The compressor as make_compressor() makes it, which keeps its gains beside. `kept`, empty, outlives the stage. Throws
// std::invalid_argument without channels.
std::unique_ptr<Stage> make_keeping_compressor(std::shared_ptr<const CompressorDesign> design, int channels,
                                               KeptGains& kept);

// Gives a track of as many channels and frames the gains that were kept, whatever its own level; its account is that of
// a compressor that did nothing.
std::unique_ptr<Stage> make_keyed_compressor(std::shared_ptr<const CompressorDesign> design, int channels,
                                             KeptGains& kept);

// What a compressor does with gains beside having them: nothing, keep them, or take them instead of finding its own.
class GainKey {
 public:
  enum class Use { none, keep, take };

  GainKey() = default;
  GainKey(Use use, KeptGains& kept, int rows, int rows_of_band);

  bool is_given() const { return use_ == Use::take; }
  int rows() const { return static_cast<int>(last_.size()); }
  // The row of channel `channel` of the band that is number `band` of those that act.
  int row(int band, int channel) const { return band * rows_of_band_ + (rows_of_band_ == 1 ? 0 : channel); }

  // The gains from the start of `first_group` to the end of the `groups` that begin there.
  AudioView read(std::int64_t first_group, std::int64_t groups) const { return kept_->read(first_group, groups + 1); }

  // Gains from the start of the next group on, a row each; with the end of the last there are groups + 1 in a row.
  void keep(const float* const* gains, std::int64_t groups);
  // The track is over.
  void finish();
  bool keeps() const { return use_ == Use::keep; }

 private:
  Use use_ = Use::none;
  KeptGains* kept_ = nullptr;
  int rows_of_band_ = 1;
  std::vector<float> last_;  // of each row, at the end of what has been kept
  std::vector<float> rows_;
};

}  // namespace cpu
}  // namespace lathe
