#include "tests/scheduler/simulation/simulated_disk.h"

#include <malloc.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "scheduler/store/sqlite_engine.h"

namespace lathe::scheduler::simulation {
namespace {

// Rows that were read before they are asked for.
class KeptRows final : public SqlCursor {
 public:
  struct Cell {
    bool is_null;
    std::int64_t integer;
    double real;
    std::string text;
  };
  explicit KeptRows(std::vector<std::vector<Cell>> rows) : rows_(std::move(rows)) {}
  bool step() override { return ++row_ < std::ssize(rows_); }
  bool is_null(int column) const override { return cell(column).is_null; }
  std::int64_t integer(int column) const override { return cell(column).integer; }
  double real(int column) const override { return cell(column).real; }
  std::string text(int column) const override { return cell(column).text; }
  std::string bytes(int column) const override { return cell(column).text; }

 private:
  const Cell& cell(int column) const { return rows_[static_cast<std::size_t>(row_)][static_cast<std::size_t>(column)]; }
  std::vector<std::vector<Cell>> rows_;
  std::ptrdiff_t row_ = -1;
};

// Columns that the replayed query of rescue_all() has.
constexpr int kReplayedColumns = 11;

std::vector<std::vector<KeptRows::Cell>> all_of(SqlCursor& cursor) {
  std::vector<std::vector<KeptRows::Cell>> rows;
  while (cursor.step()) {
    std::vector<KeptRows::Cell>& row = rows.emplace_back();
    for (int c = 0; c < kReplayedColumns; ++c) {
      row.push_back({cursor.is_null(c), cursor.integer(c), cursor.real(c), cursor.text(c)});
    }
  }
  return rows;
}

// Worlds come and go by the thousand, on all processors: SQLite need not count its memory under one lock, nor glibc
// give it back to the system each time.
const bool kIsTuned = [] {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
  return true;
}();

}  // namespace

SimulatedDisk::SimulatedDisk() {
  std::string folder =
      std::filesystem::is_directory("/dev/shm") ? "/dev/shm/lathe-simulation-XXXXXX" : "/tmp/lathe-simulation-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder for the simulated store");
  folder_ = folder;
  engine_ = open_sqlite_engine(folder_ + "/store.sqlite", 0, 0);
  connection_ = engine_->take();
  // Nothing here outlives the process, and nobody else opens the file.
  for (const char* setting :
       {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = MEMORY", "PRAGMA synchronous = OFF"}) {
    connection_->query(setting).step();
  }
}

SimulatedDisk::~SimulatedDisk() {
  connection_.reset();
  engine_.reset();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

// Switching foreign keys off and on again would be simpler, and have every statement prepared anew.
void SimulatedDisk::wipe() {
  std::vector<std::string> tables;
  {
    Rows row = connection_->query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_version' "
        "ORDER BY name = 'job', name = 'task', name");
    while (row.step()) tables.push_back(row.text(0));
  }
  connection_->begin(SqlConnection::Begin::kWrite);
  for (const std::string& table : tables) connection_->run("DELETE FROM " + table);
  connection_->commit();
}

class SimulatedEngine::Connection final : public SqlConnection {
 public:
  Connection(SimulatedDisk& disk, ConnectionFaults faults, std::vector<SqlEdit> edits, std::string replayed,
             bool loses_commits, std::int64_t* hits)
      : inner_(disk.connection()),
        faults_(std::move(faults)),
        edits_(std::move(edits)),
        replayed_(std::move(replayed)),
        loses_commits_(loses_commits),
        hits_(hits) {}

  std::unique_ptr<SqlCursor> open(std::string_view sql, std::span<const SqlValue> values) override {
    if (edits_.empty() && replayed_.empty()) return inner_.open(sql, values);
    const std::string& text = edited(sql);
    if (replayed_.empty() || text.find(replayed_) == std::string::npos) return inner_.open(text, values);
    ++*hits_;
    std::vector<std::vector<KeptRows::Cell>> rows = all_of(*inner_.open(text, values));
    std::swap(rows, kept_);
    return std::make_unique<KeptRows>(std::move(rows));
  }
  std::int64_t run_bound(std::string_view sql, std::span<const SqlValue> values) override {
    return inner_.run_bound(edits_.empty() ? sql : std::string_view(edited(sql)), values);
  }
  void insert_rows(std::string_view table, std::string_view columns, int width,
                   std::span<const SqlValue> values) override {
    inner_.insert_rows(table, columns, width, values);
  }
  void begin(Begin kind) override {
    inner_.begin(kind);
    is_writing_ = kind == Begin::kWrite;
  }
  void commit() override {
    if (is_writing_) faults_.before_commit();
    if (loses_commits_ && ++commits_ % 97 == 0) {
      ++*hits_;
      inner_.rollback();
    } else {
      inner_.commit();
    }
    if (is_writing_) faults_.after_commit();
  }
  void rollback() noexcept override { inner_.rollback(); }
  bool is_postgres() const override { return false; }
  int shard() const override { return 0; }
  std::int64_t began_ms() const override { return 0; }
  std::vector<std::string> check_storage() override { return inner_.check_storage(); }

 private:
  const std::string& edited(std::string_view sql) {
    const auto found = texts_.find(sql);
    if (found != texts_.end()) {
      *hits_ += found->second.second ? 1 : 0;
      return found->second.first;
    }
    std::string text(sql);
    for (const SqlEdit& edit : edits_) {
      const std::size_t at = text.find(edit.from);
      if (at != std::string::npos) text.replace(at, edit.from.size(), edit.to);
    }
    const bool is_changed = text != sql;
    *hits_ += is_changed ? 1 : 0;
    return texts_.emplace(sql, std::pair(std::move(text), is_changed)).first->second.first;
  }

  SqlConnection& inner_;
  const ConnectionFaults faults_;
  const std::vector<SqlEdit> edits_;
  const std::string replayed_;
  const bool loses_commits_;
  std::int64_t* const hits_;
  std::map<std::string, std::pair<std::string, bool>, std::less<>> texts_;
  std::vector<std::vector<KeptRows::Cell>> kept_;
  std::int64_t commits_ = 0;
  bool is_writing_ = false;
};

SimulatedEngine::SimulatedEngine(SimulatedDisk& disk, ConnectionFaults faults, std::vector<SqlEdit> edits,
                                 std::string replayed, bool loses_commits, std::int64_t* hits)
    : connection_(std::make_unique<Connection>(disk, std::move(faults), std::move(edits), std::move(replayed),
                                               loses_commits, hits)) {}
SimulatedEngine::~SimulatedEngine() = default;

SqlEngine::Taken SimulatedEngine::take() {
  return Taken(connection_.get(), [](SqlConnection*) {});
}

}  // namespace lathe::scheduler::simulation
