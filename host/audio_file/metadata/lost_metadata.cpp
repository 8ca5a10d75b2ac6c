#include "host/audio_file/metadata/lost_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/metadata/broadcast.h"
#include "host/audio_file/metadata/cue_points.h"
#include "host/audio_file/metadata/id3_fields.h"

namespace lathe {
namespace {

class Comparison {
 public:
  Comparison(const Tags& tags, const Metadata& metadata, const AudioReader& found)
      : wanted_(cued(cleaned(tags), metadata, rate_of(found))),
        found_(cued(found.tags(), found.metadata(), rate_of(found))),
        metadata_(metadata),
        found_metadata_(found.metadata()) {}

  std::vector<std::string> run() {
    compare_fields();
    compare_pictures();
    compare_cues();
    for (const MetadataChunk& chunk : metadata_.chunks) {
      if (!holds_cues(chunk) && !is_found(chunk)) lose(chunk_name(chunk));
    }
    for (const Id3Frame& frame : metadata_.frames) {
      // Text is compared as fields, chapters as cue points.
      const bool is_compared = !fields_of_frame(frame).empty() || frame.id == "CHAP" || frame.id == "CTOC";
      if (!is_compared && std::ranges::find(found_metadata_.frames, frame) == found_metadata_.frames.end())
        lose("ID3 " + frame.id + " frame");
    }
    return std::move(lost_);
  }

 private:
  static int rate_of(const AudioReader& reader) { return reader.format().sample_rate_hz; }

  static Tags cleaned(const Tags& tags) {
    Tags clean;
    for (const auto& [name, value] : tags.fields) clean.add_raw(name, value);
    return clean;
  }

  void lose(const std::string& name) {
    if (std::ranges::find(lost_, name) == lost_.end()) lost_.push_back(name);
  }

  void compare_fields() {
    const TagFields there = canonical_fields(found_.tags.fields);
    std::multiset<std::pair<std::string, std::string>> left(there.begin(), there.end());
    for (const auto& field : canonical_fields(wanted_.tags.fields)) {
      const auto found = left.find(field);
      if (found == left.end()) {
        lose(field.first);
      } else {
        left.erase(found);
      }
    }
  }

  void compare_pictures() {
    std::multiset<std::string_view> left;
    for (const Picture& picture : found_metadata_.pictures) left.insert(picture.data);
    for (const Picture& picture : metadata_.pictures) {
      const auto found = left.find(picture.data);
      if (found == left.end()) {
        lose(picture_name(picture));
      } else {
        left.erase(found);
      }
    }
  }

  // How many cue points have no like among those that were found.
  std::size_t missing(const std::function<std::string(const CuePoint&)>& key) const {
    std::multiset<std::string> left;
    for (const CuePoint& cue : found_.cues) left.insert(key(cue));
    std::size_t count = 0;
    for (const CuePoint& cue : wanted_.cues) {
      const auto found = left.find(key(cue));
      if (found == left.end()) {
        ++count;
      } else {
        left.erase(found);
      }
    }
    return count;
  }

  // Where cue points are an ID3 tag's chapters, and these are all there, nothing is lost.
  bool has_all_chapters() const {
    const auto is_chapter = [](const Id3Frame& frame) { return frame.id == "CHAP"; };
    return chunk_cues(metadata_).empty() && std::ranges::any_of(metadata_.frames, is_chapter) &&
           std::ranges::all_of(metadata_.frames, [&](const Id3Frame& frame) {
             return !is_chapter(frame) ||
                    std::ranges::find(found_metadata_.frames, frame) != found_metadata_.frames.end();
           });
  }

  void compare_cues() {
    if (has_all_chapters()) return;
    const auto report = [this](std::size_t count, std::string_view what) {
      if (count > 0) lose(fmt::format("{} of {} cue point{}", what, count, count == 1 ? "" : "s"));
    };
    const std::size_t gone = missing([](const CuePoint& cue) { return fmt::format("{}", cue.frame); });
    if (gone > 0) lose(fmt::format("{} cue point{}", gone, gone == 1 ? "" : "s"));
    if (gone == wanted_.cues.size()) return;
    report(missing([](const CuePoint& cue) { return fmt::format("{} {}", cue.frame, cue.label); }) - gone, "labels");
    report(missing([](const CuePoint& cue) { return fmt::format("{} {}", cue.frame, cue.note); }) - gone, "notes");
    report(missing([](const CuePoint& cue) { return fmt::format("{} {}", cue.frame, cue.length); }) - gone, "lengths");
  }

  bool is_found(const MetadataChunk& chunk) const {
    const bool is_xml = chunk.id == "iXML" || chunk.id == "axml";
    return std::ranges::any_of(found_metadata_.chunks, [&](const MetadataChunk& other) {
      if (other.id != chunk.id || (other.family != chunk.family && !is_xml)) return false;
      return chunk.id == "bext" ? is_same_but_loudness(chunk.body, other.body) : other.body == chunk.body;
    });
  }

  static bool is_same_but_loudness(std::string_view a, std::string_view b) {
    constexpr std::size_t kBehind = kBextLoudnessAt + kBextLoudnessBytes;
    return a.size() == b.size() && a.substr(0, kBextLoudnessAt) == b.substr(0, kBextLoudnessAt) &&
           (a.size() < kBehind || a.substr(kBehind) == b.substr(kBehind));
  }

  CuedTags wanted_, found_;
  const Metadata& metadata_;
  const Metadata& found_metadata_;
  std::vector<std::string> lost_;
};

}  // namespace

std::vector<std::string> lost_metadata(const std::filesystem::path& path, const Tags& tags, const Metadata& metadata) {
  const AudioReader found(path, Md5::left_alone, Reading::own_output);
  return Comparison(tags, metadata, found).run();
}

}  // namespace lathe
