// What the schema says about a field: its rule, its names in YAML, its unit, and how the field's type is called.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <vector>

#include "lathe/v1/annotations.pb.h"

namespace lathe {

const v1::FieldRule& rule_of(const google::protobuf::FieldDescriptor& field);

// How recipes write an enum's value; empty for a value they cannot write.
const std::string& yaml_name(const google::protobuf::EnumValueDescriptor& value);
std::vector<std::string> yaml_names(const google::protobuf::EnumDescriptor& type);
// Null if no value is called so.
const google::protobuf::EnumValueDescriptor* value_named(const google::protobuf::EnumDescriptor& type,
                                                         std::string_view name);

// Whether recipes write one of the message's fields without its name: `auto`, 50, noise.wav, {from_s: 0.2, to_s: 1.4}.
bool is_written_as_value(const google::protobuf::Descriptor& message);
// Whether the message is one choice among kinds, a map of one key: Stage.
bool is_one_of_kinds(const google::protobuf::Descriptor& message);

// Whether recipes write the field as a word in the place of another's value, and so have no key for it.
bool is_written_in_another(const google::protobuf::FieldDescriptor& field);
// Null, or the bool of the same message whose name recipes may write in the place of the field's number.
const google::protobuf::FieldDescriptor* word_for(const google::protobuf::FieldDescriptor& field);

// The field that recipes have a key for; null if there is none of that name.
const google::protobuf::FieldDescriptor* field_of_key(const google::protobuf::Descriptor& message,
                                                      const std::string& key);
std::vector<std::string> key_names(const google::protobuf::Descriptor& message);
// The kind's name a stage holds ("limit"), or "" for none.
std::string kind_name(const google::protobuf::Message& stage);

// The unit that ends a key: "dBTP" for ceiling_dbtp, "" for q.
std::string unit_of(std::string_view key);
// " in dBTP" or "".
std::string in_unit(std::string_view key);

// "a number in Hz or auto", "text", "one of linear | minimum".
std::string expected_value(const google::protobuf::FieldDescriptor& field);

// "-70 to 0 LUFS", "at least 5 Hz" or "" for a field without limits.
std::string range_text(const google::protobuf::FieldDescriptor& field);

}  // namespace lathe
