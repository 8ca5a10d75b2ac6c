// An argument of an SQL statement. Views: what they show must outlive the call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe::scheduler {

// Bound as a BLOB instead of text: for paths, which need not be UTF-8.
struct Bytes {
  std::string_view value;
};

// Knows its type even if it is null: PostgreSQL wants to be told.
struct SqlValue {
  enum class Type { kInteger, kReal, kText, kBytes };

  SqlValue(std::int64_t value) : type(Type::kInteger), integer(value) {}
  SqlValue(int value) : SqlValue(std::int64_t{value}) {}
  SqlValue(bool value) : SqlValue(std::int64_t{value}) {}
  SqlValue(double value) : type(Type::kReal), real(value) {}
  SqlValue(std::string_view value) : type(Type::kText), text(value) {}
  SqlValue(const std::string& value) : SqlValue(std::string_view(value)) {}
  SqlValue(const char* value) : SqlValue(std::string_view(value)) {}
  SqlValue(Bytes value) : type(Type::kBytes), text(value.value) {}
  // Not by value_or(): that would be a copy, gone before it is looked at.
  template <class T>
  SqlValue(const std::optional<T>& value) : SqlValue(value ? SqlValue(*value) : SqlValue(T{})) {
    is_null = !value.has_value();
  }

  Type type;
  bool is_null = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;  // text or bytes
};

}  // namespace lathe::scheduler
