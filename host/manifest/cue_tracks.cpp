#include "host/manifest/cue_tracks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>

#include "host/audio_file/audio_reader.h"
#include "host/audit/identifiers.h"
#include "host/manifest/cue_sheet.h"
#include "host/manifest/plain_words.h"
#include "host/recipe/recipe_problem.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxSheetBytes = 1 << 20;
// Pregaps of 2 s, and up to 3 s for the disc's first, are the rule; hidden songs are longer than a few seconds.
constexpr std::int64_t kHiddenTrack = 5 * kCueFramesASecond;

std::string sheet_text(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    throw RecipeErrors({{file.string(), 0, 0, "is no file: no cue sheet is read"}});
  if (fs::file_size(file, error) > kMaxSheetBytes || error)
    throw RecipeErrors({{file.string(), 0, 0, "is too large for a cue sheet: more than 1 MiB"}});
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) throw RecipeErrors({{file.string(), 0, 0, "the cue sheet cannot be read"}});
  return text;
}

// How good a stand-in the name is for the one that is written: the less the better; none: it is another.
std::optional<std::size_t> likeness(const std::string& written, const std::string& name) {
  static constexpr std::array kExtensions = {".wav",  ".flac", ".aiff", ".aif", ".w64",
                                             ".rf64", ".caf",  ".wave", ".aifc"};
  const fs::path want(written), have(name);
  const std::string extension = lower(have.extension().string());
  const auto kind = std::ranges::find(kExtensions, extension);
  const bool is_name = lower(want.stem().string()) == lower(have.stem().string());
  if (!is_name || kind == kExtensions.end()) return std::nullopt;
  std::size_t rank = static_cast<std::size_t>(kind - kExtensions.begin());
  if (extension != lower(want.extension().string())) rank += kExtensions.size();
  if (want.stem() != have.stem()) rank += 2 * kExtensions.size();
  return rank;
}

double second_of(std::int64_t cue_frames) {
  return static_cast<double>(cue_frames) / static_cast<double>(kCueFramesASecond);
}

struct OpenedFile {
  fs::path path;
  AudioFormat format;
};

struct CutFile {
  OpenedFile opened;
  std::vector<const CueTrack*> tracks;
};

class TrackMaker {
 public:
  TrackMaker(const fs::path& file, CueSheet sheet)
      : name_(file.string()), folder_(fs::absolute(file).lexically_normal().parent_path()), sheet_(std::move(sheet)) {
    made_.manifest.file = name_;
    made_.manifest.is_cue_sheet = true;
    made_.notes = std::move(sheet_.notes);
  }

  CueTracks make() {
    note_identifiers();
    for (const CueTrack& track : sheet_.tracks) {
      if (CutFile* file = file_of(sheet_.files.at(track.file))) file->tracks.push_back(&track);
    }
    for (const CutFile& file : files_) add_file(file.opened, file.tracks);
    if (made_.manifest.rows.empty() && problems_.empty()) wrong(0, "the cue sheet names no track of audio");
    if (!problems_.empty()) throw RecipeErrors(std::move(problems_));
    return std::move(made_);
  }

 private:
  void wrong(int line, std::string message) {
    problems_.push_back({name_, line, line > 0 ? 1 : 0, std::move(message)});
  }
  void note(int line, const std::string& text) { made_.notes.push_back(fmt::format("{}:{}: {}", name_, line, text)); }

  // Rippers write zeros where the disc has none.
  void note_identifiers() {
    const auto is_zeros = [](const std::string& text) { return text.find_first_not_of('0') == text.npos; };
    if (const auto catalog = sheet_.texts.find("catalog"); catalog != sheet_.texts.end()) {
      const std::string problem = upc_problem(catalog->second);
      if (!problem.empty() && !is_zeros(catalog->second))
        note(sheet_.catalog_line,
             fmt::format("CATALOG '{}' is no UPC or EAN and is not used: {}", catalog->second, problem));
      if (!problem.empty() || is_zeros(catalog->second)) sheet_.texts.erase(catalog);
    }
    for (CueTrack& track : sheet_.tracks) {
      const auto isrc = track.texts.find("isrc");
      if (isrc == track.texts.end()) continue;
      const std::string problem = isrc_problem(isrc->second);
      if (!problem.empty() && !is_zeros(isrc->second))
        note(track.line, fmt::format("'{}' is no ISRC and is not used: {}", isrc->second, problem));
      if (!problem.empty()) track.texts.erase(isrc);
    }
  }

  // Some sheets name the one file before each of its tracks, under one name or several. Null: it cannot be taken.
  CutFile* file_of(const CueFile& named) {
    const auto [known, is_new] = by_name_.emplace(named.name, nullptr);
    if (!is_new) return known->second;
    std::optional<OpenedFile> opened = open(named);
    if (!opened) return nullptr;
    auto same = std::ranges::find(files_, opened->path, [](const CutFile& file) { return file.opened.path; });
    if (same == files_.end()) same = files_.insert(files_.end(), CutFile{*std::move(opened), {}});
    return known->second = &*same;
  }

  std::optional<OpenedFile> open(const CueFile& named) {
    const fs::path relative(named.name);
    const bool has_drive = named.name.size() > 1 && named.name[1] == ':';
    const bool leads_out = std::ranges::find(relative, fs::path("..")) != relative.end();
    if (relative.is_absolute() || has_drive || leads_out) {
      wrong(named.line, fmt::format("{} leads out of the sheet's folder: name a file beside the sheet", named.name));
      return std::nullopt;
    }
    const fs::path path = found(folder_ / relative, named);
    if (path.empty()) {
      std::error_code ignored;
      wrong(named.line, named.name + (fs::exists(folder_ / relative, ignored)
                                          ? ": not one of WAV, RF64, W64, AIFF, CAF and FLAC"
                                          : ": no such file beside the sheet, nor one of its name with another audio "
                                            "extension"));
      return std::nullopt;
    }
    try {
      const AudioReader reader(path, Md5::left_alone, Reading::header);
      return OpenedFile{path.lexically_normal(), reader.format()};
    } catch (const std::exception& error) {
      wrong(named.line, error.what());
      return std::nullopt;
    }
  }

  // The file, or what stands for it; empty: nothing does.
  fs::path found(const fs::path& path, const CueFile& named) {
    std::error_code error;
    const bool is_audio = is_accepted_extension(path.extension().string());
    if (is_audio && fs::is_regular_file(path, error)) return path;
    fs::path best;
    std::optional<std::size_t> best_rank;
    for (fs::directory_iterator at(path.parent_path(), error), end; !error && at != end; at.increment(error)) {
      const std::string name = at->path().filename().string();
      const auto rank = likeness(path.filename().string(), name);
      const bool is_better = rank && (!best_rank || *rank < *best_rank || (*rank == *best_rank && at->path() < best));
      std::error_code unreadable;
      if (!is_better || !at->is_regular_file(unreadable)) continue;
      best = at->path();
      best_rank = rank;
    }
    if (!best.empty())
      note(named.line, fmt::format("{} is not there, and {} is taken", named.name, best.filename().string()));
    return best;
  }

  // Where the tracks begin, in frames; empty where that cannot be.
  std::vector<std::int64_t> cuts_of(const OpenedFile& file, const std::vector<const CueTrack*>& tracks) {
    std::vector<std::int64_t> cuts;
    for (std::size_t i = 0; i < tracks.size(); ++i) {
      const CueTrack& track = *tracks[i];
      const double second = second_of(track.start);
      cuts.push_back(std::llround(second * file.format.sample_rate_hz));
      if (cuts.back() >= file.format.frames) {
        wrong(track.start_line, fmt::format("track {} begins at {:.2f} s, and {} ends at {:.2f} s", track.number,
                                            second, file.path.filename().string(),
                                            static_cast<double>(file.format.frames) / file.format.sample_rate_hz));
        return {};
      }
      if (i == 0 || cuts[i] > cuts[i - 1]) continue;
      wrong(track.start_line,
            fmt::format("track {} begins at {:.2f} s of {}, and track {} before it at {:.2f} s: within one file times "
                        "rise, also where FILE stands again before each track",
                        track.number, second, file.path.filename().string(), tracks[i - 1]->number,
                        second_of(tracks[i - 1]->start)));
      return {};
    }
    return cuts;
  }

  void add_file(const OpenedFile& file, const std::vector<const CueTrack*>& tracks) {
    if (tracks.size() == 1) {
      if (tracks.front()->is_audio) add_row(file, *tracks.front(), {});
      return;
    }
    std::vector<std::int64_t> cuts = cuts_of(file, tracks);
    if (cuts.empty()) return;
    if (tracks.front()->number == 1 && tracks.front()->start >= kHiddenTrack && tracks.front()->is_audio) {
      CueTrack hidden;
      hidden.line = tracks.front()->line;
      hidden.texts["title"] = "Hidden track";
      add_row(file, hidden, {0, cuts.front()});
      made_.manifest.rows.back().contiguous = true;
    } else {
      cuts.front() = 0;
    }
    for (std::size_t i = 0; i < tracks.size(); ++i) {
      if (!tracks[i]->is_audio) {
        note(tracks[i]->line, fmt::format("track {} holds data and is left out", tracks[i]->number));
        continue;
      }
      const bool is_last = i + 1 == tracks.size();
      add_row(file, *tracks[i], {cuts[i], is_last ? file.format.frames : cuts[i + 1]});
      if (!is_last) made_.manifest.rows.back().contiguous = tracks[i + 1]->is_audio;
    }
  }

  void add_row(const OpenedFile& file, const CueTrack& track, const FilePart& part) {
    ManifestRow row;
    row.line = track.line;
    row.path = file.path.native();
    row.part = part;
    row.tags = track.texts;
    row.tags["track"] = std::to_string(track.number);
    const auto of_sheet = [&](const char* key, const char* column) {
      const auto found = sheet_.texts.find(key);
      if (found != sheet_.texts.end()) row.tags.emplace(column, found->second);
    };
    if (const auto performer = row.tags.extract("performer"); !performer.empty()) {
      row.tags["artist"] = performer.mapped();
      const auto of_album = sheet_.texts.find("performer");
      if (of_album != sheet_.texts.end() && of_album->second != performer.mapped())
        row.tags["album_artist"] = of_album->second;
    }
    of_sheet("performer", "artist");
    of_sheet("title", "album");
    of_sheet("songwriter", "songwriter");
    of_sheet("catalog", "upc");
    of_sheet("genre", "genre");
    of_sheet("date", "date");
    of_sheet("discnumber", "disc");
    made_.manifest.rows.push_back(std::move(row));
  }

  const std::string name_;
  const fs::path folder_;
  CueSheet sheet_;
  std::deque<CutFile> files_;  // in the order of their first tracks
  std::map<std::string, CutFile*> by_name_;
  CueTracks made_;
  std::vector<RecipeProblem> problems_;
};

}  // namespace

bool is_cue_name(const fs::path& path) { return lower(path.extension().string()) == ".cue"; }

CueTracks read_cue_tracks(const fs::path& file) {
  return TrackMaker(file, parse_cue_sheet(sheet_text(file), file.string())).make();
}

}  // namespace lathe
