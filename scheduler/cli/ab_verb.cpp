// `lathe ab DIR`: one page to hear masters against their inputs, at one loudness.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "host/audio_file/audio_file.h"
#include "host/compare/ab_page.h"
#include "host/report/audit_text.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/named_masters.h"
#include "scheduler/cli/processors.h"
#include "scheduler/cli/report_file.h"
#include "scheduler/cli/side_by_side.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {
namespace {

namespace fs = std::filesystem;

struct AbCommand {
  std::string folder, out;
  AbOptions ab;
  std::string codec = "flac";
  int most_mib = 200, jobs = 0;
};

// The masters of each track, in the manifest's order.
std::vector<std::vector<NamedMaster>> tracks_of(const MasterFolder& folder) {
  std::vector<std::vector<NamedMaster>> tracks;
  for (const NamedMaster& master : folder.masters) {
    if (tracks.empty() || tracks.back().front().track != master.track) tracks.emplace_back();
    tracks.back().push_back(master);
  }
  return tracks;
}

struct Made {
  std::vector<std::string> left_out;
  std::size_t tracks = 0, failed = 0, beyond_size = 0, bytes = 0;
};

// Some tracks at once, and no more of them in memory.
Made fill(AbPage& page, const std::vector<std::vector<NamedMaster>>& tracks, const AbCommand& options,
          const std::atomic<bool>& is_interrupted) {
  const auto most_bytes = static_cast<std::size_t>(options.most_mib) << 20;
  const auto at_once = static_cast<std::size_t>(options.jobs > 0 ? options.jobs : processors());
  Made made;
  for (std::size_t first = 0; first < tracks.size(); first += at_once) {
    std::vector<AbTrack> cut(std::min(at_once, tracks.size() - first));
    side_by_side(cut.size(), static_cast<int>(at_once),
                 [&](std::size_t i) { cut[i] = cut_track(tracks[first + i], options.ab, is_interrupted); });
    for (const AbTrack& track : cut) {
      if (!track.failure.empty()) {
        ++made.failed;
        made.left_out.push_back(track.failure);
      } else if (made.beyond_size > 0 || made.bytes + AbPage::bytes_of(track) > most_bytes) {
        ++made.beyond_size;  // in the order of the manifest, not whatever still fits
      } else {
        page.track(track);
        ++made.tracks;
        made.bytes += AbPage::bytes_of(track);
      }
    }
    if (made.beyond_size > 0) {
      made.beyond_size += tracks.size() - std::min(tracks.size(), first + at_once);
      break;
    }
  }
  if (made.beyond_size > 0)
    made.left_out.push_back(fmt::format("{} tracks: the page would be larger than {} MiB (--max-size)",
                                        made.beyond_size, options.most_mib));
  return made;
}

int ab(const AbCommand& options) {
  const fs::path path = output_folder(options.folder);
  const fs::path out = options.out.empty() ? path / "lathe-ab.html" : fs::absolute(options.out);
  if (is_accepted_extension(out.extension().string()) || out.filename() == kMasterManifestName) {
    say("--out " + out.string() + ": that is no name for a page");
    return kUsage;
  }
  NamedMasters masters;
  read_masters(path, masters);
  if (masters.exit_code != kOk) return masters.exit_code;
  MasterFolder& folder = masters.folder;
  std::optional<ReportFile> file;
  try {
    file.emplace(out);
  } catch (const std::runtime_error& wrong) {
    say(wrong.what());
    return kUsage;
  }
  AbPage page(file->stream(), {path.string(), scheduler::engine_name(), options.ab.codec});
  Made made;
  try {
    made = fill(page, tracks_of(folder), options, watch_interrupts());
  } catch (const CheckCancelled&) {
    say("interrupted: no page was written");
    return kCancelled;
  } catch (const EncoderFailed& failed) {
    say(failed.what());
    return kUsage;
  }
  for (const MasterOrigin& track : masters.manifest.tracks) {
    if (!track.outputs.empty()) continue;
    ++made.failed;
    made.left_out.push_back(track.input + ": its master lies in its side's file, and nowhere by itself");
  }
  for (const std::string& line : made.left_out) say("left out: " + line);
  if (made.tracks == 0) {
    say("there is nothing to hear: no page was written");
    return kNothingRead;
  }
  page.finish(made.left_out);
  try {
    file->publish();
  } catch (const std::runtime_error& wrong) {
    say(wrong.what());
    return kNothingRead;
  }
  std::error_code error;
  const auto bytes = fs::file_size(out, error);
  std::printf("%s: %zu tracks, %.1f MiB\n", visible_text(out.native()).c_str(), made.tracks,
              error ? 0.0 : static_cast<double>(bytes) / (1 << 20));
  return made.failed > 0 ? kSomeFailed : kOk;
}

}  // namespace

void add_ab(CLI::App& app, Run& run) {
  const auto options = std::make_shared<AbCommand>();
  CLI::App* verb = app.add_subcommand("ab", "Makes a page to hear masters against their inputs, at one loudness");
  verb->add_option("DIR", options->folder, "The folder that lathe master wrote into (--out)")->required();
  verb->add_option("--out", options->out, "The page; left out: DIR/lathe-ab.html");
  verb->add_option("--seconds", options->ab.seconds, "Length of an excerpt")
      ->check(CLI::Range(1.0, 120.0))
      ->capture_default_str();
  verb->add_option("--excerpts", options->ab.excerpts,
                   "Excerpts a track: the loudest, then where master and input differ most")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  verb->add_option("--codec", options->codec, "flac, wav, or opus (by opusenc or ffmpeg, where there is one)")
      ->check(CLI::IsMember({"flac", "wav", "opus"}))
      ->capture_default_str();
  verb->add_option("--max-size", options->most_mib, "Most MiB of the page: what would go beyond is left out")
      ->check(CLI::Range(1, 4000))
      ->capture_default_str();
  verb->add_option("--jobs", options->jobs, "Tracks at once; left out: one a processor")->check(CLI::Range(1, 1024));
  verb->callback([&run, options] {
    run = [options] {
      options->ab.codec = options->codec == "flac"  ? AbCodec::flac
                          : options->codec == "wav" ? AbCodec::wav
                                                    : AbCodec::opus;
      return ab(*options);
    };
  });
}

}  // namespace lathe::cli
