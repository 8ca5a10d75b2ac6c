// The file that an audit's memory is: what it finds, keeps, and forgets.
#include "scheduler/store/audit_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "scheduler/store/store_error.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kAnyRoom = std::int64_t{1} << 40;

class AuditStoreTest : public ::testing::Test {
 protected:
  AuditStoreTest() {
    std::string name = (fs::temp_directory_path() / "lathe-audit-store-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~AuditStoreTest() override { fs::remove_all(folder_); }

  std::string file() const { return (folder_ / "audit.sqlite").string(); }
  AuditStore open() const { return AuditStore(file(), 0); }

  static AuditedFile audited(const std::string& path, const std::string& payload, const std::string& record) {
    return {path, {10, 20, 30, 40}, "facts of " + path, payload, "setup", record};
  }
  static bool has(AuditStore& store, const std::string& path) {
    return store.find_file(path, [](const KnownFile&) {});
  }
  static std::string record_of(AuditStore& store, const std::string& path) {
    std::string record = "no file";
    store.find_file(path, [&](const KnownFile& known) { record = known.record; });
    return record;
  }

  fs::path folder_;
};

TEST_F(AuditStoreTest, AFileComesBackWithItsMeasurement) {
  AuditStore store = open();
  store.remember(std::vector{audited("/a", "p", std::string("re\0cord", 7))}, 5);
  bool was_used = false;
  EXPECT_TRUE(store.find_file("/a", [&](const KnownFile& known) {
    was_used = true;
    EXPECT_EQ(known.stamp, (FileStamp{10, 20, 30, 40}));
    EXPECT_EQ(known.facts, "facts of /a");
    EXPECT_EQ(known.setup, "setup");
    EXPECT_EQ(known.record, std::string("re\0cord", 7));
    EXPECT_EQ(known.used_day, 5);
  }));
  EXPECT_TRUE(was_used);
  EXPECT_FALSE(has(store, "/b"));
  EXPECT_EQ(store.find_measurement("p", "setup"), std::string("re\0cord", 7));
  EXPECT_EQ(store.find_measurement("p", "another"), std::nullopt);
}

// The cursor runs along with paths that come in order; any other order finds the same.
TEST_F(AuditStoreTest, PathsAreFoundInAnyOrder) {
  AuditStore store = open();
  std::vector<AuditedFile> files;
  for (int i = 0; i < 100; i += 2)
    files.push_back(audited("/" + std::to_string(1000 + i), "p" + std::to_string(i), "r" + std::to_string(i)));
  store.remember(files, 1);
  for (int step : {1, 7, 37, 99}) {
    for (int n = 0; n < 3000; ++n) {
      const int i = n * step % 100;
      EXPECT_EQ(record_of(store, "/" + std::to_string(1000 + i)), i % 2 == 0 ? "r" + std::to_string(i) : "no file");
    }
  }
}

TEST_F(AuditStoreTest, AKnownMeasurementServesAnotherFile) {
  AuditStore store = open();
  store.remember(std::vector{audited("/a", "p", "record"), audited("/b", "p", ""), audited("/c", "gone", "")}, 1);
  EXPECT_EQ(record_of(store, "/b"), "record");
  EXPECT_FALSE(has(store, "/c"));
}

TEST_F(AuditStoreTest, TwoConnectionsSeeWhatTheOtherKept) {
  AuditStore one = open(), two = open();
  EXPECT_FALSE(has(two, "/a"));
  one.remember(std::vector{audited("/a", "p", "record")}, 1);
  two.remember(std::vector{audited("/b", "q", "another")}, 1);
  EXPECT_EQ(record_of(two, "/a"), "record");
  EXPECT_EQ(record_of(one, "/b"), "another");
}

TEST_F(AuditStoreTest, WhatNobodyUsedForHalfAYearIsForgotten) {
  AuditStore store = open();
  store.remember(std::vector{audited("/old", "p", "record"), audited("/used", "q", "another")}, 100);
  store.prune(110, kAnyRoom);
  store.touch(std::vector<std::string>{"/used"}, 200);
  store.prune(280, kAnyRoom);
  EXPECT_TRUE(has(store, "/old"));
  store.prune(281, kAnyRoom);  // not every day
  EXPECT_TRUE(has(store, "/old"));
  store.prune(287, kAnyRoom);
  EXPECT_FALSE(has(store, "/old"));
  EXPECT_EQ(store.find_measurement("p", "setup"), std::nullopt);
  EXPECT_EQ(record_of(store, "/used"), "another");
}

TEST_F(AuditStoreTest, AboveItsSizeTheOldestGoFirst) {
  AuditStore store = open();
  for (int i = 0; i < 40; ++i)
    store.remember(std::vector{audited("/" + std::to_string(i), std::to_string(i), std::string(20'000, 'x'))}, i);
  store.prune(40, 600'000);
  EXPECT_FALSE(has(store, "/0"));
  EXPECT_TRUE(has(store, "/39"));
}

TEST_F(AuditStoreTest, SomethingElseIsNotTakenForAMemory) {
  Database(file(), 100).run_script("CREATE TABLE other (x)");
  try {
    open();
    FAIL() << "another program's database was taken";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.kind(), StoreError::Kind::kDamaged);
  }
}

}  // namespace
}  // namespace lathe::scheduler
