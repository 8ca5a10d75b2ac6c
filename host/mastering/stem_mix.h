// A mix of stems as a programme's source: each stem goes through its own chain and is kept, and the sum is made while
// it is read, in float64, in the stems' order, rounded to float32 once, with no change of level.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "host/mastering/frame_store.h"
#include "host/mastering/programme_reader.h"
#include "host/mastering/stem_survey.h"
#include "host/mastering/stopwatch.h"
#include "host/mastering/store_pair.h"
#include "host/mastering/track_master.h"

namespace lathe {

class StemMix final : public ProgrammeSource {
 public:
  // Opens the stems; takes the job's readers. The job outlives the mix. The mix has the rate of the stems, or that of
  // the chain where it names one, the channels of the widest stem, the frames of the longest, and is float32. Throws
  // AudioFileError, and UnusableAudio for stems of several rates where the chain names none, and of channels that do
  // not fit: it names those that stand alone.
  explicit StemMix(const TrackJob& job);

  struct Work {
    EqDesigns& designs;
    cuda::Accelerator* accelerator;  // for Backend::cuda
    Stopwatch& watch;
    std::function<void()> check;  // called for every block; may throw
    std::function<void(double share, std::string_view stage)> progress;
  };

  // The stems through their chains; before the first read(). Fills the report's stems, null test and `before`. Once:
  // later calls do nothing.
  void prepare(const Work& work, TrackReport& report);

  std::int64_t read(std::byte* interleaved, std::int64_t frames) override;
  void rewind() override { at_ = 0; }
  const std::filesystem::path& path() const override { return job_.input; }

  // From then on the mix goes without the stems of these roles, at the levels that they all have together.
  void leave_out(const std::vector<std::string>& roles);

  // Frames as they come to the bus: of the mix as read() gives it, and of one stem, silence behind its end and one
  // channel on all of the mix's. After prepare().
  void render_mix(std::int64_t first, MutableAudioView frames) const { render(first, frames, {}); }
  void render_stem(std::size_t stem, std::int64_t first, MutableAudioView frames) const {
    render(first, frames, {stem, false});
  }

  // Of the stems' bytes together: what the mix is made of, whatever the files are called.
  const std::string& content_hash() const { return content_hash_; }

 private:
  struct Held {
    FrameArena arena, second_arena;
    std::unique_ptr<StorePair> stores;
    double gain = 1;  // linear
  };

  // The mix, one stem of it, or all but that one.
  static constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  struct Part {
    std::size_t stem = kAll;
    bool is_rest = false;
  };

  void survey(const Work& work, TrackReport& report);
  StemReport take_through_chain(std::size_t stem, const Work& work);
  void hold_shares(const Work& work, TrackReport& report);
  Measurement measure(const std::function<void(std::int64_t first, MutableAudioView frames)>& render,
                      const Work& work) const;
  void render(std::int64_t first, MutableAudioView frames, Part part) const;

  const TrackJob& job_;
  std::vector<AudioReader> readers_;
  std::vector<std::unique_ptr<Held>> held_;
  std::vector<bool> is_left_out_;
  std::string content_hash_;
  std::int64_t at_ = 0;
  std::vector<float> planes_;
};

}  // namespace lathe
