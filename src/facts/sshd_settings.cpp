#include "facts/sshd_settings.hpp"

#include <algorithm>

#include "facts/fact_sources.hpp"

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

// The words of SSHD_OPTS in /etc/default/ssh, which systemd's unit and the init script give to sshd.
std::vector<std::string> sshd_options(const View& view) {
  constexpr std::string_view k_key = "SSHD_OPTS=";
  const std::string text = text_or_nothing(view, "/etc/default/ssh");
  std::vector<std::string> options;
  for (const std::string_view line : lines_of(text)) {
    if (!line.starts_with(k_key)) continue;
    std::string value(line.substr(k_key.size()));
    std::erase_if(value, [](char letter) { return letter == '"' || letter == '\''; });
    options.clear();
    for (const std::string_view word : words_of(value)) options.emplace_back(word);
  }
  return options;
}

class SshdReader {
 public:
  explicit SshdReader(const View& view) : view_(view) {
    read_options(sshd_options(view));
    read(settings_.file, false, 0);
  }

  SshdSettings result() && { return std::move(settings_); }

 private:
  // -p PORT in place of the settings' ports, -o SETTING before them, -f in place of the file; the value may follow the
  // letter at once.
  void read_options(const std::vector<std::string>& options) {
    for (std::size_t index = 0; index < options.size(); ++index) {
      const std::string letter = options[index].substr(0, 2);
      if (letter != "-p" && letter != "-o" && letter != "-f") continue;
      std::string value = options[index].substr(2);
      if (value.empty() && index + 1 < options.size()) value = options[++index];
      bool conditional = false;
      if (letter == "-f") settings_.file = value;
      if (letter == "-o") read_line(value, conditional, 0);
      if (letter == "-p") settings_.option_ports.push_back(value);
    }
  }

  // A Match holds to the end of its file.
  void read(const std::string& path, bool conditional, int depth) {
    constexpr int k_deepest = 16;  // sshd's limit for nested Includes
    if (depth > k_deepest) return;
    const std::string text = text_or_nothing(view_, path);
    for (const std::string_view line : lines_of(text)) read_line(std::string(line), conditional, depth);
  }

  void read_line(std::string line, bool& conditional, int depth) {
    std::replace(line.begin(), line.end(), '"', ' ');
    const std::size_t key_end = line.find_first_of(" \t=", line.find_first_not_of(" \t"));
    if (key_end != std::string::npos) {  // "Port=22" means "Port 22"
      const std::size_t next = line.find_first_not_of(" \t", key_end);
      if (next != std::string::npos && line[next] == '=') line[next] = ' ';
    }
    const auto words = words_of(line);
    if (words.size() < 2 || words[0].front() == '#') return;
    SshdLine setting{.key = lower_case(words[0]), .conditional = conditional};
    for (std::size_t i = 1; i < words.size(); ++i) setting.values.emplace_back(words[i]);
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
