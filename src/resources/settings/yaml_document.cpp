#include "resources/settings/yaml_document.hpp"

#include <fmt/core.h>

#include <optional>

namespace mailinabox {

namespace {

std::size_t indent_of(const std::string& line) {
  std::size_t count = 0;
  while (count < line.size() && line[count] == ' ') ++count;
  return count;
}

bool is_void(const std::string& line) {
  const std::string_view text = trim(line);
  return text.empty() || text.starts_with('#');
}

bool begins_list_item(std::string_view text) { return text == "-" || text.starts_with("- "); }

struct YamlKey {
  std::string key{};
  std::size_t colon = 0;  // index of the colon in the text
};

// The place behind the quote that closes the one at `start`; npos where it does not close in this text.
std::size_t quote_end(std::string_view text, std::size_t start) {
  const char quote = text[start];
  for (std::size_t index = start + 1; index < text.size(); ++index) {
    if (quote == '"' && text[index] == '\\') {
      ++index;
    } else if (text[index] == quote) {
      if (quote == '"' || index + 1 >= text.size() || text[index + 1] != '\'') return index + 1;
      ++index;
    }
  }
  return std::string_view::npos;
}

void append_utf8(std::string& result, unsigned long code) {
  const auto add = [&](unsigned long byte) { result += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | (code >> 6));
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | (code >> 12));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | (code >> 18));
    add(0x80 | ((code >> 12) & 0x3F));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

// Line ends within quotes are folded: one becomes a blank, n become n - 1 line ends.
std::string fold_line_ends(std::string_view text) {
  std::string result;
  while (true) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) return result + std::string(text);
    std::string_view before = text.substr(0, newline);
    while (!before.empty() && is_space_or_tab(before.back())) before.remove_suffix(1);
    result += before;
    std::size_t ends = 0;
    std::size_t next = newline;
    while (next < text.size() && (text[next] == '\n' || is_space_or_tab(text[next]))) {
      if (text[next] == '\n') ++ends;
      ++next;
    }
    result += ends == 1 ? std::string(" ") : std::string(ends - 1, '\n');
    text = text.substr(next);
  }
}

std::string decode_escape(std::string_view text, std::size_t& index) {
  const char code = text[index];
  constexpr std::string_view k_codes = "0abtnvfre";
  constexpr std::string_view k_meanings("\0\a\b\t\n\v\f\r\x1b", 9);
  if (const std::size_t found = k_codes.find(code); found != std::string_view::npos) {
    return std::string(1, k_meanings[found]);
  }
  const std::size_t digits = code == 'x' ? 2 : code == 'u' ? 4 : code == 'U' ? 8 : 0;
  const std::string hexadecimal(text.substr(std::min(index + 1, text.size()), digits));
  if (digits > 0 && hexadecimal.size() == digits &&
      hexadecimal.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
    index += digits;
    std::string result;
    append_utf8(result, std::stoul(hexadecimal, nullptr, 16));
    return result;
  }
  return std::string(1, code);
}

std::string unquoted(std::string_view text) {
  const char quote = text.front();
  const std::string inner = fold_line_ends(text.substr(1, text.size() - 2));
  std::string result;
  for (std::size_t index = 0; index < inner.size(); ++index) {
    if (quote == '\'' && inner[index] == '\'') ++index;
    if (quote == '"' && inner[index] == '\\' && index + 1 < inner.size()) {
      ++index;
      result += decode_escape(inner, index);
    } else {
      result += inner[index];
    }
  }
  return result;
}

std::optional<YamlKey> key_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.front() == '"' || text.front() == '\'') {
    const std::size_t end = quote_end(text, 0);
    if (end == std::string_view::npos) return std::nullopt;
    const std::size_t colon = text.find_first_not_of(' ', end);
    if (colon == std::string_view::npos || text[colon] != ':') return std::nullopt;
    if (colon + 1 < text.size() && !is_space_or_tab(text[colon + 1])) return std::nullopt;
    return YamlKey{unquoted(text.substr(0, end)), colon};
  }
  if (std::string_view("&*!|>@`{}[],#%").find(text.front()) != std::string_view::npos) return std::nullopt;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] == '#' && index > 0 && is_space_or_tab(text[index - 1])) return std::nullopt;
    if (text[index] != ':') continue;
    if (index + 1 == text.size() || is_space_or_tab(text[index + 1])) {
      return YamlKey{std::string(trim(text.substr(0, index))), index};
    }
  }
  return std::nullopt;
}

class YamlScanner {
 public:
  explicit YamlScanner(const Lines& lines) : lines_(lines) {}

  std::vector<YamlEntry> scan() {
    skip_head();
    std::vector<YamlEntry> result;
    if (next_ < lines_.size()) result = mapping(indent_at(next_));
    if (next_ < lines_.size()) lines_.fail(next_, "expected a key at the indentation of the first one");
    return result;
  }

 private:
  void skip_void() {
    while (next_ < lines_.size() && is_void(lines_[next_])) ++next_;
  }

  std::size_t indent_at(std::size_t index) const {
    const std::size_t indent = indent_of(lines_[index]);
    if (indent < lines_[index].size() && lines_[index][indent] == '\t') {
      lines_.fail(index, "a tab in the indentation, where YAML takes only blanks");
    }
    return indent;
  }

  void skip_head() {
    skip_void();
    while (next_ < lines_.size() && lines_[next_].starts_with('%')) {
      ++next_;
      skip_void();
    }
    if (next_ < lines_.size() && trim(lines_[next_]) == "---") ++next_;
    skip_void();
  }

  std::vector<YamlEntry> mapping(std::size_t indent) {
    std::vector<YamlEntry> result;
    while (true) {
      skip_void();
      if (next_ >= lines_.size()) return result;
      const std::size_t here = indent_at(next_);
      if (here < indent) return result;
      if (here > indent)
        lines_.fail(next_, "deeper indented than the keys around it; expected a key or less indentation");
      result.push_back(entry(indent));
    }
  }

  YamlEntry entry(std::size_t indent) {
    const std::string& line = lines_[next_];
    const std::string_view text = std::string_view(line).substr(indent);
    if (indent == 0 && (text.starts_with("---") || text.starts_with("..."))) {
      lines_.fail(next_, "a second document, or the end of the first; expected one mapping");
    }
    const auto key = begins_list_item(text) ? std::nullopt : key_of(text);
    if (!key) lines_.fail(next_, "expected \"key: value\", found \"" + std::string(trim(text)) + "\"");
    YamlEntry result;
    result.key = key->key;
    result.indent = indent;
    result.line = next_;
    result.before_value = line.substr(0, indent + key->colon + 1);
    ++next_;
    value(result, line.substr(indent + key->colon + 1));
    result.end = next_;
    while (result.end > result.line + 1 && trim(lines_[result.end - 1]).empty()) --result.end;
    if (result.holds == YamlEntry::Holds::mapping) result.end = result.entries.back().end;
    next_ = std::max(result.end, result.line + 1);
    return result;
  }

  void value(YamlEntry& result, const std::string& rest) {
    const std::string_view text = trim(rest);
    if (text.empty() || text.starts_with('#')) {
      result.comment = std::string_view(rest).substr(0, rest.find_last_not_of(" \t\r") + 1);
      return value_below(result);
    }
    switch (text.front()) {
      case '|':
      case '>':
        return uneditable(result, "a block of text");
      case '{':
      case '[':
        return flow(result, text);
      case '&':
      case '*':
      case '!':
        return uneditable(result, "an anchor, alias or tag");
      case '"':
      case '\'':
        return quoted(result, rest);
      default:
        return plain(result, rest);
    }
  }

  // All deeper indented lines, and a list at the same indentation.
  void skip_below(const YamlEntry& result) {
    std::size_t last = next_;
    for (std::size_t index = next_; index < lines_.size(); ++index) {
      if (trim(lines_[index]).empty()) continue;
      const std::size_t indent = indent_of(lines_[index]);
      const bool is_comment = is_void(lines_[index]);
      if (indent > result.indent ||
          (indent == result.indent && begins_list_item(std::string_view(lines_[index]).substr(indent)))) {
        last = index + 1;
      } else if (!is_comment) {
        break;
      }
    }
    next_ = last;
  }

  void uneditable(YamlEntry& result, const std::string& what) {
    result.holds = YamlEntry::Holds::uneditable;
    result.what = what;
    skip_below(result);
  }

  void value_below(YamlEntry& result) {
    std::size_t first = next_;
    while (first < lines_.size() && is_void(lines_[first])) ++first;
    if (first >= lines_.size()) return;
    const std::size_t indent = indent_at(first);
    const std::string_view text = std::string_view(lines_[first]).substr(indent);
    if (begins_list_item(text) && indent >= result.indent) return uneditable(result, "a list");
    if (indent <= result.indent) return;
    if (!key_of(text)) return uneditable(result, "a value on lines of its own");
    next_ = first;
    result.holds = YamlEntry::Holds::mapping;
    result.entries = mapping(indent);
  }

  void flow(YamlEntry& result, std::string_view text) {
    int depth = 0;
    std::string line(text);
    while (true) {
      for (std::size_t index = 0; index < line.size(); ++index) {
        const char character = line[index];
        if (character == '#' && (index == 0 || is_space_or_tab(line[index - 1]))) break;
        if (character == '"' || character == '\'') {
          const std::size_t end = quote_end(line, index);
          if (end == std::string::npos) lines_.fail(next_ - 1, "a quote that does not end on its line");
          index = end - 1;
        }
        if (character == '{' || character == '[') ++depth;
        if (character == '}' || character == ']') --depth;
      }
      if (depth <= 0) break;
      if (next_ >= lines_.size()) lines_.fail(result.line, "the bracket that begins here does not end");
      line = lines_[next_++];
    }
    result.holds = YamlEntry::Holds::uneditable;
    result.what = "a flow collection";
  }

  void quoted(YamlEntry& result, const std::string& rest) {
    std::string text = rest.substr(leading_blanks(rest).size());
    std::size_t end = quote_end(text, 0);
    while (end == std::string::npos) {
      if (next_ >= lines_.size()) lines_.fail(result.line, "the quote that begins here does not end");
      text += '\n' + lines_[next_++];
      end = quote_end(text, 0);
    }
    const std::string_view behind = std::string_view(text).substr(end);
    if (!trim(behind).empty() && !trim(behind).starts_with('#')) {
      lines_.fail(next_ - 1, "text behind the closing quote; expected a comment or nothing");
    }
    result.holds = YamlEntry::Holds::scalar;
    result.quoted = true;
    result.value = unquoted(std::string_view(text).substr(0, end));
    result.comment = behind.substr(0, behind.find_last_not_of(" \t\r") + 1);
  }

  void plain(YamlEntry& result, const std::string& rest) {
    std::size_t end = rest.size();
    for (std::size_t index = 1; index < rest.size(); ++index) {
      if (rest[index] == '#' && is_space_or_tab(rest[index - 1])) {
        end = index;
        break;
      }
    }
    const std::string_view text = trim(std::string_view(rest).substr(0, end));
    if (key_of(text)) lines_.fail(result.line, "two keys on one line");
    const std::size_t text_end = static_cast<std::size_t>(text.data() - rest.data()) + text.size();
    result.holds = YamlEntry::Holds::scalar;
    result.value = text;
    result.comment = trim(std::string_view(rest).substr(text_end)).empty() ? "" : rest.substr(text_end);
    while (next_ < lines_.size() && !is_void(lines_[next_]) && indent_at(next_) > result.indent) {
      const std::string_view more = trim(lines_[next_]);
      if (key_of(more)) lines_.fail(next_, "a key below a value; expected one or the other");
      result.value += ' ' + std::string(more);
      ++next_;
    }
  }

  const Lines& lines_;
  std::size_t next_ = 0;
};

bool reads_back_plain(const std::string& value) {
  if (value.empty() || value != trim(value)) return false;
  constexpr std::string_view k_indicators = "&*!|>@`{}[],#%\"'";
  if (k_indicators.find(value.front()) != std::string_view::npos) return false;
  if (std::string_view("-?:").find(value.front()) != std::string_view::npos &&
      (value.size() == 1 || is_space_or_tab(value[1]))) {
    return false;
  }
  if (value.starts_with("---") || value.starts_with("...")) return false;
  for (std::size_t index = 0; index < value.size(); ++index) {
    const unsigned char character = static_cast<unsigned char>(value[index]);
    if (character < 0x20 || character == 0x7F) return false;
    if (character == ':' && (index + 1 == value.size() || is_space_or_tab(value[index + 1]))) return false;
    if (character == '#' && is_space_or_tab(value[index - 1])) return false;
  }
  return true;
}

std::string double_quoted(const std::string& value) {
  std::string result = "\"";
  for (const char character : value) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      result += '\\';
      result += character;
    } else if (character == '\n') {
      result += "\\n";
    } else if (character == '\t') {
      result += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += character;
    }
  }
  return result + '"';
}

}  // namespace

std::vector<YamlEntry> parse_yaml_entries(const Lines& lines) { return YamlScanner(lines).scan(); }

std::string yaml_scalar(const std::string& value, bool quoted) {
  return quoted || !reads_back_plain(value) ? double_quoted(value) : value;
}

std::string yaml_key(const std::string& key) { return yaml_scalar(key, false); }

}  // namespace mailinabox
