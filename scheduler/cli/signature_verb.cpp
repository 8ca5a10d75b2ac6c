// `lathe signature ALBUM --out FILE`: a finished album's sound, frozen for deliveries that come later.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "host/audio_file/audio_file.h"
#include "host/mastering/album_signature.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/published_text.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {
namespace {

namespace fs = std::filesystem;

struct SignatureOptions {
  std::string album, out;
  bool json = false, quiet = false;
};

struct Interrupted {};

// A name that is not a signature's is most likely something that somebody would miss.
bool may_be_written(const fs::path& out) {
  std::error_code error;
  if (!is_signature_name(out)) {
    say("--out " + out.string() + ": a signature's name ends in .json, by which a recipe's match_eq knows it");
    return false;
  }
  if (!fs::exists(out, error)) return true;
  try {
    read_signature(out);
    return true;
  } catch (const std::invalid_argument&) {
    say("--out " + out.string() + ": is there already and is no signature; choose another name");
    return false;
  }
}

int signature(const SignatureOptions& options) {
  const fs::path album = output_folder(options.album), out = fs::absolute(options.out).lexically_normal();
  if (!may_be_written(out)) return kUsage;
  if (is_signature_name(album)) {
    say(album.string() + ": is no audio; name the album's folder, or a file");
    return kUsage;
  }
  const std::atomic<bool>& is_interrupted = watch_interrupts();
  std::string text;
  AlbumSignature made;
  try {
    made = measure_signature(album, [&is_interrupted] {
      if (is_interrupted) throw Interrupted();
    });
    text = signature_json(made, scheduler::engine_name());
    publish_text(out.parent_path(), out, text);
  } catch (const Interrupted&) {
    return kCancelled;
  } catch (const std::invalid_argument& wrong) {
    say(wrong.what());
    return kNothingRead;
  } catch (const AudioFileError& failed) {
    say(failed.what());
    return kSomeFailed;
  }
  if (options.json) std::fputs(text.c_str(), stdout);
  if (!options.json && !options.quiet) {
    std::printf("%zu file%s, %.1f LUFS, range %.1f LU, true peak %.1f dBTP: %s\n", made.made_of.size(),
                made.made_of.size() == 1 ? "" : "s", made.reading.integrated_lufs, made.loudness_range_lu,
                made.true_peak_dbtp, out.c_str());
  }
  return std::fflush(stdout) == 0 ? kOk : kSomeFailed;
}

}  // namespace

void add_signature(CLI::App& app, Run& run) {
  const auto options = std::make_shared<SignatureOptions>();
  CLI::App* verb = app.add_subcommand(
      "signature", "Freezes a finished album's spectrum and loudness, for later deliveries to match");
  verb->add_option("ALBUM", options->album,
                   "The folder of the finished album (not what lies in folders below it), or a file")
      ->required();
  verb->add_option("--out", options->out,
                   "The signature, a .json file: match_eq: {reference: FILE}, loudness: {target_lufs: reference}")
      ->required();
  verb->add_flag("--json", options->json, "The signature on stdout, too");
  verb->add_flag("-q,--quiet", options->quiet, "Says nothing");
  verb->callback([&run, options] { run = [options] { return signature(*options); }; });
}

}  // namespace lathe::cli
