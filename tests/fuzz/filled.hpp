// Declared structs with values that follow from an input: what a helper could say.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "messages/declaration.hpp"

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

inline void fill(const Shape& shape, void* value, Pieces& pieces) {
  switch (shape.kind) {
    case Shape::Kind::text:
      *static_cast<std::string*>(value) = pieces.next();
      return;
    case Shape::Kind::secret:
      *static_cast<Secret*>(value) = Secret(pieces.next());
      return;
    case Shape::Kind::truth:
      *static_cast<bool*>(value) = !pieces.next().empty();
      return;
    case Shape::Kind::number:
      return shape.set_number(value, parse_number<std::int64_t>(pieces.next()).value_or(0));
    case Shape::Kind::tree:
      // Of a job: the one form that somebody reads, or none.
      *static_cast<Json*>(value) =
          pieces.next().empty() ? Json() : Json{{"requests", Json::array()}, {"updated", {pieces.next()}}};
      return;
    case Shape::Kind::optional:
      if (!pieces.next().empty()) fill(*shape.item, shape.add(value), pieces);
      return;
    case Shape::Kind::list:
      for (std::size_t count = pieces.next().size() % 4; count > 0; --count)
        fill(*shape.item, shape.add(value), pieces);
      return;
    case Shape::Kind::structure:
      for (const Member& member : shape.members) fill(*member.shape, member.in(value), pieces);
      return;
  }
}

inline ErasedValue filled(const Shape& structure, Pieces& pieces) {
  ErasedValue value = structure.create();
  fill(structure, value.get(), pieces);
  return value;
}

}  // namespace mailinabox::fuzz
