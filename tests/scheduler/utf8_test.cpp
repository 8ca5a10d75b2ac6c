// What counts as text.
#include "scheduler/store/utf8.h"

#include <gtest/gtest.h>

using namespace std::string_view_literals;

namespace lathe::scheduler {
namespace {

TEST(Utf8Test, WellFormedTextIsStorable) {
  for (std::string_view text : {""sv, "plain"sv, "caf\xC3\xA9"sv, "\xE2\x99\xAB"sv, "\xF0\x9F\x8E\xB5"sv,
                                "\xED\x9F\xBF\xEE\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv, "\n\t\x7f"sv}) {
    EXPECT_TRUE(is_storable_text(text)) << text;
    EXPECT_EQ(storable_text(text), text);
  }
}

TEST(Utf8Test, EachByteThatDoesNotFitIsReplaced) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(storable_text("caf\xE9!"sv), "caf" + bad + "!");
  EXPECT_EQ(storable_text("\x80"sv), bad);
  EXPECT_EQ(storable_text("a\0b"sv), "a" + bad + "b");
  EXPECT_EQ(storable_text("\xC0\x80"sv), bad + bad);            // NUL, too long
  EXPECT_EQ(storable_text("\xE0\x80\x80"sv), bad + bad + bad);  // too long
  EXPECT_EQ(storable_text("\xF0\x8F\xBF\xBF"sv), bad + bad + bad + bad);
  EXPECT_EQ(storable_text("\xED\xA0\x80"sv), bad + bad + bad);            // surrogate
  EXPECT_EQ(storable_text("\xF4\x90\x80\x80"sv), bad + bad + bad + bad);  // above U+10FFFF
  EXPECT_EQ(storable_text("\xE2\x99"sv), bad + bad);                      // cut off
  EXPECT_EQ(storable_text("\xE2\x99xy"sv), bad + bad + "xy");
  EXPECT_FALSE(is_storable_text("a\0b"sv));
  EXPECT_TRUE(is_storable_text(storable_text("\xff\xfe\0\xc3"sv)));
}

}  // namespace
}  // namespace lathe::scheduler
