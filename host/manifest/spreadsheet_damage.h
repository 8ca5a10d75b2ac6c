// What a spreadsheet makes of an identifier when it takes it for a number or a date.
#pragma once

#include <string>
#include <string_view>

namespace lathe {

// What has happened to a cell of the columns isrc, upc, track or disc (of others, only a spreadsheet's error is seen),
// with what to do; empty where nothing has.
//   8.84978E+11, 884978123456.0   a number as it is shown: digits are lost, or were added
//   84978123459 for a UPC         eleven or twelve digits that check once a leading zero is put back
//   12-Jan, 2001-12-01            a date
//   #NAME?, #REF!, #N/A           an error
std::string spreadsheet_damage(std::string_view column, std::string_view text);

}  // namespace lathe
