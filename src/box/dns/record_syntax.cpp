#include "box/dns/record_syntax.hpp"

#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_string_length = 255;

class DataReader {
 public:
  explicit DataReader(std::string_view data) : data_(data) {}

  std::optional<std::vector<std::string>> words() {
    while (at_ < data_.size()) {
      if (!step(data_[at_++])) return std::nullopt;
    }
    end_word();
    if (in_parentheses_) return std::nullopt;
    return std::move(words_);
  }

 private:
  bool step(char c) {
    const bool line_end = c == '\n' || c == '\r';
    if (line_end && !in_parentheses_) return false;
    if (c == '"') return read_quotes();
    if (c == '\\') return read_escape();
    const bool separates = k_blanks.find(c) != std::string_view::npos || c == '(' || c == ')' || c == ';';
    if (!separates) {
      word_ += c;
      return true;
    }
    end_word();
    if (c == ';') at_ = std::min(data_.find('\n', at_), data_.size());
    if (c != '(' && c != ')') return true;
    if (in_parentheses_ == (c == '(')) return false;  // they are not nested
    in_parentheses_ = c == '(';
    return true;
  }

  bool read_escape() {
    if (at_ == data_.size()) return false;
    word_ += '\\';
    word_ += data_[at_++];
    return true;
  }

  // A word of its own, or a part of one, as in alpn="h2,h3".
  bool read_quotes() {
    const bool whole_word = word_.empty();
    word_ += '"';
    while (at_ < data_.size() && data_[at_] != '"') {
      const char c = data_[at_++];
      if (c == '\n' || c == '\r') return false;
      if (c != '\\') {
        word_ += c;
      } else if (!read_escape()) {
        return false;
      }
    }
    if (at_ == data_.size()) return false;
    word_ += data_[at_++];
    const bool ends =
        at_ == data_.size() || std::string_view(" \t\r\n\f\v();").find(data_[at_]) != std::string_view::npos;
    return !whole_word || ends;
  }

  void end_word() {
    if (!word_.empty()) words_.push_back(std::move(word_));
    word_.clear();
  }

  std::string_view data_;
  std::size_t at_ = 0;
  bool in_parentheses_ = false;
  std::string word_{};
  std::vector<std::string> words_{};
};

}  // namespace

std::optional<std::vector<std::string>> data_words(std::string_view data) { return DataReader(data).words(); }

std::optional<std::string> unquoted(std::string_view word) {
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"') word = word.substr(1, word.size() - 2);
  std::string bytes;
  for (std::size_t at = 0; at < word.size(); ++at) {
    if (word[at] != '\\') {
      bytes += word[at];
      continue;
    }
    if (++at == word.size()) return std::nullopt;
    if (!is_digit(word[at])) {
      bytes += word[at];
      continue;
    }
    const auto code = parse_number<unsigned>(word.substr(at, 3));
    if (word.size() - at < 3 || !code || *code > 255) return std::nullopt;
    bytes += static_cast<char>(static_cast<unsigned char>(*code));
    at += 2;
  }
  return bytes;
}

std::string quoted_string(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      const std::string digits = std::to_string(byte);
      text += '\\' + std::string(3 - digits.size(), '0') + digits;
    } else {
      text += c;
    }
  }
  return text + '"';
}

std::string quoted_strings(std::string_view bytes) {
  std::string text;
  for (std::size_t begin = 0; begin == 0 || begin < bytes.size(); begin += k_string_length) {
    if (begin != 0) text += ' ';
    text += quoted_string(bytes.substr(begin, k_string_length));
  }
  return text;
}

}  // namespace mailinabox
