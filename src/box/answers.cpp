#include "box/answers.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

bool key_character(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

// "KEY" of "KEY=value"; "" if the line is not a setting.
std::string key_of(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == 0 || equals == std::string_view::npos) return {};
  const std::string_view key = line.substr(0, equals);
  return std::all_of(key.begin(), key.end(), key_character) ? std::string(key) : std::string();
}

}  // namespace

Answers Answers::parse(std::string_view text) {
  Answers answers;
  for (std::string_view line : lines_of(text)) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string key = key_of(line);
    if (key.empty()) {
      answers.lines_.push_back({"", std::string(line)});
    } else if (!answers.find(key)) {
      answers.lines_.push_back({key, std::string(line.substr(key.size() + 1))});
    }
  }
  return answers;
}

std::string Answers::render() const {
  std::string text;
  for (const std::string_view key : k_keys) text += std::string(key) + "=" + get(key) + "\n";
  for (const Line& line : lines_) {
    if (line.key.empty()) text += line.text + "\n";
    if (!line.key.empty() && !contains(k_keys, line.key)) text += line.key + "=" + line.text + "\n";
  }
  return text;
}

std::optional<std::string> Answers::find(std::string_view key) const {
  for (const Line& line : lines_) {
    if (!line.key.empty() && line.key == key) return line.text;
  }
  return std::nullopt;
}

std::string Answers::get(std::string_view key) const { return find(key).value_or(""); }

void Answers::set(const std::string& key, const std::string& value) {
  if (value.find_first_of(k_blanks) != std::string::npos || value.find('\0') != std::string::npos) {
    throw Error(key + " must not contain blanks or line breaks, because /etc/mailinabox.conf cannot hold them.",
                ExitCode::missing_answers);
  }
  for (Line& line : lines_) {
    if (line.key == key) {
      line.text = value;
      return;
    }
  }
  lines_.push_back({key, value});
}

void Answers::remove(std::string_view key) {
  std::erase_if(lines_, [&](const Line& line) { return !key.empty() && line.key == key; });
}

std::vector<std::pair<std::string, std::string>> Answers::all() const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Line& line : lines_) {
    if (!line.key.empty()) pairs.emplace_back(line.key, line.text);
  }
  return pairs;
}

}  // namespace mailinabox
