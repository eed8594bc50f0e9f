#include "messages/json_text.hpp"

#include <algorithm>
#include <charconv>

#include "base/plain_json.hpp"

namespace mailinabox::json_form {

void append_text(std::string_view text, std::string& json) {
  if (is_plain_in_json(text)) {
    json.append(1, '"').append(text).append(1, '"');
  } else {
    json += json_text(Json(std::string(text)), -1);
  }
}

void append_number(std::int64_t number, std::string& json) { json += std::to_string(number); }

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

}  // namespace mailinabox::json_form
