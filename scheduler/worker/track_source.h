// What a track is before anything is done with it: which frames of its file, and what it is called.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/file_part.h"
#include "lathe/v1/task.pb.h"
#include "scheduler/worker/mix_job.h"
#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

struct TrackSource {
  FilePart part;
  AudioFormat format;  // the file's, with the part's frames
  Tags tags;           // the file's, with those of the row in their place
  std::string row;     // "album.csv:3", for messages; empty: no list names the track
};

// Throw AudioFileError for a part that the file does not hold; the second std::invalid_argument for a row that is none.
TrackSource source_of(const ScannedTrack& track, const AudioReader& reader);
TrackSource source_of(const v1::TaskSpec::Member& track, const AudioReader& reader);

// The same for a mix, whose `files` are `mix`: with what a manifest says of it, the mix's tags too.
TrackSource source_of(const ScannedTrack& track, OpenMix& mix);
TrackSource source_of(const v1::TaskSpec& task, OpenMix& mix);

// The files of a mix; none for a track.
std::vector<StemFile> stem_files(const ScannedTrack& track);
std::vector<StemFile> stem_files(const v1::TaskSpec& mix);

// Tells the tracks of a batch apart, those that are parts of one file too: the path, and for a part that does not begin
// the file its first frame, behind a NUL.
std::string track_key(const std::string& input, std::int64_t first_frame);
std::string track_key(const ScannedTrack& track);

// By which the samples of a track are remembered: the file's path, of a part "PATH/frames FIRST-END". Nothing can be
// called that, for a file has nothing below it.
std::string source_path(const std::string& input, const FilePart& part);
std::string file_of_source_path(const std::string& path);

// "part": {"first_frame", "frames"} of a track that is one, "tags": {"title", "isrc", ...} as far as there are any, and
// "row" where a list names it.
void describe_source(const TrackSource& source, nlohmann::ordered_json& track);

}  // namespace lathe::scheduler
