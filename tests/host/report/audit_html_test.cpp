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
#include "host/report/audit_rows.h"
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
  for (const char* text : {"Loudness audit: music",
                           "2026-11-28. Measured by ITU-R BS.1770-5 with lathe 0.1.0 on cpu/avx2; true peak: 16x.",
                           "01 One.wav",
                           "music/album",
                           "-14.0",
                           "6.1",
                           "-11.2",
                           "-1.3",
                           "3:07",
                           "WAV 24-bit, 44.1 kHz, 2 ch",
                           "error clipped-runs at 12.300 s: 12 runs of clipped samples",
                           "FAIL spotify: true peak 0.3 dBTP is above -1.0; and louder than -14; plays at -14.0 LUFS "
                           "(-5.5 dB, held back by its true peak) (codec not judged)",
                           "PASS spotify: plays at -14.0 LUFS (0.0 dB)",
                           "silence: no 400 ms block is above -70 LUFS",
                           "ends 1200 bytes early",
                           "tracks lie 5.5 LU apart",
                           "not judged here: the codec",
                           "official https://support.spotify.com/loudness, 2026-01-01",
                           "1 pass, 1 fail, 1 unmeasurable",
                           "XXH3-128 00112233445566778899aabbccddeeff",
                           "DEA991900001",
                           "true peak at 1:01",
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
  const std::set<std::string> known = {"aria-hidden",
                                       "aria-label",
                                       "charset",
                                       "checked",
                                       "class",
                                       "content",
                                       "d",
                                       "href",
                                       "http-equiv",
                                       "id",
                                       "lang",
                                       "name",
                                       "preserveAspectRatio",
                                       "role",
                                       "scope",
                                       "type",
                                       "viewBox",
                                       "x",
                                       "y"};
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
  EXPECT_EQ(page.tags, read_page(html_of(audit_saying("\u00E9"))).tags);
  EXPECT_EQ(page.script, kAuditScript);
  EXPECT_THAT(page.text, HasSubstr("=1+1;@x\"><script>alert(1)</script>' onload=\"x\" &amp; <U+202E> gnp <U+001B>[31m"
                                   "<U+000D><U+000A>+2<U+0009>-3 \xEF\xBF\xBD end"));
  EXPECT_THAT(hostile, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(hostile, Not(HasSubstr("<script>alert")));
}

TEST(AuditHtml, TextIsEscapedForElementsAndAttributes) {
  EXPECT_EQ(html_text("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
}

std::vector<std::string> row_classes(const SampleAudit& audit) {
  std::vector<std::string> classes;
  for (const PageElement& element : read_page(html_of(audit)).elements) {
    if (element.name != "tr") continue;
    const auto found = element.attributes.find("class");
    classes.push_back(found == element.attributes.end() ? "" : found->second);
  }
  return classes;
}

TEST(AuditHtml, RowsSayWhatTheFiltersAskOfThem) {
  const std::vector<std::string> classes = row_classes(sample_audit());
  const std::vector<std::string> files(classes.begin() + 1, classes.begin() + 5);
  EXPECT_THAT(files, ::testing::ElementsAre("ok", "f0", "", ""));
  const std::string html = html_of(sample_audit());
  EXPECT_THAT(html, HasSubstr("fieldset:has(#attention:checked)~.rows tr.ok{display:none}"));
  EXPECT_THAT(html, HasSubstr("fieldset:has(#fails1:checked)~.rows tbody tr:not(.f1){display:none}"));
  EXPECT_THAT(html, Not(HasSubstr("fails2")));
}

TEST(AuditHtml, AnAlbumThatFailsIsMarkedAsItsFilesAre) { EXPECT_EQ(row_classes(sample_audit()).at(6), "f0"); }

// What a browser lays out at once: see the head of the writer.
TEST(AuditHtml, ManyRowsComeInBodiesOfFifty) {
  SampleAudit audit = sample_audit();
  audit.files.assign(101, audit.files[0]);
  audit.albums.clear();
  EXPECT_EQ(count_of(read_page(html_of(audit)), "tbody"), 3 + 1);
}

TEST(AuditHtml, HeadsOfColumnsAndRowsAreScoped) {
  for (const PageElement& element : read_page(html_of(sample_audit())).elements) {
    EXPECT_EQ(element.attributes.contains("scope"), element.name == "th");
  }
}

TEST(AuditHtml, AVerdictIsAWordWhateverItsColour) {
  EXPECT_EQ(chip("FAIL"), "<b class=\"FAIL\">FAIL</b>");
  EXPECT_THAT(read_page(html_of(sample_audit())).text,
              HasSubstr("UNMEASURABLE ebu-r128: needs a dialogue measurement"));
}

TEST(AuditHtml, ALotOfFailedProfilesFitsACell) {
  SampleAudit audit = sample_audit();
  audit.files.resize(1);
  audit.files[0].profiles.clear();
  for (const char* name : {"a", "b", "c", "d"}) audit.files[0].profiles.push_back(judged(name, Verdict::fail));
  EXPECT_THAT(read_page(html_of(audit)).text, HasSubstr("FAIL all 4 profiles"));
  audit.files[0].profiles[0].verdict = Verdict::pass;
  EXPECT_THAT(read_page(html_of(audit)).text, HasSubstr("FAIL b, c +1"));
}

}  // namespace
}  // namespace lathe::testing
