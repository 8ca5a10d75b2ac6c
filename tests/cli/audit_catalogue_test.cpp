// A catalogue of many short files: time, memory and size of what an audit makes of it, and of doing it again.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/cli/length.h"
#include "tests/cli/workspace.h"
#include "tests/support/random.h"

namespace lathe::test {
namespace {

constexpr int kHour_ms = 3'600'000;

// 0.5 to 1 s of noise at 24 kHz, mono, 16 bits: every file another one. Written by hand, for there are many.
void write_short(const fs::path& path, Random& random) {
  std::vector<std::int16_t> samples(static_cast<std::size_t>(random.integer(12000, 24000)));
  for (std::int16_t& sample : samples) sample = static_cast<std::int16_t>(random.uniform(-9000, 9000));
  const auto data_bytes = static_cast<std::uint32_t>(2 * samples.size());
  std::string bytes;
  const auto put = [&bytes](auto value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); };
  bytes += "RIFF";
  put(data_bytes + 36);
  bytes += "WAVEfmt ";
  put(std::uint32_t{16});
  put(std::uint16_t{1});
  put(std::uint16_t{1});
  put(std::uint32_t{24000});
  put(std::uint32_t{48000});
  put(std::uint16_t{2});
  put(std::uint16_t{16});
  bytes += "data";
  put(data_bytes);
  bytes.append(reinterpret_cast<const char*>(samples.data()), data_bytes);
  spill(path, bytes);
}

class AuditCatalogue : public ::testing::Test {
 protected:
  // The report is called `name`, with the format for its extension. Programs run before anything is read here: a child
  // is charged with the memory of who starts it.
  ProgramResult audit(const fs::path& input, const fs::path& state, const std::string& name) const {
    ProgramCall call;
    const std::string format = fs::path(name).extension().string().substr(1);
    call.arguments = {"audit", input.string(), "--format", format, "--out", out(name).string(), "-q"};
    call.environment["LATHE_STATE_DIR"] = state.string();
    RunningProgram program(call);
    const ProgramResult result = program.wait(kHour_ms);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::printf("%-12s: %6.2f s of CPU, %6.1f MB of memory, %6.1f MB of report\n", name.c_str(), result.cpu_s,
                static_cast<double>(result.peak_memory_bytes) / 1e6,
                static_cast<double>(fs::file_size(out(name))) / 1e6);
    return result;
  }
  fs::path out(const std::string& name) const { return work_.root() / name; }

  Workspace work_;
};

TEST_F(AuditCatalogue, ManyShortFilesTakeLittleMemoryAndASecondRunLittleTime) {
  const int all = length(500, 50'000);
  const int some = all / 10;
  Random random = seeded(520);
  const fs::path many = work_.in() / "many", few = work_.in() / "few";
  for (int i = 0; i < all; ++i) {
    std::string name = std::to_string(i);
    name.insert(0, 6 - std::min<std::size_t>(6, name.size()), '0');
    write_short(many / (name + ".wav"), random);
    if (i < some) write_short(few / (name + ".wav"), random);
  }
  const ProgramResult of_few = audit(few, work_.root() / "state of few", "few.json");
  const ProgramResult first = audit(many, work_.state(), "first.json");
  const ProgramResult second = audit(many, work_.state(), "second.json");
  audit(many, work_.state(), "third.csv");
  audit(many, work_.state(), "fourth.html");

  const double per_file = static_cast<double>(first.peak_memory_bytes - of_few.peak_memory_bytes) / (all - some);
  std::printf("second run: %.1f %% of the first's CPU time; %.0f bytes of memory a file; memory of %.1f MB on disk\n",
              100 * second.cpu_s / first.cpu_s, per_file,
              static_cast<double>(fs::file_size(work_.state() / "audit.sqlite")) / 1e6);
  // With few files, starting the program is most of it.
  if (all >= 50'000) {
    EXPECT_LT(second.cpu_s, 0.05 * first.cpu_s);
    EXPECT_LT(per_file, 2048);
  }

  const nlohmann::json report = nlohmann::json::parse(slurp(out("first.json")));
  ASSERT_EQ(report.at("files").size(), static_cast<std::size_t>(all));
  nlohmann::json again = nlohmann::json::parse(slurp(out("second.json")));
  EXPECT_EQ(again.at("summary").at("remembered"), all);
  for (auto& file : again.at("files")) file["remembered"] = false;
  EXPECT_TRUE(again.at("files") == report.at("files"));
  EXPECT_TRUE(again.at("albums") == report.at("albums"));
  const std::string csv = slurp(out("third.csv"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), all + 1);
  EXPECT_TRUE(slurp(out("fourth.html")).ends_with("</html>\n"));
}

}  // namespace
}  // namespace lathe::test
