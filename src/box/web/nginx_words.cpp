#include "box/web/nginx_words.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

bool is_quote(char c) { return c == '"' || c == '\''; }

// Where the quote that the text begins with is closed; npos if it is not.
std::size_t closing_quote(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == text.front()) return i;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

// As nginx splits its configuration into words: quotes count only where a word begins.
class BraceCounter {
 public:
  // False at a brace that closes more than the text has opened.
  bool take(char c) {
    if (skip_) {
      skip_ = false;
    } else if (comment_) {
      comment_ = c != '\n';
    } else if (quote_ != '\0') {
      skip_ = c == '\\';
      if (c == quote_) quote_ = '\0';
    } else {
      return take_bare(c);
    }
    return true;
  }

 private:
  // A word ends at a blank, ";" or "{"; a "}" within one is a letter to nginx, as is the "{" of "${name}".
  bool take_bare(char c) {
    const bool begins = !inside_;
    const bool opens = c == '{' && !dollar_;
    const bool closes = c == '}' && begins;
    dollar_ = c == '$';
    skip_ = c == '\\';
    if (begins && is_quote(c)) quote_ = c;
    comment_ = begins && c == '#';
    inside_ = !comment_ && !opens && !closes && std::string_view(" \t\r\n;").find(c) == std::string_view::npos;
    if (opens) ++depth_;
    if (closes) --depth_;
    return depth_ >= 0;
  }

  int depth_ = 0;
  char quote_ = '\0';
  bool comment_ = false;
  bool skip_ = false;    // the next character stands for itself
  bool inside_ = false;  // a word has begun
  bool dollar_ = false;  // the last character was one
};

}  // namespace

std::string nginx_word(std::string_view text) {
  if (text.empty()) throw Error("expected a text, found nothing");
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }))
    throw Error("expected a text on one line without control characters");
  if (is_quote(text.front())) {
    if (closing_quote(text) == text.size() - 1 && text.size() > 1) return std::string(text);
    throw Error("expected the quote that it begins with once more, at its end only, or no quotes at all");
  }
  std::string word = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') word += '\\';
    word += text[i];
    if (text[i] != '\\') continue;
    if (i + 1 == text.size()) throw Error("expected no backslash at the end");
    word += text[++i];
  }
  return word + '"';
}

NginxLocation nginx_location(std::string_view text) {
  static constexpr std::array<std::string_view, 4> k_modifiers = {"^~", "~*", "~", "="};
  NginxLocation location;
  std::string_view match = trim(text);
  const auto* const modifier = std::find_if(k_modifiers.begin(), k_modifiers.end(),
                                            [&](std::string_view candidate) { return match.starts_with(candidate); });
  if (modifier != k_modifiers.end()) {
    location.modifier = *modifier;
    match = trim(match.substr(modifier->size()));
  }
  const bool pattern = location.modifier.starts_with('~');
  const std::string_view bare = !match.empty() && is_quote(match.front()) ? match.substr(1) : match;
  if (match.empty() || (!pattern && !bare.starts_with('/')))
    throw Error("expected a path that begins with / such as /blog/, or one behind a modifier of nginx (= ^~ ~ ~*)");
  location.match = nginx_word(match);
  return location;
}

std::optional<SnippetFault> snippet_fault(std::string_view text) {
  BraceCounter braces;
  int line = 1;
  for (const char c : text) {
    if (!braces.take(c)) return SnippetFault{line, "this brace closes more than the file has opened"};
    if (c == '\n') ++line;
  }
  return std::nullopt;
}

}  // namespace mailinabox
