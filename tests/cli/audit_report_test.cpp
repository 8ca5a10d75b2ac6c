// Reports of `lathe audit` on files whose names and tags mean harm: text stays text in a page, a spreadsheet, a
// terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"
#include "tests/host/report/page_reader.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Names of files and texts of tags, as bytes.
const std::vector<std::string>& hostile_names() {
  static const std::vector<std::string> names = {"<script>alert(1)<",
                                                 "\"><img src=x onerror=alert(1)>",
                                                 "=HYPERLINK(\"http:\\\\example.com\",\"x\")",
                                                 "+1+1",
                                                 "-2+3",
                                                 "@SUM(A1)",
                                                 "\t=1+1",
                                                 "\r\n=1+1",
                                                 "javascript:alert(1)",
                                                 "\xE2\x80\xAEgnp.\xE2\x80\xAC",
                                                 "\x1b[31mred\x1b[2J\x07",
                                                 "not utf-8 \xFF\xC3",
                                                 "&lt;b&gt; &amp; 'x'"};
  return names;
}

// A second of noise under each name, and as each tag.
void write_hostile_catalogue(const Workspace& work) {
  Random random = seeded(401);
  const Sound sound = wandering(random, 8000, 1, 1, 0.5);
  int number = 0;
  for (const std::string& name : hostile_names()) {
    const bool is_flac = ++number % 2 == 0;
    const SoundTags tags = {{SF_STR_TITLE, name}, {SF_STR_ARTIST, name + "</td></script>"}};
    write_sound(work.in() / name / (name + (is_flac ? ".flac" : ".wav")), sound, is_flac ? kFlac16 : kWav16, tags);
  }
  write_sound(work.in() / "long.flac", sound, kFlac16, {{SF_STR_TITLE, std::string(10000, 'x') + "<b>"}});
}

std::string report(const Workspace& work, const std::string& format) {
  const ProgramResult result = run_program({"audit", work.in().string(), "--no-cache", "--format", format, "--profile",
                                            "spotify", "--profile", "apple-digital-masters"});
  EXPECT_EQ(result.exit_code, 7) << result.err;
  return result.out;
}

// Cells of a CSV with any line breaks, quotes resolved.
std::vector<std::vector<std::string>> cells_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows(1, std::vector<std::string>(1));
  bool is_quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    if (csv[i] == '"') {
      if (is_quoted && i + 1 < csv.size() && csv[i + 1] == '"') {
        rows.back().back() += csv[++i];
      } else {
        is_quoted = !is_quoted;
      }
    } else if (!is_quoted && csv[i] == ',') {
      rows.back().emplace_back();
    } else if (!is_quoted && csv.compare(i, 2, "\r\n") == 0) {
      ++i;
      rows.emplace_back(1);
    } else {
      rows.back().back() += csv[i];
    }
  }
  rows.pop_back();
  return rows;
}

TEST(AuditReport, APageShowsHostileTextAsText) {
  const Workspace work;
  write_hostile_catalogue(work);
  const std::string html = report(work, "html");
  const testing::Page page = testing::read_page(html);  // throws for what is not well-formed
  const auto count = [&](const std::string& name) {
    return std::count_if(page.elements.begin(), page.elements.end(), [&](const auto& e) { return e.name == name; });
  };
  EXPECT_EQ(count("script"), 1);
  EXPECT_EQ(count("img"), 0);
  for (const testing::PageElement& element : page.elements) {
    for (const auto& [attribute, value] : element.attributes) {
      EXPECT_FALSE(attribute.starts_with("on")) << attribute;
      EXPECT_TRUE(attribute != "href" || value.starts_with('#')) << value;
    }
  }
  for (const char* shown : {"title: <script>alert(1)<", "\"><img src=x onerror=alert(1)>.flac",
                            "title: javascript:alert(1)", "<U+202E>gnp.<U+202C>", "<U+001B>[31mred<U+001B>[2J<U+0007>",
                            "not utf-8 \xEF\xBF\xBD", "&lt;b&gt; &amp; 'x'", "artist: +1+1</td></script>"}) {
    EXPECT_THAT(page.text, HasSubstr(shown));
  }
}

TEST(AuditReport, ASpreadsheetComputesNoCell) {
  const Workspace work;
  write_hostile_catalogue(work);
  const auto rows = cells_of(report(work, "csv"));
  ASSERT_EQ(rows.size(), hostile_names().size() + 2);
  const auto title = std::find(rows[0].begin(), rows[0].end(), "title") - rows[0].begin();
  std::vector<std::string> titles;
  for (std::size_t row = 1; row < rows.size(); ++row) {
    ASSERT_EQ(rows[row].size(), rows[0].size());
    titles.push_back(rows[row][static_cast<std::size_t>(title)]);
    for (const std::string& cell : rows[row]) {
      const bool is_number = cell.find_first_not_of("-.0123456789") == std::string::npos;
      EXPECT_TRUE(is_number || cell.empty() || std::string("=+-@\t\r\n").find(cell[0]) == std::string::npos) << cell;
    }
  }
  for (const char* shown : {"'=HYPERLINK(\"http:\\\\example.com\",\"x\")", "'+1+1", "'-2+3", "'@SUM(A1)"}) {
    EXPECT_THAT(titles, ::testing::Contains(shown));
  }
}

TEST(AuditReport, ATerminalObeysNothing) {
  const Workspace work;
  write_hostile_catalogue(work);
  const std::string table = report(work, "table");
  for (const char c : table) ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
  EXPECT_THAT(table, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(table, HasSubstr("<U+001B>"));
}

TEST(AuditReport, JsonKeepsTheTextAndIsValid) {
  const Workspace work;
  write_hostile_catalogue(work);
  const nlohmann::json json = nlohmann::json::parse(report(work, "json"));
  std::vector<std::string> titles;
  for (const auto& file : json.at("files")) titles.push_back(file.at("tags").value("title", ""));
  for (const char* text :
       {"<script>alert(1)<", "=HYPERLINK(\"http:\\\\example.com\",\"x\")", "\x1b[31mred\x1b[2J\x07"}) {
    EXPECT_THAT(titles, ::testing::Contains(text));
  }
  EXPECT_THAT(titles, ::testing::Contains(std::string(10000, 'x') + "<b>"));
}

TEST(AuditReport, TheNameOfTheReportSaysItsFormat) {
  const Workspace work;
  Random random = seeded(402);
  write_sound(work.in() / "one.wav", wandering(random, 8000, 1, 1, 0.5), kWav16);
  for (const auto& [name, start] : {std::pair{"a.html", "<!doctype html>"},
                                    {"a.htm", "<!doctype html>"},
                                    {"a.csv", "path,album,"},
                                    {"a.json", "{\"schema\":\"lathe.audit.v1\""},
                                    {"a.txt", "lathe "}}) {
    const fs::path out = work.root() / name;
    const ProgramResult result = run_program({"audit", work.in().string(), "--no-cache", "--out", out.string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(slurp(out).starts_with(start)) << name;
    for (const auto& entry : fs::directory_iterator(work.root()))
      EXPECT_NE(entry.path().extension(), ".partial") << entry.path();
  }
  const fs::path out = work.root() / "b.csv";
  run_program({"audit", work.in().string(), "--no-cache", "--out", out.string(), "--format", "json"});
  EXPECT_TRUE(slurp(out).starts_with("{")) << "what is asked for wins";
}

TEST(AuditReport, ASeriesHasAValueEveryTenthOfASecond) {
  const Workspace work;
  Random random = seeded(403);
  write_sound(work.in() / "one.wav", wandering(random, 8000, 1, 5.25, 0.5), kWav16);
  const auto file_of = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"audit", work.in().string(), "--no-cache", "--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments).json().at("files").at(0);
  };
  EXPECT_FALSE(file_of({}).contains("series"));
  const nlohmann::json file = file_of({"--series"}), series = file.at("series");
  EXPECT_EQ(series.at("step_s"), 0.1);
  for (const auto& [key, window, highest] : {std::tuple{"momentary_lufs", 4u, "max_momentary_lufs"},
                                             std::tuple{"short_term_lufs", 30u, "max_short_term_lufs"}}) {
    SCOPED_TRACE(key);
    const nlohmann::json levels = series.at(key);
    ASSERT_EQ(levels.size(), 52u);
    double most = -1e9;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      ASSERT_EQ(levels.at(i).is_null(), i + 1 < window) << i;
      if (!levels.at(i).is_null()) most = std::max(most, levels.at(i).get<double>());
    }
    // The highest of a file is looked for every 10 ms, so it may lie between two values.
    EXPECT_LE(most, file.at(highest).get<double>() + 0.001);
    EXPECT_GE(most, file.at(highest).get<double>() - 1.0);
  }
}

TEST(AuditReport, TheTruePeakIsFoundWhereItIs) {
  const Workspace work;
  Random random = seeded(404);
  Sound sound = wandering(random, 8000, 2, 20, 0.3);
  sound.channels[1][8000 * 13] = 0.9;
  write_sound(work.in() / "one.wav", sound, kWav16);
  const nlohmann::json file =
      run_program({"audit", work.in().string(), "--no-cache", "--json"}).json().at("files").at(0);
  // A block of the auditor is 16,384 frames.
  EXPECT_NEAR(file.at("true_peak_at_s").get<double>(), 13.0, 16384.0 / 8000 + 0.1);
}

TEST(AuditReport, NothingIsLeftWhereAReportCannotBe) {
  const Workspace work;
  Random random = seeded(405);
  write_sound(work.in() / "one.wav", wandering(random, 8000, 1, 1, 0.5), kWav16);
  const fs::path out = work.root() / "no folder" / "a.csv";
  const ProgramResult result = run_program({"audit", work.in().string(), "--no-cache", "--out", out.string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("no folder/a.csv"));
  EXPECT_FALSE(fs::exists(out));
}

// A rename would put a file in the place of a device.
TEST(AuditReport, WhatIsNoFileIsNotReplaced) {
  const Workspace work;
  Random random = seeded(406);
  write_sound(work.in() / "one.wav", wandering(random, 8000, 1, 1, 0.5), kWav16);
  const fs::path pipe = work.root() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink(pipe, work.root() / "link");
  for (const fs::path& out : {pipe, work.root() / "link", work.in()}) {
    const ProgramResult result = run_program({"audit", work.in().string(), "--no-cache", "--out", out.string()});
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr("is no regular file"));
  }
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST(AuditReport, NoReportReplacesAnInput) {
  const Workspace work;
  Random random = seeded(407);
  const fs::path one = work.in() / "one.wav", odd = work.root() / "odd.dat", manifest = work.root() / "list.csv";
  write_sound(one, wandering(random, 8000, 1, 1, 0.5), kWav16);
  fs::copy_file(one, odd);
  spill(manifest, "path\nin/one.wav\n");
  fs::create_symlink(one, work.root() / "link.txt");
  for (const fs::path& out : {one, odd, manifest, work.root() / "link.txt", work.root() / "new.flac"}) {
    const std::string before = fs::exists(out) ? slurp(out) : "";
    const ProgramResult result = run_program(
        {"audit", manifest.string(), work.in().string(), odd.string(), "--no-cache", "--out", out.string()});
    EXPECT_EQ(result.exit_code, 2) << out;
    EXPECT_EQ(fs::exists(out) ? slurp(out) : "", before) << out;
  }
}

}  // namespace
}  // namespace lathe::test
