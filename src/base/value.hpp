// The tree of values that recipes and templates see: facts, answers, platform names, models.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mailinabox {

class Value;
using ValueList = std::vector<Value>;
using ValueMap = std::map<std::string, Value, std::less<>>;

class Value {
 public:
  Value() = default;  // null
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(ValueList value) : data_(std::move(value)) {}
  Value(ValueMap value) : data_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_list() const { return std::holds_alternative<ValueList>(data_); }
  bool is_map() const { return std::holds_alternative<ValueMap>(data_); }

  // The value must have the type; otherwise std::bad_variant_access is thrown, a programming error.
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_integer() const { return std::get<std::int64_t>(data_); }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const ValueList& as_list() const { return std::get<ValueList>(data_); }
  const ValueMap& as_map() const { return std::get<ValueMap>(data_); }
  ValueList& as_list() { return std::get<ValueList>(data_); }
  ValueMap& as_map() { return std::get<ValueMap>(data_); }

  // A scalar as written in a configuration file: "true" or "false", decimal digits, the string itself, "" for null.
  // Throws Error for a list or map.
  std::string text() const;

  // True for `when` and template sections: neither null, false, "" nor an empty list or map.
  bool truthy() const;

  // The value at a dotted path ("platform.postfix.unit"), or nullptr if a part is missing.
  const Value* find(std::string_view dotted_path) const;

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::string, ValueList, ValueMap> data_{};
};

}  // namespace mailinabox
