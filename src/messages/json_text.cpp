#include "messages/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/plain_json.hpp"
#include "messages/json_form.hpp"

namespace mailinabox {
namespace {

// ---- Writing --------------------------------------------------------------------------------------------------------

void append_text(std::string_view text, std::string& json) {
  if (is_plain_in_json(text)) {
    json.append(1, '"').append(text).append(1, '"');
  } else {
    json += json_text(Json(std::string(text)), -1);
  }
}

void append(const Shape& shape, const void* value, std::string& json);

void append_members(const Shape& shape, const void* value, std::string& json) {
  char before = '{';
  for (const Member& member : shape.members) {
    const void* part = member.in(value);
    const bool none = member.shape->kind == Shape::Kind::optional && member.shape->value(part) == nullptr;
    if (none && member.presence == Presence::optional) continue;
    json += std::exchange(before, ',');
    append_text(member.name, json);
    json += ':';
    append(*member.shape, part, json);
  }
  json += before == '{' ? "{}" : "}";
}

void append_items(const Shape& shape, const void* value, std::string& json) {
  char before = '[';
  const auto* item = static_cast<const std::byte*>(shape.first(value));
  for (std::size_t left = shape.size(value); left > 0; --left, item += shape.item_size) {
    json += std::exchange(before, ',');
    append(*shape.item, item, json);
  }
  json += before == '[' ? "[]" : "]";
}

void append(const Shape& shape, const void* value, std::string& json) {
  switch (shape.kind) {
    case Shape::Kind::text:
      return append_text(*static_cast<const std::string*>(value), json);
    case Shape::Kind::secret:
      return append_text(static_cast<const Secret*>(value)->reveal(), json);
    case Shape::Kind::truth:
      json += *static_cast<const bool*>(value) ? "true" : "false";
      return;
    case Shape::Kind::number:
      json += std::to_string(shape.number(value));
      return;
    case Shape::Kind::tree:
      json += json_text(*static_cast<const Json*>(value), -1);
      return;
    case Shape::Kind::optional:
      if (const void* inner = shape.value(value)) return append(*shape.item, inner, json);
      json += "null";
      return;
    case Shape::Kind::list:
      return append_items(shape, value, json);
    case Shape::Kind::structure:
      return append_members(shape, value, json);
  }
}

// ---- Reading --------------------------------------------------------------------------------------------------------

// Goes through a text from value to value. Throws Error where it is not JSON of the kind that is expected.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  std::string text();
  std::int64_t number();
  bool truth();
  bool take_null();          // false, and nothing taken, if something else follows
  std::string_view value();  // any, as text
  void end();                // nothing follows

  // visit() for each item, which it takes.
  template <typename Visit>
  void items(Visit visit) {
    expect('[');
    if (take(']')) return;
    do {
      visit();
    } while (take(','));
    expect(']');
  }

  // visit(name) for each member, whose value it takes.
  template <typename Visit>
  void members(Visit visit) {
    expect('{');
    if (take('}')) return;
    do {
      const std::string_view name = raw_text();
      expect(':');
      visit(name);
    } while (take(','));
    expect('}');
  }

 private:
  void skip_blanks();
  bool take(char c);  // after blanks
  void expect(char c);
  std::string_view raw_text();  // between the quotes
  [[noreturn]] void refuse() const;

  std::string_view text_;
  std::size_t at_ = 0;
};

void Cursor::refuse() const {
  throw Error("The reply is not the JSON that is expected, at byte " + std::to_string(at_) + ".");
}

void Cursor::skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

bool Cursor::take(char c) {
  skip_blanks();
  if (at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void Cursor::expect(char c) {
  if (!take(c)) refuse();
}

void Cursor::end() {
  skip_blanks();
  if (at_ != text_.size()) refuse();
}

std::string_view Cursor::raw_text() {
  expect('"');
  for (std::size_t from = at_;;) {
    const std::size_t quote = text_.find('"', from);
    if (quote == std::string_view::npos) refuse();
    const std::size_t escape = text_.substr(0, quote).find('\\', from);
    if (escape == std::string_view::npos) {
      const std::size_t begin = std::exchange(at_, quote + 1);
      return text_.substr(begin, quote - begin);
    }
    from = escape + 2;
  }
}

std::string Cursor::text() {
  const std::string_view raw = raw_text();
  if (raw.find('\\') == std::string_view::npos) return std::string(raw);
  return parse_json("\"" + std::string(raw) + "\"", "The reply").get<std::string>();
}

std::int64_t Cursor::number() {
  skip_blanks();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
  if (error != std::errc()) refuse();
  at_ = static_cast<std::size_t>(end - text_.data());
  return number;
}

bool Cursor::truth() {
  const std::string_view word = value();
  if (word != "true" && word != "false") refuse();
  return word == "true";
}

bool Cursor::take_null() {
  skip_blanks();
  if (text_.substr(at_, 4) != "null") return false;
  at_ += 4;
  return true;
}

std::string_view Cursor::value() {
  skip_blanks();
  const std::size_t begin = at_;
  int depth = 0;
  do {
    if (at_ == text_.size()) refuse();
    const char c = text_[at_];
    if (c == '"') {
      static_cast<void>(raw_text());
    } else {
      if (depth == 0 && (c == ',' || c == ']' || c == '}' || c == ':')) refuse();
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      ++at_;
      // A word or a number goes on to what ends it.
      if (depth == 0 && c != ']' && c != '}') at_ = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
    }
    if (depth > 0) skip_blanks();
  } while (depth > 0);
  return text_.substr(begin, at_ - begin);
}

void take(Cursor& cursor, const Shape& shape, void* value);

void take_members(Cursor& cursor, const Shape& shape, void* value) {
  auto missing = std::count_if(shape.members.begin(), shape.members.end(),
                               [](const Member& member) { return member.presence == Presence::required; });
  cursor.members([&](std::string_view name) {
    const Member* member = shape.member(name);
    if (member == nullptr) {
      static_cast<void>(cursor.value());
      return;
    }
    take(cursor, *member->shape, member->in(value));
    if (member->presence == Presence::required) --missing;
  });
  if (missing != 0) throw MemberError("", "has not all members.");
}

void take(Cursor& cursor, const Shape& shape, void* value) {
  switch (shape.kind) {
    case Shape::Kind::text:
      *static_cast<std::string*>(value) = cursor.text();
      return;
    case Shape::Kind::secret:
      *static_cast<Secret*>(value) = Secret(cursor.text());
      return;
    case Shape::Kind::truth:
      *static_cast<bool*>(value) = cursor.truth();
      return;
    case Shape::Kind::number:
      return shape.set_number(value, cursor.number());
    case Shape::Kind::tree:
      *static_cast<Json*>(value) = parse_json(cursor.value(), "The reply");
      return;
    case Shape::Kind::optional:
      if (!cursor.take_null()) take(cursor, *shape.item, shape.add(value));
      return;
    case Shape::Kind::list:
      return cursor.items([&] { take(cursor, *shape.item, shape.add(value)); });
    case Shape::Kind::structure:
      return take_members(cursor, shape, value);
  }
}

}  // namespace

std::string json_text_of(const Shape& shape, const void* value) {
  std::string json;
  append(shape, value, json);
  return json;
}

void read_trusted_text(const Shape& shape, void* value, std::string_view text) {
  Cursor cursor(text);
  take(cursor, shape, value);
  cursor.end();
}

}  // namespace mailinabox
