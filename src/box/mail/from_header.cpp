#include "box/mail/from_header.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

constexpr char k_end = '\0';  // also where the text ends; NUL bytes within it are refused before

// Without the line ends before blanks. Others stay, and are refused as control characters.
std::string unfolded(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::size_t line_end = value.substr(i, 2) == "\r\n" ? 2 : value[i] == '\n' ? 1 : 0;
    const char next = i + line_end < value.size() ? value[i + line_end] : k_end;
    if (line_end != 0 && (next == ' ' || next == '\t')) i += line_end;
    text += value[i] == '\t' ? ' ' : value[i];
  }
  return text;
}

bool part_of_atom(char c) {
  constexpr std::string_view k_marks = "!#$%&'*+-/=?^_`{|}~";  // RFC 5322 section 3.2.3
  return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80 || k_marks.find(c) != std::string::npos;
}

// Reads from left to right; each function says whether what it expected was there.
class FromReader {
 public:
  explicit FromReader(std::string_view text) : text_(text) {}

  // Members with commas between. Empty ones, which the standard calls obsolete, name nobody.
  bool read_list(char end) {
    for (;;) {
      if (!skip_comments()) return false;
      if (here() != ',' && here() != end && !(read_member(end == ';') && skip_comments())) return false;
      if (here() == end) return true;
      if (!take(',')) return false;
    }
  }

  std::vector<std::string> addresses{};

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : k_end; }
  bool take(char c) {
    if (here() != c) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (here() == ' ') ++at_;
  }

  // Blanks and comments, in which comments may be.
  bool skip_comments() {
    int depth = 0;
    for (;;) {
      skip_blanks();
      const char c = here();
      if (c == '(') {
        ++depth;
      } else if (depth == 0) {
        return true;
      } else if (c == ')') {
        --depth;
      } else if (c == k_end || c == '@' || c == '<' || c == '>') {
        return false;
      } else if (c == '\\') {
        ++at_;
        if (here() == k_end || here() == '@' || here() == '<' || here() == '>') return false;
      }
      ++at_;
    }
  }

  // A name and an address in angle brackets, an address alone, or a group.
  bool read_member(bool in_group) {
    bool named = false;
    for (;;) {
      if (here() == '<') return read_angle();
      if (here() == ':') return named && !in_group && read_group();
      std::string word;
      if (!(here() == '"' ? read_quoted(word) : read_word(word))) return false;
      if (here() == '@') {
        if (named || !read_domain(word)) return false;
        return skip_comments() && (here() != '<' || read_angle());
      }
      named = true;
      if (!skip_comments()) return false;
    }
  }

  bool read_group() {
    ++at_;
    return read_list(';') && take(';');
  }

  bool read_angle() {
    ++at_;
    skip_blanks();
    std::string word;
    if (!(here() == '"' ? read_quoted(word) : read_word(word)) || !read_domain(word)) return false;
    skip_blanks();
    return take('>');
  }

  // Without the quotes and escapes.
  bool read_quoted(std::string& word) {
    bool escaped = false;
    for (++at_; here() != '"'; ++at_) {
      if (here() == '\\') {
        escaped = true;
        ++at_;
      }
      if (here() == k_end) return false;
      word += here();
    }
    ++at_;
    return !escaped || word.find('@') == std::string::npos;
  }

  bool read_word(std::string& word) {
    for (; part_of_atom(here()) || here() == '.'; ++at_) word += here();
    return !word.empty();
  }

  // "@" and a domain behind `local`.
  bool read_domain(const std::string& local) {
    std::string domain;
    if (!take('@') || !read_word(domain)) return false;
    const std::string ascii = domain_to_ascii(domain);
    const std::string address = local + "@" + ascii;
    // Its own domain as that of the host: reserved ones are addresses, too, if the box has them.
    if (address.find("=?") != std::string::npos || !valid_address(address, AddressMode::full, ascii)) return false;
    addresses.push_back(address);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<std::string>> from_addresses(std::string_view value) {
  const std::string text = unfolded(value);
  // Bytes that are not UTF-8 mean one thing to one program and another to the next.
  if (!printable_utf8(text)) return std::nullopt;
  FromReader reader(text);
  if (!reader.read_list(k_end) || reader.addresses.empty()) return std::nullopt;
  return reader.addresses;
}

}  // namespace mailinabox
