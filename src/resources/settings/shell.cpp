// Shell assignments, VAR="value" and "export VAR=value", as in files of /etc/default. Only assignments that are a
// command of their own, outside if, case, loops and functions, are settings; the rest is kept. Values that the shell
// would compute (with $ or `) never equal a wanted one.
#include <algorithm>
#include <array>
#include <cctype>

#include "resources/settings/keyed_lines.hpp"

namespace mailinabox {

namespace {

constexpr std::string_view k_operators = ";&|<>()";

bool begins_name(char character) { return is_letter(character) || character == '_'; }

bool is_name(std::string_view text) {
  return !text.empty() && begins_name(text.front()) && std::all_of(text.begin(), text.end(), [](char character) {
    return begins_name(character) || is_digit(character);
  });
}

// Walks through the text command by command.
class ShellScanner {
 public:
  explicit ShellScanner(const Lines& lines) : lines_(lines) {
    for (std::size_t index = 0; index < lines.size(); ++index) text_ += lines[index] + '\n';
  }

  KeyedText scan() {
    result_.place.assign(lines_.size() + 1, 0);
    while (position_ < text_.size()) {
      const std::size_t first = line_;
      if (depth_ > 0) result_.place[first] = -1;
      if (depth_ > 0 || !scan_assignment()) skip_command();
      for (std::size_t inner = first + 1; inner < line_; ++inner) result_.place[inner] = -1;
    }
    if (depth_ > 0) lines_.fail(opened_, "this (if, case, do, { or a parenthesis) does not end");
    return std::move(result_);
  }

 private:
  char current() const { return text_[position_]; }

  void step() {
    if (text_[position_] == '\n') ++line_;
    ++position_;
  }

  void step_over_backslash() {
    step();
    if (position_ + 1 >= text_.size()) lines_.fail(line_, "a backslash at the end of the file; remove it");
  }

  void skip_blanks() {
    while (is_space_or_tab(current())) step();
  }

  struct Mark {
    std::size_t position = 0;
    std::size_t line = 0;
  };
  Mark mark() const { return {position_, line_}; }
  void back_to(Mark mark) {
    position_ = mark.position;
    line_ = mark.line;
  }

  // Consumes one whole line with an assignment, or nothing.
  bool scan_assignment() {
    const Mark start = mark();
    KeyedLine setting;
    if (!scan_name(setting) || !scan_value(setting)) {
      back_to(start);
      return false;
    }
    const std::size_t value_end = position_;
    skip_blanks();
    if (current() == '#') {
      while (current() != '\n') step();
      setting.after_value = text_.substr(value_end, position_ - value_end);
    }
    if (current() != '\n' && setting.uneditable.empty()) {
      const bool is_another_assignment = k_operators.find(current()) != std::string_view::npos ||
                                         is_name(text_.substr(position_, text_.find('=', position_) - position_));
      if (!is_another_assignment) {  // for the one command after it
        back_to(start);
        return false;
      }
      setting.uneditable = uneditable(setting.key);
    }
    if (!setting.uneditable.empty()) {
      back_to(start);
      skip_command();
    } else {
      step();
    }
    for (std::size_t index = start.line; index < line_; ++index) setting.lines.push_back(index);
    result_.settings.push_back(std::move(setting));
    return true;
  }

  static std::string uneditable(const std::string& key) {
    return "expected the assignment of " + key +
           " alone on its line, with a plain value; change the line and try again";
  }

  bool scan_name(KeyedLine& setting) {
    const std::size_t start = position_;
    skip_blanks();
    if (text_.compare(position_, 6, "export") == 0 && is_space_or_tab(text_[position_ + 6])) {
      position_ += 6;
      skip_blanks();
    }
    setting.before_key = text_.substr(start, position_ - start);
    const std::size_t name = position_;
    while (begins_name(current()) || is_digit(current())) step();
    setting.key = text_.substr(name, position_ - name);
    if (!is_name(setting.key) || current() != '=') return false;
    step();
    setting.separator = "=";
    return true;
  }

  bool scan_value(KeyedLine& setting) {
    while (!is_space_or_tab(current()) && current() != '\n') {
      const char character = current();
      if (character == '\'') {
        setting.value += single_quoted();
      } else if (character == '"') {
        scan_double_quoted(setting);
      } else if (character == '\\') {
        step_over_backslash();
        if (current() != '\n') setting.value += current();
        step();
      } else if (character == '`' || k_operators.find(character) != std::string_view::npos) {
        setting.uneditable = uneditable(setting.key);
        setting.opaque = setting.opaque || character == '`' || character == '(';
        return true;
      } else {
        setting.opaque = setting.opaque || character == '$';
        setting.value += character;
        step();
      }
    }
    return true;
  }

  std::string single_quoted() {
    const std::size_t opened = line_;
    step();
    std::string result;
    while (position_ < text_.size() && current() != '\'') {
      result += current();
      step();
    }
    if (position_ >= text_.size()) lines_.fail(opened, "this quote ' does not end");
    step();
    return result;
  }

  void scan_double_quoted(KeyedLine& setting) {
    const std::size_t opened = line_;
    step();
    while (position_ < text_.size() && current() != '"') {
      char character = current();
      if (character == '\\' && std::string_view("$`\"\\\n").find(text_[position_ + 1]) != std::string_view::npos) {
        step();
        character = current();
        if (character != '\n') setting.value += character;
      } else {
        setting.opaque = setting.opaque || character == '$' || character == '`';
        setting.value += character;
      }
      if (position_ < text_.size()) step();
    }
    if (position_ >= text_.size()) lines_.fail(opened, "this quote \" does not end");
    step();
  }

  // Skips to after the newline that ends the command, counting the beginnings and ends of compound commands.
  void skip_command() {
    std::string word;
    bool is_plain = true;
    bool expects_command = true;
    const auto end_word = [&] {
      if (!word.empty() || !is_plain) expects_command = is_plain && expects_command && count_keyword(word);
      word.clear();
      is_plain = true;
    };
    while (position_ < text_.size()) {
      const char character = current();
      if (character == '\n' || is_space_or_tab(character)) {
        end_word();
        step();
        if (character == '\n') return;
      } else if (character == '#' && word.empty() && is_plain) {
        while (current() != '\n') step();
      } else if (character == '\'') {
        single_quoted();
        is_plain = false;
      } else if (character == '"') {
        KeyedLine unused;
        scan_double_quoted(unused);
        is_plain = false;
      } else if (character == '\\') {
        step_over_backslash();
        step();
        is_plain = false;
      } else if (k_operators.find(character) != std::string_view::npos) {
        end_word();
        scan_operator();
        expects_command = character != '<' && character != '>';
      } else {
        word += character;
        step();
      }
    }
  }

  void scan_operator() {
    if (text_.compare(position_, 2, "<<") == 0 && text_.compare(position_, 3, "<<<") != 0) {
      lines_.fail(line_,
                  "files with here-documents cannot be edited safely; put the settings into a file of their own");
    }
    if (current() == '(') open();
    if (current() == ')' && parentheses_ > 0) {
      --parentheses_;
      close();
    }
    if (current() == '(') ++parentheses_;
    step();
  }

  void open() {
    if (depth_++ == 0) opened_ = line_;
  }

  void close() { depth_ = std::max(0, depth_ - 1); }

  // True if a command may follow the word.
  bool count_keyword(const std::string& word) {
    if (word == "if" || word == "case" || word == "do" || word == "{") open();
    if (word == "fi" || word == "esac" || word == "done" || word == "}") close();
    constexpr std::array<std::string_view, 10> k_leading = {"if",    "then",  "else", "elif", "do",
                                                            "while", "until", "{",    "!",    "time"};
    return contains(k_leading, word);
  }

  const Lines& lines_;
  std::string text_{};
  std::size_t position_ = 0;
  std::size_t line_ = 0;
  int depth_ = 0;
  int parentheses_ = 0;
  std::size_t opened_ = 0;
  KeyedText result_{};
};

std::string shell_quoted(std::string_view value) {
  std::string result = "\"";
  for (const char character : value) {
    if (std::string_view("$`\"\\").find(character) != std::string_view::npos) result += '\\';
    result += character;
  }
  return result + '"';
}

class ShellFormat final : public KeyedFormat {
 public:
  KeyedText parse(const Lines& lines) const override { return ShellScanner(lines).scan(); }

  std::optional<KeyedLine> commented_out(const std::string& line) const override {
    const auto text = comment_text(line, "#");
    if (!text) return std::nullopt;
    std::string_view assignment = trim(*text);
    const bool exported = assignment.starts_with("export ");
    if (exported) assignment = trim(assignment.substr(7));
    auto setting = split_assignment(assignment);
    if (!setting || !is_name(setting->key) || setting->separator != "=") return std::nullopt;
    setting->before_key = exported ? "export " : "";
    return setting;
  }

  std::vector<std::string> render(const KeyedLine& style, const std::string& key,
                                  const std::string& value) const override {
    return {style.before_key + key + "=" + shell_quoted(value) + style.after_value};
  }

  std::string default_separator() const override { return "="; }
};

EditedText edit_shell(const std::string& file, const std::string& text, const WantedSettings& wanted) {
  return edit_keyed_lines(ShellFormat(), file, text, wanted);
}

std::optional<std::string> shell_refusal(const WantedSettings& wanted) {
  for (const auto& [key, value] : wanted.values) {
    if (!is_name(key)) return "\"" + key + "\" cannot be a variable; expected letters, digits and _";
  }
  return refuse_keyed(wanted.values, "");
}

}  // namespace

SettingsFormat shell_settings() { return {"shell", edit_shell, shell_refusal}; }

}  // namespace mailinabox
