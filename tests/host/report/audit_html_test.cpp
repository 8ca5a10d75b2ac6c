// The HTML of an audit: one well-formed page that needs nothing else and shows hostile text as text.
#include "host/report/audit_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <set>

#include "host/audio_file/text_encoding.h"
#include "host/report/audit_page.h"
#include "tests/host/report/page_reader.h"
#include "tests/host/report/sample_audit.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string html_of(const SampleAudit& audit) { return report_of(audit, make_audit_html); }

int count_of(const Page& page, const std::string& name) {
  return static_cast<int>(
      std::count_if(page.elements.begin(), page.elements.end(), [&](const auto& e) { return e.name == name; }));
}

TEST(PageReader, FindsWhatIsNotWellFormed) {
  for (const char* body : {"<p>", "<p></b>", "</p>", "<p a=b></p>", "a & b", "a > b", "<p a=\"<\"></p>", "<p a a></p>",
                           "<script>", "&copy;", "<p"}) {
    EXPECT_THROW(read_page("<!doctype html>" + std::string(body)), std::runtime_error) << body;
  }
  EXPECT_EQ(read_page("<!doctype html><p a=\"&lt;\">x<br>&amp;</p>").text, "x&");
}

TEST(AuditHtml, IsAWellFormedPageOfEverything) {
  const std::string html = html_of(sample_audit());
  const Page page = read_page(html);
  EXPECT_TRUE(is_utf8(html));
  EXPECT_EQ(count_of(page, "table"), 3);
  EXPECT_EQ(count_of(page, "tr"), 3 + 2 + 4 + 2);  // heads, profiles, files, albums
  for (const char* text : {"01 One.wav",
                           "-14.0",
                           "6.1",
                           "-11.2",
                           "-1.3",
                           "3:07",
                           "24-bit, 44.1 kHz, 2 ch",
                           "error: clipped-runs at 12.300 s: 12 runs of clipped samples",
                           "spotify FAIL: true peak",
                           "silence: no 400 ms block is above -70 LUFS",
                           "ends 1200 bytes early",
                           "tracks lie 5.5 LU apart",
                           "https://support.spotify.com/loudness",
                           "2026-01-01",
                           "official",
                           "ITU-R BS.1770-5",
                           "XXH3-128 00112233445566778899aabbccddeeff",
                           "DEA991900001",
                           "-8.5 LUFS below 20 kHz",
                           "remembered from an earlier audit"}) {
    EXPECT_THAT(page.text, HasSubstr(text));
  }
  EXPECT_EQ(read_page(html_of({})).script, kAuditScript);  // an audit of nothing is a page, too
}

TEST(AuditHtml, WhatWasNotMeasuredShowsNoFigures) {
  SampleAudit audit = sample_audit();
  audit.files.erase(audit.files.begin(), audit.files.begin() + 2);
  audit.albums.clear();
  for (FileAudit& file : audit.files) file.figures = {-77.7, 77.7, -77.7, -77.7, -77.7, -77.7};
  EXPECT_THAT(html_of(audit), Not(HasSubstr("77.7")));
}

TEST(AuditHtml, RefersToNothingOutsideItself) {
  const std::string html = html_of(sample_audit());
  const std::set<std::string> known = {"aria-hidden", "aria-label", "charset", "class", "content", "d",
                                       "href",        "http-equiv", "id",      "lang",  "name",    "role",
                                       "type",        "viewBox",    "x",       "y"};
  for (const PageElement& element : read_page(html).elements) {
    for (const auto& [attribute, value] : element.attributes) {
      EXPECT_TRUE(known.contains(attribute)) << attribute;
      EXPECT_TRUE(attribute != "href" || value.starts_with('#')) << value;
    }
  }
  EXPECT_THAT(std::string(kAuditStyle), Not(HasSubstr("url(")));
  EXPECT_THAT(std::string(kAuditStyle), Not(HasSubstr("@import")));
}

TEST(AuditHtml, OnlyItsOwnScriptMayRun) {
  std::array<unsigned char, 32> digest{};
  ASSERT_EQ(EVP_Digest(kAuditScript.data(), kAuditScript.size(), digest.data(), nullptr, EVP_sha256(), nullptr), 1);
  std::array<unsigned char, 45> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
  const std::string hash = reinterpret_cast<const char*>(base64.data());
  const Page page = read_page(html_of(sample_audit()));
  EXPECT_EQ(page.script, kAuditScript);
  const auto policy = std::find_if(page.elements.begin(), page.elements.end(),
                                   [](const auto& e) { return e.attributes.contains("http-equiv"); });
  ASSERT_NE(policy, page.elements.end());
  EXPECT_EQ(policy->attributes.at("content"),
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + hash + "'");
}

TEST(AuditHtml, HostileTextChangesNoTag) {
  const std::string hostile = html_of(audit_saying(kHostileText));
  EXPECT_TRUE(is_utf8(hostile));
  const Page page = read_page(hostile);
  EXPECT_EQ(page.tags, read_page(html_of(audit_saying("x"))).tags);
  EXPECT_EQ(page.script, kAuditScript);
  EXPECT_THAT(page.text, HasSubstr("=1+1;@x\"><script>alert(1)</script>' onload=\"x\" &amp; <U+202E> gnp <U+001B>[31m"
                                   "<U+000D><U+000A>+2<U+0009>-3 \xEF\xBF\xBD end"));
  EXPECT_THAT(hostile, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(hostile, Not(HasSubstr("<script>alert")));
}

TEST(AuditHtml, TextIsEscapedForElementsAndAttributes) {
  EXPECT_EQ(html_text("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
}

TEST(AuditHtml, OnlyCleanRowsCanBeHidden) {
  const std::string html = html_of(sample_audit());
  const std::size_t ok = html.find("<tr class=\"ok\">");
  ASSERT_NE(ok, std::string::npos);
  EXPECT_LT(html.find("01 One.wav"), html.find("02 Two.wav"));
  EXPECT_LT(ok, html.find("01 One.wav"));
  EXPECT_EQ(html.find("<tr class=\"ok\">", ok + 1), std::string::npos);
}

}  // namespace
}  // namespace lathe::testing
