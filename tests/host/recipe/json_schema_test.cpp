// The JSON Schema for editors.
#include "host/recipe/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

const Json& schema() {
  static const Json parsed = Json::parse(json_schema());
  return parsed;
}

const Json& property(const std::string& message, const std::string& key) {
  return schema()["$defs"][message]["properties"].at(key);
}

TEST(JsonSchema, SaysWhatItIs) {
  EXPECT_EQ(schema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema()["required"], Json({"recipe"}));
  EXPECT_EQ(schema()["additionalProperties"], false);
  EXPECT_EQ(schema()["properties"]["recipe"]["enum"], Json({"v1"}));
}

TEST(JsonSchema, HasRangesDefaultsAndUnits) {
  const Json& target = property("Loudness", "target_lufs");
  EXPECT_EQ(target["anyOf"][0]["type"], "number");
  EXPECT_EQ(target["anyOf"][0]["minimum"], -70);
  EXPECT_EQ(target["anyOf"][0]["maximum"], 0);
  EXPECT_EQ(target["anyOf"][1]["const"], "reference");
  EXPECT_FALSE(schema()["$defs"]["Loudness"]["properties"].contains("reference"));
  EXPECT_EQ(property("Eq", "resonances")["enum"], Json({"off", "propose", "apply"}));
  EXPECT_EQ(property("Eq", "max_cut_db")["default"], 4);
  EXPECT_THAT(target["description"].get<std::string>(), HasSubstr("LUFS"));
  EXPECT_EQ(property("EqBand", "slope_db_oct")["multipleOf"], 6);
  EXPECT_EQ(property("EqBand", "slope_db_oct")["type"], "integer");
  EXPECT_EQ(property("Limit", "ceiling_dbtp")["default"], -1);
  EXPECT_EQ(property("Input", "scrub")["default"], false);
}

TEST(JsonSchema, HasTheEnumsAsTheyAreWritten) {
  EXPECT_EQ(property("Output", "bits")["enum"], Json::parse(R"([16, 24, 32, "32f"])"));
  EXPECT_EQ(property("Loudness", "scope")["enum"], Json({"track", "album", "loudest-track", "side"}));
  EXPECT_EQ(property("EqBand", "type")["enum"].size(), 8u);
}

TEST(JsonSchema, HasChoicesWithoutTheirNames) {
  EXPECT_EQ(property("Limit", "release_ms")["anyOf"],
            Json::parse(R"([{"const": "auto"}, {"type": "number", "minimum": 1, "maximum": 5000}])"));
  EXPECT_EQ(property("Denoise", "profile")["anyOf"][2]["$ref"], "#/$defs/TimeSpan");
}

TEST(JsonSchema, AStageIsAMapOfOneKeyThatMayBeEmpty) {
  const Json& stage = schema()["$defs"]["Stage"];
  EXPECT_EQ(stage["maxProperties"], 1);
  EXPECT_EQ(stage["minProperties"], 1);
  EXPECT_EQ(stage["properties"]["limit"]["anyOf"], Json::parse(R"([{"$ref": "#/$defs/Limit"}, {"type": "null"}])"));
}

TEST(JsonSchema, KeepsTheCommentsOfTheSchema) {
  EXPECT_EQ(schema()["properties"]["about"]["description"], "What the recipe is for, in a sentence.");
  EXPECT_THAT(schema()["properties"]["loudness"]["description"].get<std::string>(),
              HasSubstr("Left out: the loudness is not changed. The gain acts right before `limit`, or at"));
  EXPECT_EQ(property("Stage", "limit")["description"], "True-peak limiter: the last stage of a chain.");
}

TEST(JsonSchema, LabelsMayLookLikeNumbers) {
  EXPECT_EQ(schema()["properties"]["labels"]["additionalProperties"]["type"], Json({"string", "number", "boolean"}));
}

TEST(JsonSchema, EveryReferenceIsDefined) {
  const std::string text = json_schema();
  const std::string mark = "\"#/$defs/";
  int references = 0;
  for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1), ++references) {
    const std::string name = text.substr(at + mark.size(), text.find('"', at + mark.size()) - at - mark.size());
    EXPECT_TRUE(schema()["$defs"].contains(name)) << name;
  }
  EXPECT_GT(references, 20);
}

}  // namespace
}  // namespace lathe::testing
