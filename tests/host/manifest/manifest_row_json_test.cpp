// A manifest's row on its way to another machine.
#include "host/manifest/manifest_row_json.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lathe::testing {
namespace {

TEST(ManifestRowJson, ARowComesBackWithAllThatIsSaidOfIt) {
  Manifest manifest;
  manifest.file = "list.csv";
  ManifestRow row;
  row.line = 7;
  row.path = "/in/1.wav";
  row.album = "Debut";
  row.tags = {{"isrc", "USRC17607839"}, {"title", "\"One\""}};
  row.damage = {"isrc: a date"};
  for (const std::optional<bool> contiguous : {std::optional<bool>(), std::optional(true), std::optional(false)}) {
    row.contiguous = contiguous;
    const NamedRow back = manifest_row_from_json(manifest_row_json(manifest, row));
    EXPECT_EQ(back.manifest.file, "list.csv");
    EXPECT_EQ(back.row.line, 7);
    EXPECT_EQ(back.row.path, row.path);
    EXPECT_EQ(back.row.album, row.album);
    EXPECT_EQ(back.row.tags, row.tags);
    EXPECT_EQ(back.row.damage, row.damage);
    EXPECT_EQ(back.row.contiguous, contiguous);
  }
}

TEST(ManifestRowJson, BytesThatAreNoUtf8DoNotStopIt) {
  ManifestRow row;
  row.path = "/in/\xff.wav";
  EXPECT_EQ(manifest_row_from_json(manifest_row_json({}, row)).row.path, "/in/\uFFFD.wav");
}

TEST(ManifestRowJson, WhatIsNoRowIsRefused) {
  for (const char* wrong : {"", "[]", "{}", R"({"file": 1})"})
    EXPECT_THROW(manifest_row_from_json(wrong), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::testing
