// The program about itself: completions and the manual page hold every verb and option, and shells can read them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  char block[4096];
  for (std::size_t n; (n = std::fread(block, 1, sizeof block, pipe)) > 0;) text.append(block, n);
  return ::pclose(pipe) == 0 ? text : "failed: " + text;
}

bool is_there(const std::string& program) { return !output_of("command -v " + program).starts_with("failed"); }

class Help : public ::testing::Test {
 protected:
  std::string put(const std::string& name, const std::string& text) {
    spill(work_.root() / name, text);
    return (work_.root() / name).string();
  }
  // What bash offers for the last of the words.
  std::string offered(const std::string& words, int last) {
    const std::string file = put("lathe.bash", run_program({"completion", "bash"}).out);
    return output_of("bash -c \"source " + file + "; COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(last) +
                     "; _lathe; echo \\${COMPREPLY[*]}\"");
  }
  Workspace work_;
};

TEST_F(Help, BashOffersVerbsOptionsAndWhatOptionsTake) {
  EXPECT_EQ(offered("lathe subm", 1), "submit\n");
  EXPECT_EQ(offered("lathe submit --fin", 2), "--finish-by\n");
  EXPECT_EQ(offered("lathe workers dr", 2), "drain\n");
  EXPECT_EQ(offered("lathe workers drain --sched", 3), "--scheduler\n");
  EXPECT_EQ(offered("lathe audit x --format h", 4), "html\n");
  EXPECT_EQ(offered("lathe completion z", 2), "zsh\n");
}

TEST_F(Help, ZshAndFishReadTheirs) {
  for (const char* shell : {"zsh", "fish"}) {
    const ProgramResult run = run_program({"completion", shell});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.out, HasSubstr("finish-by"));
    EXPECT_THAT(run.out, HasSubstr("drain"));
    if (is_there(shell)) {
      EXPECT_EQ(output_of(std::string(shell) + " -n " + put("script", run.out)), "") << shell;
    }
  }
  EXPECT_EQ(run_program({"completion", "tcsh"}).exit_code, 2);
}

TEST_F(Help, TheManualPageHasEveryVerbOfTheHelp) {
  const ProgramResult page = run_program({"help", "--man"});
  EXPECT_EQ(page.exit_code, 0);
  EXPECT_THAT(page.out, HasSubstr(".TH LATHE 1"));
  for (const char* verb : {"master", "audit", "submit", "watch", "workers drain", "completion"})
    EXPECT_THAT(page.out, HasSubstr(std::string(".SS lathe ") + verb)) << verb;
  EXPECT_THAT(page.out, HasSubstr("\\-\\-finish\\-by TIME"));
  if (!is_there("groff")) GTEST_SKIP() << "no groff to read it";
  EXPECT_EQ(output_of("groff -man -ww -z " + put("lathe.1", page.out)), "");
}

TEST_F(Help, HelpOfAVerbIsThatVerbs) {
  EXPECT_THAT(run_program({"help"}).out, HasSubstr("master"));
  EXPECT_THAT(run_program({"help", "submit"}).out, HasSubstr("--finish-by"));
  EXPECT_THAT(run_program({"help", "workers", "drain"}).out, HasSubstr("NAME"));
  EXPECT_EQ(run_program({"help", "nonsense"}).exit_code, 2);
}

}  // namespace
}  // namespace lathe::test
