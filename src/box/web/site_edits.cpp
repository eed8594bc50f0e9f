#include "box/web/site_edits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/yaml_pieces.hpp"
#include "box/directory/address.hpp"
#include "box/dns/yaml_scalar.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

bool blank_or_comment(std::string_view line) {
  const std::string_view text = trim(line);
  return text.empty() || text.front() == '#';
}

// Lines of the file, from `begin` up to but not with `end`.
struct LineRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A key in the file with the lines that belong to it: without blank lines and comments behind, which belong to what
// follows.
struct PlacedKey {
  const YamlNode* key = nullptr;
  const YamlNode* value = nullptr;
  LineRange lines{};
};

// The file's lines, in which one name's settings are changed.
class SiteText {
 public:
  SiteText(std::string_view text, std::string_view file, const std::string& name) : file_(file), name_(name) {
    for (const std::string_view line : lines_with_ends(text)) lines_.emplace_back(line);
    if (!lines_.empty() && lines_.front().ends_with("\r\n")) line_end_ = "\r\n";
    find_name(text);
  }

  std::string text() const { return joined(lines_, ""); }

  void set(const SiteChange& change) {
    require_readable();
    if (!site_) return append_name(change);
    const std::string indent = indent_of_settings();
    const auto setting = find(*site_, change.setting);
    if (change.setting == "hsts") {
      if (setting) return replace_value(*setting, change.value);
      return insert(site_->lines.end, {indent + "hsts: " + yaml_text(change.value)});
    }
    const std::string line = yaml_text(change.key) + ": " + yaml_text(change.value);
    if (!setting) return insert(site_->lines.end, {indent + change.setting + ":", indent + "  " + line});
    const std::vector<PlacedKey> entries = children(*setting);
    const auto entry =
        std::find_if(entries.begin(), entries.end(), [&](const PlacedKey& at) { return at.key->text == change.key; });
    if (entry != entries.end()) return replace_value(*entry, change.value);
    insert(setting->lines.end, {(entries.empty() ? indent + "  " : indent_of(*entries.front().key)) + line});
  }

  void remove(const SiteChange& change) {
    if (change.setting.empty()) return remove_name();
    require_readable();
    if (!site_) return;
    const auto setting = find(*site_, change.setting);
    if (!setting) return;
    LineRange gone = setting->lines;
    bool last = true;
    if (!change.key.empty() && change.setting != "hsts") {
      const auto entry = find(*setting, change.key);
      if (!entry) return;
      last = children(*setting).size() == 1;
      if (!last) gone = entry->lines;
    }
    erase(last && children(*site_).size() == 1 ? site_->lines : gone);
  }

 private:
  [[noreturn]] void refuse(std::size_t line, const std::string& message) const {
    throw Error(fmt::format("{}:{}: {}; change it in an editor", file_, line + 1, message));
  }

  void find_name(std::string_view text) {
    const auto is_named = [&](const std::string& key) { return domain_to_ascii(key) == name_; };
    for (const YamlPiece& piece : yaml_pieces(text)) {
      const YamlEntries entries = read_yaml_entries(piece.text, file_, "", "");
      const bool broken = std::any_of(entries.faults.begin(), entries.faults.end(),
                                      [&](const YamlFault& fault) { return is_named(fault.key); });
      const bool named = std::any_of(entries.entries.begin(), entries.entries.end(),
                                     [&](const YamlEntry& entry) { return is_named(entry.key->text); });
      if (!broken && !named) continue;
      const auto first = static_cast<std::size_t>(piece.first_line);
      pieces_.push_back(without_tail({first, first + lines_with_ends(piece.text).size()}));
      unreadable_ = unreadable_ || broken;
      if (broken) continue;
      document_ = parse_yaml(piece.text, file_);
      first_line_ = first;
      const auto& nodes = document_->root.children;
      several_ = several_ || nodes.size() != 2 || nodes.front().column != 1;
      site_ = PlacedKey{&nodes[0], &nodes[1], pieces_.back()};
    }
  }

  void require_readable() const {
    if (unreadable_ || pieces_.size() > 1) refuse(pieces_.front().begin, "these lines of " + name_ + " cannot be read");
    if (several_) refuse(pieces_.front().begin, one_line_each());
  }

  void remove_name() {
    if (several_) refuse(pieces_.front().begin, one_line_each());
    for (; !pieces_.empty(); pieces_.pop_back()) erase(pieces_.back());
  }

  static std::string one_line_each() { return "expected each setting on a line of its own"; }

  LineRange without_tail(LineRange range) const {
    while (range.end > range.begin + 1 && blank_or_comment(lines_[range.end - 1])) --range.end;
    return range;
  }

  std::size_t line_of(const YamlNode& node) const { return first_line_ + static_cast<std::size_t>(node.line) - 1; }
  std::string indent_of(const YamlNode& node) const {
    return std::string(static_cast<std::size_t>(node.column) - 1, ' ');
  }

  std::string indent_of_settings() const {
    const std::vector<PlacedKey> settings = children(*site_);
    return settings.empty() ? "  " : indent_of(*settings.front().key);
  }

  // Throws unless each stands on a line of its own.
  std::vector<PlacedKey> children(const PlacedKey& parent) const {
    std::vector<PlacedKey> placed;
    if (parent.value->empty_scalar()) return placed;
    if (!parent.value->is_map()) refuse(line_of(*parent.value), one_line_each());
    const auto& nodes = parent.value->children;
    std::size_t above = line_of(*parent.key);
    for (std::size_t i = 0; i + 1 < nodes.size(); i += 2) {
      const std::size_t line = line_of(nodes[i]);
      const std::string before = lines_[line].substr(0, static_cast<std::size_t>(nodes[i].column) - 1);
      if (line <= above || before.find_first_not_of(' ') != std::string::npos) refuse(line, one_line_each());
      if (!placed.empty()) placed.back().lines = without_tail({placed.back().lines.begin, line});
      placed.push_back({&nodes[i], &nodes[i + 1], {line, parent.lines.end}});
      above = line;
    }
    if (placed.empty()) refuse(above, one_line_each());  // {}
    return placed;
  }

  std::optional<PlacedKey> find(const PlacedKey& parent, std::string_view key) const {
    for (const PlacedKey& child : children(parent)) {
      if (child.key->text == key) return child;
    }
    return std::nullopt;
  }

  // The value's end in its line, if it is one piece of this line.
  std::optional<std::size_t> end_in_line(const std::string& line, const YamlNode& value) const {
    const std::size_t begin = static_cast<std::size_t>(value.column) - 1;
    if (value.plain) {
      const bool there = line.compare(begin, value.text.size(), value.text) == 0;
      return there ? std::optional(begin + value.text.size()) : std::nullopt;
    }
    const char quote = begin < line.size() ? line[begin] : '\0';
    if (quote != '"' && quote != '\'') return std::nullopt;
    for (std::size_t i = begin + 1; i < line.size(); ++i) {
      if (line[i] == quote && quote == '\'' && i + 1 < line.size() && line[i + 1] == quote) {
        ++i;
      } else if (line[i] == quote) {
        return i + 1;
      } else if (quote == '"' && line[i] == '\\') {
        ++i;
      }
    }
    return std::nullopt;
  }

  // A comment behind the value stays.
  void replace_value(const PlacedKey& entry, const std::string& value) {
    const std::size_t line = line_of(*entry.value);
    std::string& text = lines_[line];
    const auto end = entry.lines.begin == line && entry.lines.end == line + 1 && !entry.value->empty_scalar()
                         ? end_in_line(text, *entry.value)
                         : std::nullopt;
    if (!end) refuse(entry.lines.begin, one_line_each());
    const std::size_t begin = static_cast<std::size_t>(entry.value->column) - 1;
    text = text.substr(0, begin) + yaml_text(value) + text.substr(*end);
  }

  void insert(std::size_t at, const std::vector<std::string>& added) {
    if (at > 0 && !lines_[at - 1].ends_with('\n')) lines_[at - 1] += line_end_;
    for (std::size_t i = 0; i < added.size(); ++i)
      lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at + i), added[i] + line_end_);
  }

  void erase(const LineRange& range) {
    const auto place = [&](std::size_t line) { return lines_.begin() + static_cast<std::ptrdiff_t>(line); };
    lines_.erase(place(range.begin), place(range.end));
  }

  void append_name(const SiteChange& change) {
    std::vector<std::string> added = {yaml_text(change.name) + ":"};
    if (change.setting == "hsts") {
      added.push_back("  hsts: " + yaml_text(change.value));
    } else {
      added.push_back("  " + change.setting + ":");
      added.push_back("    " + yaml_text(change.key) + ": " + yaml_text(change.value));
    }
    insert(lines_.size(), added);
  }

  std::string file_;
  std::string name_;
  std::string line_end_ = "\n";
  std::vector<std::string> lines_{};
  std::unique_ptr<YamlDocument> document_{};  // of the name's lines
  std::vector<LineRange> pieces_{};           // all that are the name's
  bool unreadable_ = false;
  bool several_ = false;  // a piece has other names, too
  std::optional<PlacedKey> site_{};
  std::size_t first_line_ = 0;  // of the document
};

// The other names' settings, and mistakes, are what they were.
void require_others_unchanged(const CustomSites& before, const CustomSites& after, const SiteChange& change,
                              std::string_view file) {
  auto others_before = before.all();
  auto others_after = after.all();
  others_before.erase(change.name);
  others_after.erase(change.name);
  if (others_before == others_after) return;
  throw Error(std::string(file) + ": this change would be one of other names, too; change it in an editor");
}

// By itself in a file, any mistake is the change's.
void require_no_mistake(const SiteChange& change, std::string_view file) {
  SiteText lines("", file, change.name);
  lines.set(change);
  const CustomSites alone = CustomSites::parse(lines.text(), file);
  if (!alone.problems().empty()) throw Error(alone.problems().front().message);
}

const SiteProblem* holding_problem(const CustomSites& sites, const SiteChange& change) {
  const auto& problems = sites.problems();
  const auto found = std::find_if(problems.begin(), problems.end(), [&](const SiteProblem& problem) {
    return problem.holds && problem.name == change.name;
  });
  return found == problems.end() ? nullptr : &*found;
}

bool is_set(const CustomSites& sites, const SiteChange& change) {
  const SiteSettings* settings = sites.find(change.name);
  if (settings == nullptr) return false;
  if (change.setting == "hsts") return true;
  const auto& entries = change.setting == "redirects" ? settings->redirects
                        : change.setting == "proxies" ? settings->proxies
                                                      : settings->aliases;
  return contains(entries, SiteEntry{change.key, change.value});
}

// A byte order mark is no part of the first line.
std::pair<std::string_view, std::string_view> mark_and_rest(std::string_view text) {
  const std::size_t mark = text.starts_with(k_byte_order_mark) ? k_byte_order_mark.size() : 0;
  return {text.substr(0, mark), text.substr(mark)};
}

}  // namespace

std::string with_site_setting(const std::string& text, std::string_view file, const SiteChange& change) {
  const auto [mark, rest] = mark_and_rest(text);
  const CustomSites before = CustomSites::parse(text, file);
  if (const SiteProblem* problem = holding_problem(before, change))
    throw Error(to_string(problem->where) + ": " + problem->message + "; correct this first");
  require_no_mistake(change, file);
  SiteText lines(rest, file, change.name);
  lines.set(change);
  std::string changed = std::string(mark) + lines.text();
  const CustomSites after = CustomSites::parse(changed, file);
  require_others_unchanged(before, after, change, file);
  if (const SiteProblem* problem = holding_problem(after, change)) throw Error(problem->message);
  // A mapping in braces cannot be gone on with behind it.
  if (!is_set(after, change) || after.problems().size() > before.problems().size())
    throw Error(std::string(file) + ": this file is not a list of names with their settings; change it in an editor");
  return changed;
}

std::string without_site_setting(const std::string& text, std::string_view file, const SiteChange& change) {
  const auto [mark, rest] = mark_and_rest(text);
  SiteText lines(rest, file, change.name);
  lines.remove(change);
  std::string changed = std::string(mark) + lines.text();
  require_others_unchanged(CustomSites::parse(text, file), CustomSites::parse(changed, file), change, file);
  return changed;
}

}  // namespace mailinabox
