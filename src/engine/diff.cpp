#include "engine/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace mailinabox {
namespace {

constexpr int k_context = 3;
// Time and memory of the search grow with the square of this.
constexpr int k_most_edits = 1000;

using Lines = std::vector<std::string_view>;

Lines whole_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::size_t length = newline == std::string_view::npos ? text.size() : newline + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

// One step of the script that turns the one text into the other.
struct Edit {
  enum class Kind : std::uint8_t { keep, remove, add };
  Kind kind = Kind::keep;
  std::string_view line{};
};
using Script = std::vector<Edit>;

// Lines as numbers: equal lines have equal ones.
class Numbering {
 public:
  std::vector<int> of(const Lines& lines) {
    std::vector<int> numbers;
    numbers.reserve(lines.size());
    for (const std::string_view line : lines) {
      numbers.push_back(numbers_.emplace(line, static_cast<int>(numbers_.size())).first->second);
    }
    return numbers;
  }

 private:
  std::unordered_map<std::string_view, int> numbers_{};
};

// Myers' greedy search: after `edits` removals and additions, how far along each diagonal (k = x - y) one can be.
class Search {
 public:
  Search(const std::vector<int>& before, const std::vector<int>& after) : before_(before), after_(after) {}

  // Positions on the shortest path from its end back to (0, 0), or nothing where it needs too many edits.
  std::vector<std::pair<int, int>> path() {
    const int width = static_cast<int>(before_.size());
    const int height = static_cast<int>(after_.size());
    for (int edits = 0; edits <= std::min(width + height, k_most_edits); ++edits) {
      rows_.emplace_back(static_cast<std::size_t>(2 * edits + 1));
      for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
        const int x = slide(furthest(edits, diagonal), diagonal);
        at(edits, diagonal) = x;
        if (diagonal == width - height && x >= width) return trace(edits, diagonal);
      }
    }
    return {};
  }

 private:
  int& at(int edits, int diagonal) {
    return rows_[static_cast<std::size_t>(edits)][static_cast<std::size_t>(diagonal + edits)];
  }

  bool comes_from_above(int edits, int diagonal) {
    if (diagonal == -edits) return true;
    if (diagonal == edits) return false;
    return at(edits - 1, diagonal - 1) < at(edits - 1, diagonal + 1);
  }

  int furthest(int edits, int diagonal) {
    if (edits == 0) return 0;
    return comes_from_above(edits, diagonal) ? at(edits - 1, diagonal + 1) : at(edits - 1, diagonal - 1) + 1;
  }

  int slide(int x, int diagonal) const {
    const int width = static_cast<int>(before_.size());
    const int height = static_cast<int>(after_.size());
    while (x < width && x - diagonal < height && x - diagonal >= 0 &&
           before_[static_cast<std::size_t>(x)] == after_[static_cast<std::size_t>(x - diagonal)]) {
      ++x;
    }
    return x;
  }

  std::vector<std::pair<int, int>> trace(int edits, int diagonal) {
    std::vector<std::pair<int, int>> positions;
    int x = static_cast<int>(before_.size());
    positions.emplace_back(x, x - diagonal);
    for (; edits > 0; --edits) {
      const int start = furthest(edits, diagonal);
      positions.emplace_back(start, start - diagonal);  // where the run of equal lines begins
      diagonal += comes_from_above(edits, diagonal) ? 1 : -1;
      x = at(edits - 1, diagonal);
      positions.emplace_back(x, x - diagonal);
    }
    positions.emplace_back(0, 0);
    std::reverse(positions.begin(), positions.end());
    return positions;
  }

  const std::vector<int>& before_;
  const std::vector<int>& after_;
  std::vector<std::vector<int>> rows_{};
};

void add_lines(Script& script, Edit::Kind kind, const Lines& lines, std::size_t from, std::size_t to) {
  for (; from < to; ++from) script.push_back({kind, lines[from]});
}

void add_middle(Script& script, const Lines& before, const Lines& after) {
  Numbering numbering;
  const std::vector<int> left = numbering.of(before);
  const std::vector<int> right = numbering.of(after);
  const auto path = Search(left, right).path();
  if (path.empty()) {
    add_lines(script, Edit::Kind::remove, before, 0, before.size());
    add_lines(script, Edit::Kind::add, after, 0, after.size());
    return;
  }
  for (std::size_t step = 1; step < path.size(); ++step) {
    const auto [x, y] = path[step - 1];
    const auto [next_x, next_y] = path[step];
    const Edit::Kind kind = next_x - x == next_y - y ? Edit::Kind::keep
                            : next_x > x             ? Edit::Kind::remove
                                                     : Edit::Kind::add;
    const bool added = kind == Edit::Kind::add;
    add_lines(script, kind, added ? after : before, static_cast<std::size_t>(added ? y : x),
              static_cast<std::size_t>(added ? next_y : next_x));
  }
}

Script compare(std::string_view before_text, std::string_view after_text) {
  Lines before = whole_lines(before_text);
  Lines after = whole_lines(after_text);
  const std::size_t most = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < most && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < most - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
  Script script;
  add_lines(script, Edit::Kind::keep, before, 0, head);
  using Offset = Lines::difference_type;
  add_middle(script, Lines(before.begin() + static_cast<Offset>(head), before.end() - static_cast<Offset>(tail)),
             Lines(after.begin() + static_cast<Offset>(head), after.end() - static_cast<Offset>(tail)));
  add_lines(script, Edit::Kind::keep, before, before.size() - tail, before.size());
  return script;
}

void print(std::string& text, const Edit& edit, std::string_view added) {
  const bool whole = !edit.line.empty() && edit.line.back() == '\n';
  text += edit.kind == Edit::Kind::keep ? ' ' : edit.kind == Edit::Kind::remove ? '-' : '+';
  text += whole ? edit.line.substr(0, edit.line.size() - 1) : edit.line;
  if (edit.kind == Edit::Kind::add) text += added;
  text += whole ? "\n" : "\n\\ No newline at end of file\n";
}

// "3,4", "3" for one line, "2,0" for none after the second.
std::string range(std::size_t first, std::size_t count) {
  if (count == 1) return std::to_string(first);
  return fmt::format("{},{}", count == 0 ? first - 1 : first, count);
}

void print_hunk(std::string& text, const Script& script, std::size_t from, std::size_t to, std::size_t before_line,
                std::size_t after_line, std::string_view added) {
  std::size_t before_count = 0;
  std::size_t after_count = 0;
  std::string body;
  for (std::size_t index = from; index < to; ++index) {
    if (script[index].kind != Edit::Kind::add) ++before_count;
    if (script[index].kind != Edit::Kind::remove) ++after_count;
    print(body, script[index], added);
  }
  text += fmt::format("@@ -{} +{} @@\n", range(before_line, before_count), range(after_line, after_count)) + body;
}

}  // namespace

std::string unified_hunks(std::string_view before, std::string_view after, std::string_view added) {
  const Script script = compare(before, after);
  const auto is_edit = [](const Edit& edit) { return edit.kind != Edit::Kind::keep; };
  std::string text;
  std::size_t index = 0;
  std::size_t before_line = 1;
  std::size_t after_line = 1;
  while (true) {
    const auto first =
        std::find_if(script.begin() + static_cast<Script::difference_type>(index), script.end(), is_edit);
    if (first == script.end()) return text;
    const auto edit = static_cast<std::size_t>(first - script.begin());
    const std::size_t from = std::max(index, edit > k_context ? edit - k_context : 0);
    before_line += from - index;
    after_line += from - index;
    std::size_t last = edit;
    for (std::size_t next = edit; next < script.size() && next - last <= 2 * k_context + 1; ++next) {
      if (is_edit(script[next])) last = next;
    }
    index = std::min(script.size(), last + 1 + k_context);
    print_hunk(text, script, from, index, before_line, after_line, added);
    for (std::size_t passed = from; passed < index; ++passed) {
      if (script[passed].kind != Edit::Kind::add) ++before_line;
      if (script[passed].kind != Edit::Kind::remove) ++after_line;
    }
  }
}

LineCount count_changed_lines(std::string_view before, std::string_view after) {
  LineCount count;
  for (const Edit& edit : compare(before, after)) {
    if (edit.kind == Edit::Kind::remove) ++count.removed;
    if (edit.kind == Edit::Kind::add) ++count.added;
  }
  return count;
}

bool is_text(std::string_view content) {
  std::size_t index = 0;
  while (index < content.size()) {
    const auto lead = static_cast<unsigned char>(content[index]);
    if (lead == 0) return false;
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : 4;
    if (lead >= 0xF5 || (lead >= 0x80 && lead < 0xC2) || index + length > content.size()) return false;
    for (std::size_t next = 1; next < length; ++next) {
      if ((static_cast<unsigned char>(content[index + next]) & 0xC0) != 0x80) return false;
    }
    if (length > 2) {
      const auto second = static_cast<unsigned char>(content[index + 1]);
      const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
      const bool beyond = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
      if (overlong || beyond) return false;
    }
    index += length;
  }
  return true;
}

}  // namespace mailinabox
