// What stems are before anything is done to them: how loud each is in the mix, and whether they sum to a mixdown.
//
// Where they do not, each stem in turn is compared with what the mixdown leaves for it, mixdown less all the others, in
// the stretch where it is strongest: the lag of the highest cross-correlation says whether it is shifted, its gain
// there whether it stands lower or higher in the mixdown, or upside down. Where nothing is left for it, it is not in
// the mixdown, or a copy holds it too. What no stem explains is of a stem that is missing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/mastering/track_report.h"

namespace lathe {

struct StemSurvey {
  Measurement mix;                 // of the untouched sum
  std::vector<Measurement> stems;  // as they came
  std::vector<double> rest_lufs;   // of all the others together, where it was asked for
  std::optional<NullTest> null_test;
  std::vector<std::string> findings;  // a stem that is another's copy, or all the others together: the mixdown
};

// Reads all stems side by side, from their beginnings, and rewinds them. They agree in rate; a stem of one channel is
// heard from every channel of a wider mix. `wants_rest` says for which of them the rest
// is measured. `mixdown` may be null; `check` is called for every block and may throw.
// Throws AudioFileError.
StemSurvey survey_stems(std::vector<AudioReader>& stems, const std::vector<bool>& wants_rest, int channels,
                        AudioReader* mixdown, const std::function<void()>& check);

// A stem's frames as planes: read from a file, and spread over the mix's channels.
class StemBlocks {
 public:
  StemBlocks(AudioReader& stem, int channels);

  // The next `frames` frames, silence behind the stem's end. Valid until the next call.
  MutableAudioView next(std::int64_t frames);

 private:
  AudioReader& stem_;
  int channels_;
  std::vector<std::byte> bytes_;
  std::vector<float> planes_;
};

}  // namespace lathe
