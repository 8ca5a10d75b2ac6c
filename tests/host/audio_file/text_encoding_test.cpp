// Old tag text becomes UTF-8, and well-formed UTF-8 stays as it is.
#include "host/audio_file/text_encoding.h"

#include <gtest/gtest.h>

#include "host/audio_file/tags.h"

namespace lathe {
namespace {

TEST(TextEncoding, WellFormedUtf8IsRecognised) {
  for (const char* text : {"", "plain", "Café", "日本語", "\xf0\x9f\x8e\xb5", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(TextEncoding, OverlongSurrogateCutAndStrayBytesAreNotUtf8) {
  for (const char* text : {"Caf\xe9", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80", "\x80", "\xe2\x82", "\xf0\x9f\x8e"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(TextEncoding, BytesThatAreNotUtf8AreShownByTheirValues) {
  EXPECT_EQ(escaped_bytes("Café"), "Café");
  EXPECT_EQ(escaped_bytes("caf\xe9/\xe2\x82.wav"), "caf\\xE9/\\xE2\\x82.wav");
  EXPECT_EQ(escaped_bytes("\xff"), "\\xFF");
  EXPECT_EQ(escaped_bytes(""), "");
}

TEST(TextEncoding, Latin1AndWindows1252BecomeUtf8) {
  EXPECT_EQ(utf8_from_cp1252("Caf\xe9"), "Café");
  EXPECT_EQ(utf8_from_cp1252("\x93quoted\x94 \x80\x85"), "“quoted” €…");
  for (int byte = 0; byte < 256; ++byte)
    EXPECT_TRUE(is_utf8(utf8_from_cp1252(std::string(1, static_cast<char>(byte)))));
}

TEST(TextEncoding, TextEndsAtTheFirstNulAndLosesTrailingBlanks) {
  EXPECT_EQ(utf8_from_unknown(std::string_view("abc \0junk", 9)).text, "abc");
  EXPECT_TRUE(utf8_from_unknown("\xe9").was_transcoded);
}

TEST(Tags, NamesAreUpperCaseAndBadFieldsAreLeftOut) {
  Tags tags;
  tags.add_raw("Artist", "One");
  tags.add_raw("artist", "Two");
  tags.add_raw("a=b", "no");
  tags.add_raw("", "no");
  tags.add_raw("title", "  ");
  EXPECT_EQ(tags.fields, (std::vector<std::pair<std::string, std::string>>{{"ARTIST", "One"}, {"ARTIST", "Two"}}));
  EXPECT_EQ(tags.first("ARTIST"), "One");
  EXPECT_EQ(tags.first("TITLE"), "");
}

}  // namespace
}  // namespace lathe
