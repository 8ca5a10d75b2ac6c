// One file's audit on its way from a worker: what is read is what was written.
#include "host/report/audit_file_json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "host/report/audit_json.h"
#include "tests/host/report/sample_audit.h"

namespace lathe::testing {
namespace {

std::string entry_of(const FileAudit& file) {
  JsonText json;
  add_file_entry(json, file);
  return std::string(json.view());
}

TEST(AuditFileJson, ReportsOfWhatIsReadAreThoseOfWhatWasWritten) {
  const SampleAudit sample = sample_audit();
  ASSERT_FALSE(sample.files.empty());
  for (const FileAudit& file : sample.files)
    EXPECT_EQ(entry_of(audit_file_from_json(audit_file_json(file))), entry_of(file));
}

TEST(AuditFileJson, PowersAndEdgesComeBackBitForBit) {
  for (std::size_t count = 0; count < 9; ++count) {
    FileAudit file;
    file.state = AuditState::measured;
    for (std::size_t i = 0; i < count; ++i) {
      file.powers.blocks.push_back(1.0f / static_cast<float>(i + 3));
      file.powers.short_term.push_back(std::numeric_limits<float>::denorm_min() * static_cast<float>(i));
      file.edges.tail.push_back({{-0.0f, 0.1f}, 0.3f, static_cast<float>(i)});
    }
    const FileAudit back = audit_file_from_json(audit_file_json(file));
    EXPECT_EQ(back.powers.blocks, file.powers.blocks);
    EXPECT_EQ(back.powers.short_term, file.powers.short_term);
    ASSERT_EQ(back.edges.tail.size(), count);
    EXPECT_TRUE(back.edges.head.empty());
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(back.edges.tail[i].samples, file.edges.tail[i].samples);
      EXPECT_EQ(back.edges.tail[i].bend, file.edges.tail[i].bend);
      EXPECT_EQ(back.edges.tail[i].peak, file.edges.tail[i].peak);
    }
  }
}

TEST(AuditFileJson, WhatIsNoAuditIsRefused) {
  const std::string good = audit_file_json(FileAudit{});
  auto spoilt = nlohmann::json::parse(good);
  spoilt["powers"]["blocks"] = "AAA*";
  EXPECT_THROW(audit_file_from_json(spoilt.dump()), std::invalid_argument);
  spoilt["powers"]["blocks"] = "AAAA";
  EXPECT_THROW(audit_file_from_json(spoilt.dump()), std::invalid_argument) << "three bytes are no float";
  spoilt = nlohmann::json::parse(good);
  spoilt["state"] = "GUESSED";
  EXPECT_THROW(audit_file_from_json(spoilt.dump()), std::invalid_argument);
  for (const char* wrong : {"", "{", "[]", "{}", "null"})
    EXPECT_THROW(audit_file_from_json(wrong), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::testing
