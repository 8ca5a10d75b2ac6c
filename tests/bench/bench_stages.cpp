// Prints how fast each stage of the chain is on this machine, and what share of the machine's ceilings it reaches.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "kernels/simd/level.h"
#include "tests/bench/stage_table.h"

namespace {

namespace fs = std::filesystem;

// A folder of its own, gone at the end.
class ScratchFolder {
 public:
  explicit ScratchFolder(const fs::path& parent) : path_(parent / fmt::format("lathe-bench-{}", ::getpid())) {
    fs::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void run(const std::string& track, double seconds, int repeats, const std::string& folder) {
  using namespace lathe::bench;
  const Music music = track.empty() ? made_up_music(seconds) : read_music(track, seconds);
  const Ceilings before = measure_ceilings();
  StageTable table(music, repeats);
  time_kernels(table);
  time_tone(table);
  const ScratchFolder scratch(folder);
  time_files(table, scratch.path());
  const Ceilings ceilings = highest(before, measure_ceilings());
  fmt::print("Track: {}, {:.0f} s of 44.1 kHz stereo. SIMD level {}. CPU time of one thread, best of {}.\n", music.name,
             static_cast<double>(music.frames) / kSampleRateHz, lathe::name_of(lathe::simd_level()), repeats);
  fmt::print("Ceilings: FMA {:.0f} GFLOP/s in float32, {:.0f} in float64; memory copy {:.1f} GB/s.\n\n",
             ceilings.float_flops / 1e9, ceilings.double_flops / 1e9, ceilings.copy_bytes / 1e9);
  table.print(ceilings);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Times each stage of the chain on one thread", "bench_stages"};
  std::string track, folder = fs::temp_directory_path();
  double seconds = 240;
  int repeats = 5;
  app.add_option("--track", track, "A 24-bit stereo WAV at 44.1 kHz; left out: music is made up");
  app.add_option("--seconds", seconds, "Most seconds of it")->check(CLI::Range(1.0, 3600.0))->capture_default_str();
  app.add_option("--repeats", repeats, "Runs of each stage; the best one counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--folder", folder, "Where files are written")->capture_default_str();
  try {
    app.parse(argc, argv);
    run(track, seconds, repeats, folder);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_stages: %s\n", error.what());
    return 1;
  }
}
