#include "facts/quoted_words.hpp"

#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr bool is_quote(char letter) { return letter == '"' || letter == '\''; }

class EnvironmentReader {
 public:
  explicit EnvironmentReader(std::string_view text) : text_(text) {}

  std::map<std::string, std::string, std::less<>> variables() {
    std::map<std::string, std::string, std::less<>> result;
    while (true) {
      text_.remove_prefix(std::min(text_.find_first_not_of(k_blanks), text_.size()));
      if (text_.empty()) return result;
      const std::size_t end = text_.find_first_of("=\n");
      if (text_.front() == '#' || text_.front() == ';') {
        text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
      } else if (end == std::string_view::npos || text_[end] == '\n') {  // no assignment
        text_.remove_prefix(std::min(end, text_.size()));
      } else {
        const std::string name(trim(text_.substr(0, end)));
        text_.remove_prefix(end + 1);
        result[name] = value();
      }
    }
  }

 private:
  char next() {
    const char letter = text_.front();
    text_.remove_prefix(1);
    return letter;
  }

  // Quoted parts, then perhaps one that is not, in which quotes mean nothing.
  std::string value() {
    std::string result;
    while (!text_.empty() && text_.front() != '\n') {
      if (text_.front() == ' ' || text_.front() == '\t' || text_.front() == '\r') {
        next();
      } else if (is_quote(text_.front())) {
        next() == '"' ? add_quoted(result) : add_literal(result);
      } else {
        return result + unquoted();
      }
    }
    return result;
  }

  void add_literal(std::string& value) {
    const std::size_t end = std::min(text_.find('\''), text_.size());
    value += text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
  }

  void add_quoted(std::string& value) {
    constexpr std::string_view k_escaped = "\"\\`$";
    while (!text_.empty()) {
      const char letter = next();
      if (letter == '"') return;
      if (letter == '\\' && !text_.empty()) {
        const char escaped = next();
        if (escaped == '\n') continue;
        if (k_escaped.find(escaped) == std::string_view::npos) value += letter;
        value += escaped;
      } else {
        value += letter;
      }
    }
  }

  std::string unquoted() {
    std::string result;
    std::size_t needed = 0;  // without the blanks at the end
    while (!text_.empty() && text_.front() != '\n') {
      const char letter = next();
      const bool escapes = letter == '\\' && !text_.empty();
      const char taken = escapes ? next() : letter;
      if (escapes && taken == '\n') continue;
      result += taken;
      if (escapes || k_blanks.find(taken) == std::string_view::npos) needed = result.size();
    }
    result.resize(needed);
    return result;
  }

  std::string_view text_;
};

}  // namespace

std::vector<std::string> quoted_words(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  char quote = 0;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char letter = text[index];
    if (quote == 0 && k_blanks.find(letter) != std::string_view::npos) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (letter == '\\' && index + 1 < text.size()) {
      words.back() += text[++index];
    } else if (quote == 0 && is_quote(letter)) {
      quote = letter;
    } else if (quote == letter) {
      quote = 0;
    } else {
      words.back() += letter;
    }
  }
  return words;
}

std::map<std::string, std::string, std::less<>> environment_variables(std::string_view text) {
  return EnvironmentReader(text).variables();
}

}  // namespace mailinabox
