#include "host/recipe/canonical_json.h"

#include <google/protobuf/struct.pb.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <vector>

#include "host/recipe/field_rules.h"
#include "host/recipe/numbers.h"

namespace lathe {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Value;

std::string json_text(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (c == '\n') {
      json += "\\n";
    } else if (c == '\t') {
      json += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      json += escape;
    } else {
      json += c;
    }
  }
  return json + '"';
}

// Collects "key":value pairs or values between brackets.
class Items {
 public:
  void add(const std::string& key, const std::string& value) { add(json_text(key) + ":" + value); }
  void add(const std::string& value) { text_ += (text_.empty() ? "" : ",") + value; }
  std::string in(char open, char close) const { return open + text_ + close; }

 private:
  std::string text_;
};

std::string message_json(const Message& message);

std::string value_json(const Value& value) {
  Items items;
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return shortest(value.number_value());
    case Value::kStringValue:
      return json_text(value.string_value());
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kListValue:
      for (const Value& item : value.list_value().values()) items.add(value_json(item));
      return items.in('[', ']');
    case Value::kStructValue: {
      const auto& fields = value.struct_value().fields();
      for (const auto& [key, item] : std::map<std::string, Value>(fields.begin(), fields.end())) {
        items.add(key, value_json(item));
      }
      return items.in('{', '}');
    }
    default:
      return "null";
  }
}

// Names that are all digits, as bits are, are written as numbers.
std::string enum_json(const std::string& name) {
  const bool is_number = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? name : json_text(name);
}

// The field's value, or its item `index`.
std::string field_json(const Message& message, const FieldDescriptor& field, int index) {
  const auto& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return shortest(repeated ? reflection.GetRepeatedDouble(message, &field, index)
                               : reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(repeated ? reflection.GetRepeatedInt32(message, &field, index)
                                     : reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_json(yaml_name(
          *(repeated ? reflection.GetRepeatedEnum(message, &field, index) : reflection.GetEnum(message, &field))));
    case FieldDescriptor::CPPTYPE_STRING:
      return json_text(repeated ? reflection.GetRepeatedString(message, &field, index)
                                : reflection.GetString(message, &field));
    default:
      return message_json(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                                   : reflection.GetMessage(message, &field));
  }
}

std::string map_json(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  std::map<std::string, std::string> sorted;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& pair = reflection.GetRepeatedMessage(message, &field, i);
    const std::string key = pair.GetReflection()->GetString(pair, field.message_type()->map_key());
    const FieldDescriptor& value = *field.message_type()->map_value();
    sorted[key] = field_json(pair, value, 0);
  }
  Items items;
  for (const auto& [key, value] : sorted) items.add(key, value);
  return items.in('{', '}');
}

std::string message_json(const Message& message) {
  if (const auto* value = dynamic_cast<const Value*>(&message)) return value_json(*value);
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);  // the set ones, by number
  if (is_written_as_value(*message.GetDescriptor())) {
    if (fields.empty()) return "null";
    const bool is_keyword = fields[0]->cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
    return is_keyword ? json_text(fields[0]->name()) : field_json(message, *fields[0], 0);
  }
  Items items;
  for (const FieldDescriptor* field : fields) {
    if (is_written_in_another(*field)) {
      if (message.GetReflection()->GetBool(message, field))
        items.add(rule_of(*field).written_in(), json_text(field->name()));
    } else if (field->is_map()) {
      items.add(field->name(), map_json(message, *field));
    } else if (field->is_repeated()) {
      Items list;
      const int size = message.GetReflection()->FieldSize(message, field);
      for (int i = 0; i < size; ++i) list.add(field_json(message, *field, i));
      items.add(field->name(), list.in('[', ']'));
    } else {
      items.add(field->name(), field_json(message, *field, 0));
    }
  }
  return items.in('{', '}');
}

}  // namespace

std::string canonical_json(const v1::Recipe& recipe) { return message_json(recipe); }

std::string sha256_hex(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned bytes = 0;
  if (::EVP_Digest(text.data(), text.size(), digest.data(), &bytes, ::EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL has no SHA-256");
  }
  std::string hex;
  for (unsigned i = 0; i < bytes; ++i) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", digest[i]);
    hex += pair;
  }
  return hex;
}

}  // namespace lathe
