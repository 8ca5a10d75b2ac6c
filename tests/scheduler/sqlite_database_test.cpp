// What is SQLite's own: files that are no store, folders that cannot hold one, transactions and the schema.
#include "scheduler/store/sqlite_database.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "scheduler/store/migrations.h"
#include "scheduler/store/open_job_store.h"
#include "scheduler/store/store_error.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

constexpr int kTimeoutMs = 1'000;

class SqliteDatabaseTest : public ::testing::Test {
 protected:
  // What opening a store there says, with the kind of error before it: "2: the store …".
  std::string error_of_opening(const std::string& path) {
    try {
      open_sqlite_store(path, clock_, {}, kTimeoutMs);
      return "opened";
    } catch (const StoreError& error) {
      return std::to_string(static_cast<int>(error.kind())) + ": " + error.what();
    }
  }
  void expect_error(const std::string& path, StoreError::Kind kind, const std::string& words) {
    const std::string error = error_of_opening(path);
    EXPECT_EQ(error.substr(0, 2), std::to_string(static_cast<int>(kind)) + ":") << error;
    EXPECT_NE(error.find(path), std::string::npos) << "the path is named: " << error;
    EXPECT_NE(error.find(words), std::string::npos) << error;
  }

  FakeClock clock_;
  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/store.db";
};

TEST_F(SqliteDatabaseTest, CommitsSurviveAPowerCut) {
  const auto store = open_sqlite_store(path_, clock_);
  Database database(path_, kTimeoutMs);
  const auto pragma = [&](std::string_view sql) {
    Query row = database.query(sql);
    row.step();
    return row.text(0);
  };
  EXPECT_EQ(pragma("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(pragma("PRAGMA synchronous"), "2");  // FULL
  EXPECT_EQ(pragma("PRAGMA foreign_keys"), "1");
}

TEST_F(SqliteDatabaseTest, AFileThatIsNoDatabaseIsRefusedAndLeftAsItIs) {
  const std::string text(10'000, 'x');
  std::ofstream(path_) << text;
  expect_error(path_, StoreError::Kind::kDamaged, "not an SQLite database");
  std::ifstream file(path_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(SqliteDatabaseTest, ADamagedStoreIsRefused) {
  { open_sqlite_store(path_, clock_)->submit(job_of(2'000)); }
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path_));
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4'096);
  for (std::streamoff i = 4'096; i < size; ++i) file.put('\x5a');
  file.close();
  expect_error(path_, StoreError::Kind::kDamaged, "damaged");
}

TEST_F(SqliteDatabaseTest, ADatabaseOfAnotherProgramIsRefused) {
  Database(path_, kTimeoutMs).run_script("CREATE TABLE bookmarks (url TEXT)");
  expect_error(path_, StoreError::Kind::kDamaged, "another program");
}

TEST_F(SqliteDatabaseTest, AMissingFolderIsRefused) {
  expect_error(folder_.path() + "/not/there.db", StoreError::Kind::kUnavailable, "folder must exist");
}

TEST_F(SqliteDatabaseTest, AFolderInThePlaceOfTheFileIsRefused) {
  std::filesystem::create_directory(path_);
  expect_error(path_, StoreError::Kind::kUnavailable, "cannot be opened");
}

// Nothing is read-only to root, so the attempt is made as nobody.
std::string error_as_nobody(const std::function<std::string()>& attempt) {
  int pipe[2];
  if (::pipe(pipe) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(1);
    const std::string error = attempt();
    _exit(write(pipe[1], error.data(), error.size()) == std::ssize(error) ? 0 : 1);
  }
  close(pipe[1]);
  char text[4'096];
  std::string error;
  for (ssize_t n; (n = read(pipe[0], text, sizeof text)) > 0;) error.append(text, static_cast<std::size_t>(n));
  close(pipe[0]);
  waitpid(child, nullptr, 0);
  return error;
}

TEST_F(SqliteDatabaseTest, AFolderThatCannotBeWrittenIsRefused) {
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0555));
  const std::string error = error_as_nobody([&] { return error_of_opening(path_); });
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  EXPECT_NE(error.find("the store '" + path_ + "' cannot be opened"), std::string::npos) << error;
}

TEST_F(SqliteDatabaseTest, AFileThatCannotBeWrittenIsRefused) {
  { open_sqlite_store(path_, clock_); }
  std::filesystem::permissions(path_, std::filesystem::perms(0444));
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0555));
  const std::string error = error_as_nobody([&] { return error_of_opening(path_); });
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  EXPECT_NE(error.find("the store '" + path_ + "' cannot be written"), std::string::npos) << error;
}

TEST_F(SqliteDatabaseTest, AStoreHeldForTooLongIsSaidToBeHeld) {
  const auto owner = open_sqlite_store(path_, clock_, {}, 1);
  JobStore& store = *owner;
  Database other(path_, kTimeoutMs);
  const Transaction transaction(other);
  try {
    store.submit(job_of(1));
    FAIL() << "two wrote at once";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.kind(), StoreError::Kind::kBusy);
    EXPECT_NE(std::string(error.what()).find(path_), std::string::npos);
  }
}

TEST_F(SqliteDatabaseTest, AFullDiskIsSaidToBeFullAndChangesNothing) {
  const auto owner = open_sqlite_store(path_, clock_);
  JobStore& store = *owner;
  const JobId job = store.submit(job_of(10)).job_id;
  {
    // SQLite's own way to run out of space.
    Database limited(path_, kTimeoutMs);
    {
      Query row = limited.query("PRAGMA max_page_count = 1");
      row.step();
    }
    Transaction transaction(limited);
    try {
      limited.run("INSERT INTO cached_result VALUES ('k', ?, 0)", std::string(1'000'000, 'x'));
      FAIL() << "there was space";
    } catch (const StoreError& error) {
      EXPECT_EQ(error.kind(), StoreError::Kind::kFull);
    }
  }
  EXPECT_FALSE(store.find_result("k"));
  EXPECT_TRUE(claim_one(store, job, "w"));
}

TEST_F(SqliteDatabaseTest, ATransactionThatIsNotCommittedNeverWas) {
  Database database(path_, kTimeoutMs);
  database.run_script("CREATE TABLE t (x INTEGER)");
  {
    Transaction transaction(database);
    database.run("INSERT INTO t VALUES (?)", 1);
  }
  {
    Transaction transaction(database);
    database.run("INSERT INTO t VALUES (?)", 2);
    transaction.commit();
  }
  Query row = database.query("SELECT x FROM t");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), 2);
  EXPECT_FALSE(row.step());
}

TEST_F(SqliteDatabaseTest, EmptyAndBinaryValuesComeBackAsTheyWere) {
  Database database(path_, kTimeoutMs);
  database.run_script("CREATE TABLE t (a TEXT NOT NULL, b BLOB NOT NULL, c TEXT, d REAL) STRICT");
  const std::string binary("\0\xff'\n", 4);
  database.run("INSERT INTO t VALUES (?, ?, ?, ?)", std::string_view(), Bytes{std::string_view()},
               std::optional<std::string>(), 0.1);
  database.run("INSERT INTO t VALUES (?, ?, ?, ?)", "text", Bytes{binary}, std::optional<std::string>("c"), -1e300);
  Query row = database.query("SELECT a, b, c, d FROM t ORDER BY rowid");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.text(0), "");
  EXPECT_EQ(row.text(1), "");
  EXPECT_TRUE(row.is_null(2));
  EXPECT_EQ(row.real(3), 0.1);
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.text(1), binary);
  EXPECT_EQ(row.text(2), "c");
  EXPECT_EQ(row.real(3), -1e300);
  EXPECT_THROW(database.query("SELECT a, b, c, d FROM t ORDER BY rowid"), std::logic_error) << "it is in use";
}

constexpr Migration kTwo[] = {{1, "001_a", "CREATE TABLE a (x INTEGER)"},
                              {2, "002_b", "INSERT INTO a VALUES (7); CREATE TABLE b (y INTEGER)"}};

TEST_F(SqliteDatabaseTest, MigrationsAreAppliedOnceAndInOrder) {
  Database database(path_, kTimeoutMs);
  migrate(database, std::span(kTwo).first(1), 1);
  migrate(database, kTwo, 2);
  migrate(database, kTwo, 3);
  Query row = database.query("SELECT version, name, applied_ms, (SELECT count(*) FROM a) FROM schema_version");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.text(1), "001_a");
  EXPECT_EQ(row.integer(2), 1);
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), 2);
  EXPECT_EQ(row.integer(2), 2);
  EXPECT_EQ(row.integer(3), 1);
  EXPECT_FALSE(row.step());
}

TEST_F(SqliteDatabaseTest, AMigrationThatFailsLeavesTheOldSchema) {
  constexpr Migration kBroken[] = {kTwo[0], {2, "002_bad", "CREATE TABLE c (x INTEGER); NONSENSE"}};
  Database database(path_, kTimeoutMs);
  migrate(database, std::span(kTwo).first(1), 1);
  EXPECT_THROW(migrate(database, kBroken, 2), StoreError);
  migrate(database, kTwo, 3);
  Query row =
      database.query("SELECT max(version), (SELECT count(*) FROM sqlite_schema WHERE name = 'c') FROM schema_version");
  row.step();
  EXPECT_EQ(row.integer(0), 2);
  EXPECT_EQ(row.integer(1), 0);
}

TEST_F(SqliteDatabaseTest, AStoreOfANewerLatheIsRefused) {
  { open_sqlite_store(path_, clock_); }
  Database(path_, kTimeoutMs).run("INSERT INTO schema_version VALUES (999, '999_future', 0)");
  expect_error(path_, StoreError::Kind::kNewer, "newer Lathe");
}

TEST_F(SqliteDatabaseTest, SchemaMigrationsAreNumberedFromOneWithoutGaps) {
  int number = 0;
  for (const Migration& migration : schema_migrations()) EXPECT_EQ(migration.number, ++number) << migration.name;
  EXPECT_GE(number, 1);
}

}  // namespace
}  // namespace lathe::scheduler
