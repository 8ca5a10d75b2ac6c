#include "scheduler/cli/master_request.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "host/audio_file/container_probe.h"
#include "host/audio_file/input_file.h"
#include "host/audio_file/text_encoding.h"
#include "host/mastering/recipe_chain.h"
#include "host/report/audit_text.h"
#include "scheduler/cli/named_profiles.h"
#include "scheduler/worker/listed_tracks.h"
#include "scheduler/worker/stem_folders.h"

namespace lathe::cli {

using namespace lathe::scheduler;
namespace fs = std::filesystem;

namespace {

void refuse_folder_not_utf8(const fs::path& folder) {
  if (is_utf8(folder.native())) return;
  throw RefusedInput("--out " + escaped_bytes(folder.native()) +
                     ": the path is not UTF-8, and reports and manifests could not say where the masters are; choose "
                     "another folder");
}

// Neither the output folder nor anything above it may be one.
void refuse_file_as_folder(const fs::path& folder) {
  for (fs::path at = folder; !at.empty(); at = at.parent_path()) {
    std::error_code error;
    if (fs::is_directory(at, error)) return;
    if (fs::exists(at, error))
      throw RefusedInput("--out " + folder.string() + ": " + at.string() + " is a file; name a folder");
    if (at == at.root_path()) return;
  }
}

// A recipe with `stems` or outputs of them is for mixes alone, and so is a mixdown.
void refuse_stems_unsaid(const v1::Recipe& recipe, const MasterInputs& inputs) {
  if (!inputs.mixdown.empty() && !inputs.stems)
    throw RefusedInput("--mixdown is for a mix made of stems: say --stems as well");
  const bool joins_sides = std::ranges::any_of(
      recipe.outputs(), [](const v1::Output& output) { return output.per() == v1::OUTPUT_PER_SIDE; });
  if (joins_sides && inputs.stems)
    throw RefusedInput(
        "the recipe has an output `per: side`, which joins an album's tracks, and --stems masters each mix by itself; "
        "master the mixes first, and join their masters");
  if (inputs.stems) return;
  const bool has_stem_outputs = std::ranges::any_of(
      recipe.outputs(), [](const v1::Output& output) { return output.of() == v1::OUTPUT_OF_STEMS; });
  if (has_stem_outputs)
    throw RefusedInput(
        "the recipe has an output of stems (of: stems), which only mixes have: say --stems, and each folder of audio "
        "files is the stems of one mix");
  if (recipe.stems_size() == 0) return;
  throw RefusedInput(
      "the recipe has `stems`, which are for mixes: say --stems, and each folder of audio files is the stems of one "
      "mix");
}

void refuse_masters_onto_inputs(const Scan& scan, const v1::Recipe& recipe, const fs::path& out_dir) {
  const bool is_named_alike =
      recipe.outputs_size() <= 1 && !(recipe.outputs_size() == 1 && recipe.outputs(0).has_path());
  if (!is_named_alike) return;
  std::map<fs::path, fs::path> known;  // asking the file system for each track takes as long as all the rest
  const auto real = [&known](const fs::path& folder) -> const fs::path& {
    const auto [at, is_new] = known.try_emplace(folder);
    if (is_new) at->second = fs::weakly_canonical(folder);
    return at->second;
  };
  for (const ScannedTrack& track : scan.tracks) {
    if (track.stems) continue;  // called by its folder: name_clashes() knows its files
    if (real((out_dir / track.relative).parent_path()) != real(fs::path(track.input).parent_path())) continue;
    const AudioFormat unknown;
    const auto outputs = outputs_of(recipe, unknown, {}, out_dir, track.relative);
    const bool keeps_container = recipe.outputs_size() == 0 || !recipe.outputs(0).has_format();
    if (!keeps_container && outputs.at(0).path.filename() != fs::path(track.input).filename()) continue;
    throw RefusedInput("the master of " + track.input +
                       " would be written onto it: the output folder is the one it lies in. Choose another --out");
  }
}

bool looks_like_audio(const fs::path& file) {
  try {
    probe_container(InputFile(file));
    return true;
  } catch (const AudioFileError&) {
    return false;
  }
}

}  // namespace

// What others named is in it, paths and jobs: no control character of theirs reaches the terminal.
void say(const std::string& text) {
  std::string shown;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    shown += visible_text(std::string_view(text).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  std::fprintf(stderr, "lathe: %s", shown.c_str());
}

fs::path output_folder(const std::string& out) {
  const fs::path path = fs::absolute(out).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

std::optional<RecipeSource> load_recipe(const std::string& recipe, const std::vector<std::string>& sets) {
  try {
    RecipeSource source = RecipeSource::load(recipe, sets);
    const std::vector<RecipeProblem> unbuilt = source.unbuilt();
    check_named_profiles(source);
    if (unbuilt.empty()) {
      for (const RecipeProblem& problem : source.warnings())
        std::fprintf(stderr, "%s\n", problem.text("warning").c_str());
      return source;
    }
    for (const RecipeProblem& problem : unbuilt) std::fprintf(stderr, "%s\n", problem.text().c_str());
    std::fprintf(stderr, "%zu error(s)\n", unbuilt.size());
  } catch (const RecipeErrors& errors) {
    std::fprintf(stderr, "%s\n", errors.what());
  }
  return std::nullopt;
}

void add_stem_options(CLI::App& verb, MasterInputs& inputs) {
  verb.add_flag("--stems", inputs.stems,
                "Each folder of audio files is a mix: its files are stems, summed and mastered as one track; the "
                "recipe's `stems` say what becomes of each");
  verb.add_option("--mixdown", inputs.mixdown,
                  "With --stems: what the untouched stems should sum to, a file, or the name of one in each folder; "
                  "the report says how far they do, and which stem does not fit")
      ->type_name("FILE");
}

Scan scan_for_masters(const MasterInputs& inputs, const v1::Recipe& recipe, const fs::path& folder) {
  refuse_folder_not_utf8(folder);
  refuse_file_as_folder(folder);
  refuse_stems_unsaid(recipe, inputs);
  Scan scan = scan_inputs({inputs.paths.begin(), inputs.paths.end()}, folder, true, !inputs.stems);
  if (inputs.stems) {
    scan = stem_mixes(std::move(scan), inputs.mixdown);
  } else {
    place_manifest_tracks(scan, folder);
  }
  refuse_masters_onto_inputs(scan, recipe, folder);
  return scan;
}

bool nothing_was_read(const std::vector<TrackOutcome>& tracks) {
  static const std::vector<std::string> kUnread{
      "NOT_FOUND", "UNREADABLE",      "NOT_AUDIO",         "UNSUPPORTED",     "TRUNCATED",     "CORRUPT",
      "LIMITS",    "DECODER_CRASHED", "DECODER_FORBIDDEN", "DECODER_TIMEOUT", "DECODER_KILLED"};
  return std::all_of(tracks.begin(), tracks.end(), [](const TrackOutcome& t) {
    const bool is_failed = t.state == TaskState::kFailed || t.state == TaskState::kQuarantined;
    const bool is_unread = is_failed && std::find(kUnread.begin(), kUnread.end(), t.reason_code) != kUnread.end();
    // Of tracks that fail together the code is that of one: the others were held back, if they are there.
    return is_unread && !(t.is_with_others && looks_like_audio(t.input));
  });
}

}  // namespace lathe::cli
