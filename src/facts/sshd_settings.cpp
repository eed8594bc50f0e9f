#include "facts/sshd_settings.hpp"

#include <algorithm>

#include "facts/fact_sources.hpp"
#include "facts/quoted_words.hpp"
#include "facts/sshd_command.hpp"

namespace mailinabox {
namespace {

// Matches the shell patterns of Include lines, * and ? only.
bool matches(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*')
    return matches(name, pattern.substr(1)) || (!name.empty() && matches(name.substr(1), pattern));
  return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
         matches(name.substr(1), pattern.substr(1));
}

class SshdReader {
 public:
  explicit SshdReader(const View& view) : view_(view) {
    read_arguments(sshd_arguments(view));
    read(settings_.file, false, 0);
  }

  SshdSettings result() && { return std::move(settings_); }

 private:
  // As getopt() does: letters may stand together, and the value of one follows at once or is the next word.
  void read_arguments(const std::vector<std::string>& arguments) {
    constexpr std::string_view k_with_value = "CEbcfghkopu";
    for (std::size_t index = 0; index < arguments.size(); ++index) {
      const std::string& word = arguments[index];
      if (!word.starts_with('-')) continue;
      const std::size_t letter = word.find_first_of(k_with_value, 1);
      if (letter == std::string::npos) continue;
      std::string value = word.substr(letter + 1);
      if (value.empty() && index + 1 < arguments.size()) value = arguments[++index];
      read_option(word[letter], value);
    }
  }

  // -p PORT in place of the settings' ports, -o SETTING before them, -f in place of the file.
  void read_option(char letter, const std::string& value) {
    bool conditional = false;
    if (letter == 'f') settings_.file = value;
    if (letter == 'o') read_line(value, conditional, 0);
    if (letter == 'p') settings_.option_ports.push_back(value);
  }

  // A Match holds to the end of its file.
  void read(const std::string& path, bool conditional, int depth) {
    constexpr int k_deepest = 16;  // sshd's limit for nested Includes
    if (depth > k_deepest) return;
    const std::string text = text_or_nothing(view_, path);
    for (const std::string_view line : lines_of(text)) read_line(std::string(line), conditional, depth);
  }

  // A # at the beginning of a word makes a comment of the rest.
  void read_line(std::string line, bool& conditional, int depth) {
    const std::size_t key_end = line.find_first_of(" \t=", line.find_first_not_of(" \t"));
    if (key_end != std::string::npos) {  // "Port=22" means "Port 22"
      const std::size_t next = line.find_first_not_of(" \t", key_end);
      if (next != std::string::npos && line[next] == '=') line[next] = ' ';
    }
    std::vector<std::string> words = quoted_words(line);
    words.erase(std::find_if(words.begin(), words.end(), [](const auto& word) { return word.starts_with('#'); }),
                words.end());
    std::erase(words, "");
    if (words.size() < 2) return;
    SshdLine setting{.key = lower_case(words[0]), .conditional = conditional};
    setting.values.assign(words.begin() + 1, words.end());
    if (setting.key == "match") {
      conditional = true;
    } else if (setting.key == "include") {
      for (const std::string& pattern : setting.values) include(pattern, conditional, depth);
    } else {
      settings_.lines.push_back(std::move(setting));
    }
  }

  void include(std::string pattern, bool conditional, int depth) {
    if (pattern.front() != '/') pattern.insert(0, "/etc/ssh/");
    const bool ours = !conditional && !settings_.reads_drop_ins && matches(k_sshd_drop_in, pattern);
    const std::size_t slash = pattern.rfind('/');
    const std::string directory = pattern.substr(0, slash);
    bool passed = false;
    for (const std::string& name : view_.files.list(directory)) {  // in the order in which sshd reads them
      const std::string path = directory + "/" + name;
      if (ours && !passed && path >= k_sshd_drop_in) {
        settings_.before_drop_in = settings_.lines.size();
        passed = true;
      }
      if (path != k_sshd_drop_in && matches(name, std::string_view(pattern).substr(slash + 1)))
        read(path, conditional, depth + 1);
    }
    if (ours && !passed) settings_.before_drop_in = settings_.lines.size();
    if (ours) settings_.reads_drop_ins = true;
  }

  const View& view_;
  SshdSettings settings_{};
};

}  // namespace

std::string SshdSettings::value(std::string_view key, std::string_view otherwise) const {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const SshdLine& line) { return line.key == key && !line.conditional; });
  return found == lines.end() ? std::string(otherwise) : lower_case(found->values.front());
}

bool SshdSettings::depends(std::string_view key) const {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const SshdLine& line) { return line.key == key && line.conditional; });
}

bool SshdSettings::decided_elsewhere(std::string_view key) const {
  for (std::size_t index = 0; index < lines.size(); ++index) {
    const SshdLine& line = lines[index];
    if (line.key == key && (line.conditional || index < before_drop_in)) return true;
  }
  return false;
}

bool SshdSettings::has_any(std::initializer_list<std::string_view> keys) const {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const SshdLine& line) { return std::find(keys.begin(), keys.end(), line.key) != keys.end(); });
}

SshdSettings sshd_settings(const View& view) { return SshdReader(view).result(); }

}  // namespace mailinabox
