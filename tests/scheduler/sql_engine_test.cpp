// One SQL text, as each engine sees it; and when an interrupted transaction is given up.
#include "scheduler/store/sql_engine.h"

#include <gtest/gtest.h>

#include "scheduler/store/store_error.h"

namespace lathe::scheduler {
namespace {

TEST(SqlForTest, EachEngineSeesItsOwnPartsAndPostgresItsOwnArguments) {
  constexpr std::string_view kSql =
      "SELECT a FROM t {sqlite: INDEXED BY i} WHERE b = ?1 AND c = ?12{postgres: FOR UPDATE}";
  EXPECT_EQ(sql_for(kSql, false), "SELECT a FROM t  INDEXED BY i WHERE b = ?1 AND c = ?12");
  EXPECT_EQ(sql_for(kSql, true), "SELECT a FROM t  WHERE b = $1 AND c = $12 FOR UPDATE");
  EXPECT_EQ(sql_for("{postgres: a < ?1}", true), " a < $1");
}

class NoEngine final : public SqlEngine {
 public:
  explicit NoEngine(std::chrono::milliseconds patience) : patience_(patience) {}
  Taken take() override { return nullptr; }
  std::chrono::milliseconds patience() const override { return patience_; }
  std::string name() const override { return "the store"; }

 private:
  std::chrono::milliseconds patience_;
};

const SqlInterrupted kConflict(SqlInterrupted::Kind::kConflict, "deadlock"), kLost(SqlInterrupted::Kind::kLost, "gone"),
    kUnknown(SqlInterrupted::Kind::kUnknownOutcome, "gone in the commit");

TEST(SqlRetryTest, WithinItsPatienceALostConnectionAndAConflictAreTriedAgain) {
  const NoEngine engine(std::chrono::minutes(1));
  SqlRetry retry(engine);
  for (int i = 0; i < 5; ++i) EXPECT_NO_THROW(retry.after(kConflict, false));
  EXPECT_NO_THROW(retry.after(kLost, false));
  EXPECT_FALSE(retry.may_be_done());
  EXPECT_NO_THROW(retry.after(kUnknown, true));
  EXPECT_TRUE(retry.may_be_done());
}

TEST(SqlRetryTest, ACommitWithoutAnAnswerIsNotRepeatedWhereThatWouldDoHarm) {
  const NoEngine engine(std::chrono::minutes(1));
  SqlRetry retry(engine);
  try {
    retry.after(kUnknown, false);
    FAIL() << "it would be done twice";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.kind(), StoreError::Kind::kUnavailable);
    EXPECT_TRUE(error.is_outcome_unknown());
  }
}

TEST(SqlRetryTest, PatienceEnds) {
  const NoEngine engine(std::chrono::milliseconds(-1));
  const auto kind_of = [&](const SqlInterrupted& interruption) {
    SqlRetry retry(engine);
    try {
      retry.after(interruption, true);
    } catch (const StoreError& error) {
      return std::pair(error.kind(), error.is_outcome_unknown());
    }
    return std::pair(StoreError::Kind::kInternal, false);
  };
  EXPECT_EQ(kind_of(kConflict), std::pair(StoreError::Kind::kBusy, false));
  EXPECT_EQ(kind_of(kLost), std::pair(StoreError::Kind::kUnavailable, false));
  EXPECT_EQ(kind_of(kUnknown), std::pair(StoreError::Kind::kUnavailable, true));
}

}  // namespace
}  // namespace lathe::scheduler
