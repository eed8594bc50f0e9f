// Declared structs with values that follow from an input: what a helper could say.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "base/text.hpp"
#include "messages/json_form.hpp"

namespace mailinabox::fuzz {

// Lines of the input one after the other; empty texts when it has ended.
class Pieces {
 public:
  explicit Pieces(std::string text) : text_(std::move(text)) {}

  std::string next() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string piece = text_.substr(at_, end - at_);
    at_ = std::min(end + 1, text_.size());
    return piece;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

template <typename Type>
void fill(Type& value, Pieces& pieces) {
  if constexpr (json_form::IsOptional<Type>::value) {
    if (pieces.next().empty()) return;
    fill(value.emplace(), pieces);
  } else if constexpr (json_form::IsList<Type>::value) {
    for (std::size_t count = pieces.next().size() % 4; count > 0; --count) fill(value.emplace_back(), pieces);
  } else if constexpr (std::is_same_v<Type, Secret>) {
    value = Secret(pieces.next());
  } else if constexpr (std::is_same_v<Type, std::string>) {
    value = pieces.next();
  } else if constexpr (std::is_same_v<Type, bool>) {
    value = !pieces.next().empty();
  } else if constexpr (std::is_same_v<Type, Json>) {
    // Of a job: the one form that somebody reads, or none.
    value = pieces.next().empty() ? Json() : Json{{"requests", Json::array()}, {"updated", {pieces.next()}}};
  } else if constexpr (DeclaresMembers<Type>) {
    for_each_member<Type>([&](const auto& member) { fill(value.*member.pointer, pieces); });
  } else {
    value = static_cast<Type>(parse_number<std::int64_t>(pieces.next()).value_or(0));
  }
}

template <typename Type>
Type filled(Pieces& pieces) {
  Type value{};
  fill(value, pieces);
  return value;
}

}  // namespace mailinabox::fuzz
