// Between the bytes of a file and planar float: exact in, dithered and rounded out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/audio.h"
#include "kernels/pcm/dither.h"
#include "kernels/pcm/encoding.h"
#include "kernels/pcm/shaped_lanes.h"

namespace lathe {

// Readable and writable bytes that callers keep free behind a block of interleaved PCM.
constexpr std::size_t kPcmSlackBytes = 16;

// Interleaved little-endian PCM to planar float: integers divided by 2^(bits-1), so 16 and 24 bits are exact; 32-bit
// integers and float64 are rounded to float32. `bytes` holds out.frames * out.channels samples and kPcmSlackBytes more.
void unpack_pcm(const std::byte* bytes, Encoding encoding, MutableAudioView out);

// What a block of float samples held that no processing can use.
struct NonFinite {
  std::int64_t count = 0;
  std::int64_t first_frame = -1;
  int first_channel = -1;
};

// Beyond this (+80 dBFS) a float sample is damage, not music: squares and transforms of it would leave a float's range.
constexpr float kLargestSample = 1e4f;

// Counts NaN, infinity, and what is larger than kLargestSample. With `mend`, replaces each by 0.
NonFinite find_non_finite(MutableAudioView audio, bool mend);
NonFinite find_non_finite(AudioView audio);

// What dither does to a sample that is a whole number of steps already. Kept: it is written as it is, so that where a
// track was mended in places, all the others keep their bits; there is no rounding there to be hidden by noise.
enum class OnStep { dithered, kept };

// Turns float samples into PCM of one encoding. TPDF noise of two steps peak to peak (Lipshitz, Wannamaker and
// Vanderkooy 1992) from a counter-based generator: noise(seed, channel, frame) is the same however the track is cut.
// Shaped dithers feed back the error of that same noise and its rounding (noise_curve.h): what they carry from frame to
// frame lives here, so a track goes through one quantiser, in order. What is clipped does not count as an error.
class Quantizer {
 public:
  // `dither` acts on integers of 16 and 24 bits. `sample_rate_hz` is asked for by shaped dithers alone. Throws
  // std::invalid_argument for pcm_u8 and float64, which are not written, and for rates that noise_curve() refuses.
  Quantizer(Encoding encoding, Dither dither, std::uint64_t seed, OnStep on_step = OnStep::dithered,
            double sample_rate_hz = 0);

  // Packs audio.frames frames that stand at `first_frame` of the track (a multiple of 16) into `bytes`, clamped to full
  // scale, and leaves in `audio` exactly the values that were written. `bytes` has kPcmSlackBytes to spare.
  // `steps` is work space for audio.frames * audio.channels integers. With shaped dither each call takes up where the
  // last one ended, and throws std::invalid_argument if it does not.
  void pack(MutableAudioView audio, std::int64_t first_frame, std::int32_t* steps, std::byte* bytes);

  Encoding encoding() const { return encoding_; }

 private:
  void quantize(MutableAudioView audio, std::int64_t first_frame, std::int32_t* steps) const;
  void quantize_shaped(MutableAudioView audio, std::int64_t first_frame, std::int32_t* steps);

  Encoding encoding_;
  Dither dither_;
  std::uint64_t seed_;
  OnStep on_step_;
  std::int32_t taps_q16_[ShapedState::kTaps] = {};
  std::vector<ShapedState> shaped_;  // one for two channels
  std::int64_t next_frame_ = 0;      // that shaped dither expects, once it has begun
};

}  // namespace lathe
