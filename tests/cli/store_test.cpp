// `lathe store`: a store looked at without a scheduler.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

// The one that `lathe master` leaves in the state folder.
fs::path store_of(const Workspace& work) {
  for (const auto& entry : fs::directory_iterator(work.state())) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".sqlite" && name != "audit.sqlite") return entry.path();
  }
  ADD_FAILURE() << "no store in " << work.state();
  return {};
}

TEST(Store, AStoreThatIsWellSaysSo) {
  const Workspace work;
  spill(work.in() / "1.wav", "no audio");
  work.master();
  const std::string store = store_of(work).string();
  const ProgramResult text = run_program({"store", "check", store});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("is well"));
  const ProgramResult run = run_program({"store", "check", "sqlite:" + store, "--json"});
  EXPECT_EQ(run.json().at("schema"), "lathe.store_check.v1");
  EXPECT_EQ(run.json().at("findings").size(), 0u);
}

TEST(Store, ANameThatWasMistypedMakesNoStore) {
  const Workspace work;
  const std::string nowhere = (work.root() / "typo.sqlite").string();
  EXPECT_EQ(run_program({"store", "check", nowhere}).exit_code, 2);
  EXPECT_EQ(run_program({"store", "migrate", nowhere, "postgres://nobody@127.0.0.1:1/x"}).exit_code, 2);
  EXPECT_FALSE(fs::exists(nowhere));
}

TEST(Store, WhatIsNoStoreIsThree) {
  const Workspace work;
  spill(work.root() / "no.sqlite", std::string(5000, 'x'));
  EXPECT_EQ(run_program({"store", "check", (work.root() / "no.sqlite").string()}).exit_code, 3);
}

}  // namespace
}  // namespace lathe::test
