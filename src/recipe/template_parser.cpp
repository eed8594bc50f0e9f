#include "recipe/template_parser.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mailinabox {
namespace {

class TemplateScanner {
 public:
  explicit TemplateScanner(std::string_view text) : text_(text) {}

  std::vector<TemplatePiece> scan() {
    while (position_ < text_.size()) {
      const std::size_t tag = std::min(text_.find(open_, position_), text_.size());
      add_literal(text_.substr(position_, tag - position_));
      position_ = tag;
      if (tag < text_.size()) scan_tag();
    }
    if (!sections_.empty()) {
      const TemplatePiece& begin = pieces_[sections_.back()];
      throw TemplateFault{begin.offset, "the section \"" + begin.text + "\" is not closed; expected " + open_ + "/" +
                                            begin.text + close_ + " after it"};
    }
    return std::move(pieces_);
  }

 private:
  void add_literal(std::string_view literal) {
    if (literal.empty()) return;
    pieces_.push_back({TemplatePiece::Kind::literal, std::string(literal), position_, 0});
  }

  void scan_tag() {
    const std::size_t begin = position_;
    const bool triple = open_ == "{{" && text_.substr(begin, 3) == "{{{";
    const std::string end_text = triple ? "}}}" : close_;
    const std::size_t content_begin = begin + open_.size() + (triple ? 1 : 0);
    const std::size_t end = text_.find(end_text, content_begin);
    if (end == std::string_view::npos)
      throw TemplateFault{begin, "this tag is not closed; expected " + end_text + " after its name"};
    std::string_view content = trim(text_.substr(content_begin, end - content_begin));
    position_ = end + end_text.size();
    const char sigil = triple || content.empty() ? '\0' : content.front();
    if (std::string_view("#^/!=").find(sigil) != std::string_view::npos && sigil != '\0') {
      drop_lone_line(begin);
      if (sigil != '!') add_control(sigil, trim(content.substr(1)), begin);
    } else if (sigil == '>') {
      throw TemplateFault{begin, "partials are not supported; write the text here"};
    } else {
      if (sigil == '&') content = trim(content.substr(1));
      add_tag(TemplatePiece::Kind::variable, content, begin);
    }
  }

  // If the tag [begin, position_) is alone on its line, removes the rest of that line.
  void drop_lone_line(std::size_t begin) {
    const std::size_t line = begin == 0 ? 0 : text_.rfind('\n', begin - 1) + 1;  // npos + 1 is 0
    const std::string_view before = text_.substr(line, begin - line);
    if (before.find_first_not_of(" \t") != std::string_view::npos) return;
    std::size_t after = std::min(text_.find_first_not_of(" \t", position_), text_.size());
    if (text_.substr(after, 2) == "\r\n") ++after;
    if (after < text_.size() && text_[after] != '\n') return;
    position_ = std::min(after + 1, text_.size());
    if (before.empty()) return;
    std::string& literal = pieces_.back().text;  // blanks before a tag are the end of a literal
    literal.resize(literal.size() - before.size());
    if (literal.empty()) pieces_.pop_back();
  }

  void add_control(char sigil, std::string_view content, std::size_t begin) {
    if (sigil == '=') return set_delimiters(content, begin);
    if (sigil != '/') {
      add_tag(sigil == '#' ? TemplatePiece::Kind::section : TemplatePiece::Kind::inverted, content, begin);
      sections_.push_back(pieces_.size() - 1);
      return;
    }
    if (sections_.empty() || pieces_[sections_.back()].text != content)
      throw TemplateFault{begin,
                          "\"" + std::string(content) + "\" ends here, but " +
                              (sections_.empty() ? "no section is open"
                                                 : "the open section is \"" + pieces_[sections_.back()].text + "\"")};
    pieces_[sections_.back()].end = pieces_.size();
    sections_.pop_back();
  }

  void add_tag(TemplatePiece::Kind kind, std::string_view name, std::size_t begin) {
    const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), fits))
      throw TemplateFault{begin, "expected a name of letters, digits, _ - and dots in this tag, found \"" +
                                     std::string(name) + "\" (to write two braces, put {{=<% %>=}} before them)"};
    pieces_.push_back({kind, std::string(name), begin, 0});
  }

  void set_delimiters(std::string_view content, std::size_t begin) {
    const bool closed = content.ends_with('=');
    if (closed) content = trim(content.substr(0, content.size() - 1));
    const std::size_t blank = content.find_first_of(" \t");
    if (!closed || blank == std::string_view::npos)
      throw TemplateFault{begin, "expected two delimiters, as in {{=<% %>=}}"};
    open_ = std::string(content.substr(0, blank));
    close_ = std::string(trim(content.substr(blank)));
    if (open_.find('=') != std::string::npos || close_.find_first_of("= \t") != std::string::npos)
      throw TemplateFault{begin, "expected two delimiters without blanks and =, as in {{=<% %>=}}"};
  }

  std::string_view text_;
  std::string open_ = "{{";
  std::string close_ = "}}";
  std::size_t position_ = 0;
  std::vector<TemplatePiece> pieces_{};
  std::vector<std::size_t> sections_{};  // open ones, as indexes of pieces_
};

}  // namespace

std::vector<TemplatePiece> parse_template(std::string_view text) { return TemplateScanner(text).scan(); }

}  // namespace mailinabox
