// The schema itself: rules that hold together, names that can be written.
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "host/recipe/field_rules.h"
#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

void for_each_field(const std::function<void(const FieldDescriptor&)>& visit) {
  std::set<const Descriptor*> seen;
  const std::function<void(const Descriptor&)> walk = [&](const Descriptor& message) {
    const bool is_plain = !message.options().map_entry() && !is_written_as_value(message);
    if (!is_plain || !seen.insert(&message).second) return;
    for (int i = 0; i < message.field_count(); ++i) {
      visit(*message.field(i));
      const Descriptor* inner = message.field(i)->message_type();
      if (inner && inner->file()->package() == "lathe.v1") walk(*inner);
    }
  };
  walk(*v1::Recipe::descriptor());
}

TEST(RecipeSchema, EveryDefaultIsAValueTheFieldTakes) {
  for_each_field([](const FieldDescriptor& field) {
    if (!rule_of(field).has_default_text()) return;
    EXPECT_FALSE(field.is_repeated()) << field.full_name();
    EXPECT_FALSE(rule_of(field).required()) << field.full_name();
    const std::unique_ptr<google::protobuf::Message> message(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(field.containing_type())->New());
    ASSERT_NO_THROW(fill_defaults(*message)) << field.full_name();
    EXPECT_TRUE(message->GetReflection()->HasField(*message, &field)) << field.full_name();
  });
}

TEST(RecipeSchema, EveryEnumValueButTheFirstCanBeWritten) {
  for_each_field([](const FieldDescriptor& field) {
    if (!field.enum_type()) return;
    EXPECT_EQ(yaml_names(*field.enum_type()).size() + 1, static_cast<std::size_t>(field.enum_type()->value_count()))
        << field.full_name();
    EXPECT_EQ(yaml_name(*field.enum_type()->value(0)), "");
  });
}

TEST(RecipeSchema, EveryNumberWithAUnitHasARange) {
  for_each_field([](const FieldDescriptor& field) {
    if (unit_of(field.name()).empty()) return;
    EXPECT_TRUE(rule_of(field).has_min() && rule_of(field).has_max()) << field.full_name();
  });
}

TEST(RecipeSchema, UnsetIsNotZero) {
  for_each_field([](const FieldDescriptor& field) {
    EXPECT_TRUE(field.is_repeated() || field.has_presence()) << field.full_name() << " needs 'optional'";
  });
}

TEST(RecipeSchema, StageKindsAreTheStages) {
  EXPECT_EQ(yaml_names(*v1::StageKind_descriptor()), key_names(*v1::Stage::descriptor()));
}

TEST(RecipeSchema, UnitsAreReadFromTheKey) {
  EXPECT_EQ(unit_of("ceiling_dbtp"), "dBTP");
  EXPECT_EQ(unit_of("slope_db_oct"), "dB/octave");
  EXPECT_EQ(unit_of("target_lufs"), "LUFS");
  EXPECT_EQ(unit_of("range_lu"), "LU");
  EXPECT_EQ(unit_of("attack_ms"), "ms");
  EXPECT_EQ(unit_of("window_s"), "s");
  EXPECT_EQ(unit_of("harmonics"), "");
}

TEST(RecipeSchema, APositionFallsBackToWhatIsAround) {
  const RecipeSource source = read("recipe: v1\nchain:\n  - limit: {ceiling_dbtp: -2}\n");
  EXPECT_EQ(source.position("chain[0].limit.ceiling_dbtp").column, 27);
  EXPECT_EQ(source.position("chain[0].limit.release_ms").column, 5);
  EXPECT_EQ(source.position("chain[7].eq").line, 2);
  EXPECT_EQ(source.position("loudness.scope").line, 1);
}

}  // namespace
}  // namespace lathe::testing
