#include "engine/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_context = 3;
// Time and memory of the search grow with the square of this.
constexpr int k_most_edits = 1000;

using Lines = std::vector<std::string_view>;

// With their "\n".
Lines whole_lines(std::string_view text) {
  Lines lines = lines_of(text);
  for (std::string_view& line : lines) {
    const bool ends = line.data() + line.size() != text.data() + text.size();
    if (ends) line = {line.data(), line.size() + 1};
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

void add_lines(Script& script, Edit::Kind kind, const Lines& lines) {
  for (const std::string_view line : lines) script.push_back({kind, line});
}

// Myers' greedy search: after `edits` removals and additions, how far along each diagonal (k = x - y) one can be.
class Search {
 public:
  Search(const Lines& before, const Lines& after) : before_(before), after_(after) {}

  // Nothing if it needs too many edits.
  std::optional<Script> shortest() {
    for (int edits = 0; edits <= std::min(width_ + height_, k_most_edits); ++edits) {
      rows_.emplace_back(static_cast<std::size_t>(2 * edits + 1));
      for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
        const int x = slide(furthest(edits, diagonal), diagonal);
        at(edits, diagonal) = x;
        if (diagonal == width_ - height_ && x >= width_) return trace(edits, diagonal);
      }
    }
    return std::nullopt;
  }

 private:
  int& at(int edits, int diagonal) {
    return rows_[static_cast<std::size_t>(edits)][static_cast<std::size_t>(diagonal + edits)];
  }
  std::string_view before(int x) const { return before_[static_cast<std::size_t>(x)]; }
  std::string_view after(int y) const { return after_[static_cast<std::size_t>(y)]; }

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
    while (x < width_ && x - diagonal < height_ && x - diagonal >= 0 && before(x) == after(x - diagonal)) ++x;
    return x;
  }

  // The way that led to the end, gone back.
  Script trace(int edits, int diagonal) {
    Script script;
    for (int x = width_;; --edits) {
      const int start = furthest(edits, diagonal);  // where the run of equal lines begins
      while (x > start) script.push_back({Edit::Kind::keep, before(--x)});
      if (edits == 0) break;
      if (comes_from_above(edits, diagonal)) {
        script.push_back({Edit::Kind::add, after(x - diagonal - 1)});
        ++diagonal;
      } else {
        script.push_back({Edit::Kind::remove, before(--x)});
        --diagonal;
      }
    }
    std::reverse(script.begin(), script.end());
    return script;
  }

  const Lines& before_;
  const Lines& after_;
  const int width_ = static_cast<int>(before_.size());
  const int height_ = static_cast<int>(after_.size());
  std::vector<std::vector<int>> rows_{};
};

Script compare(std::string_view before_text, std::string_view after_text) {
  const Lines before = whole_lines(before_text);
  const Lines after = whole_lines(after_text);
  const auto [head, head_after] = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  const auto [tail, tail_after] = std::mismatch(before.rbegin(), std::make_reverse_iterator(head), after.rbegin(),
                                                std::make_reverse_iterator(head_after));
  const Lines removed(head, tail.base());
  const Lines added(head_after, tail_after.base());
  Script script;
  add_lines(script, Edit::Kind::keep, {before.begin(), head});
  if (const auto shortest = Search(removed, added).shortest()) {
    script.insert(script.end(), shortest->begin(), shortest->end());
  } else {
    add_lines(script, Edit::Kind::remove, removed);
    add_lines(script, Edit::Kind::add, added);
  }
  add_lines(script, Edit::Kind::keep, {tail.base(), before.end()});
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

// Which parts of a script are shown: its edits and some lines around each.
std::vector<bool> shown_parts(const Script& script) {
  std::vector<bool> shown(script.size());
  for (std::size_t edit = 0; edit < script.size(); ++edit) {
    if (script[edit].kind == Edit::Kind::keep) continue;
    const std::size_t end = std::min(script.size(), edit + k_context + 1);
    for (std::size_t index = edit - std::min(edit, k_context); index < end; ++index) shown[index] = true;
  }
  return shown;
}

}  // namespace

std::string unified_hunks(std::string_view before, std::string_view after, std::string_view added) {
  const Script script = compare(before, after);
  const std::vector<bool> shown = shown_parts(script);
  std::string text;
  std::size_t before_line = 1;
  std::size_t after_line = 1;
  for (std::size_t index = 0; index < script.size();) {
    const bool hunk = shown[index];
    std::size_t before_count = 0;
    std::size_t after_count = 0;
    std::string body;
    for (; index < script.size() && shown[index] == hunk; ++index) {
      if (script[index].kind != Edit::Kind::add) ++before_count;
      if (script[index].kind != Edit::Kind::remove) ++after_count;
      if (hunk) print(body, script[index], added);
    }
    if (hunk) text += fmt::format("@@ -{} +{} @@\n", range(before_line, before_count), range(after_line, after_count));
    text += body;
    before_line += before_count;
    after_line += after_count;
  }
  return text;
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
  int following = 0;  // bytes of a letter that are still to come
  unsigned lowest = 0x80;
  unsigned highest = 0xBF;
  for (const char letter : content) {
    const auto byte = static_cast<unsigned char>(letter);
    if (following > 0 ? byte < lowest || byte > highest : byte == 0 || (byte >= 0x80 && byte < 0xC2) || byte > 0xF4) {
      return false;
    }
    // RFC 3629: no letter in more bytes than it needs, no surrogates, nothing above U+10FFFF.
    lowest = following == 0 && byte == 0xE0 ? 0xA0 : following == 0 && byte == 0xF0 ? 0x90 : 0x80;
    highest = following == 0 && byte == 0xED ? 0x9F : following == 0 && byte == 0xF4 ? 0x8F : 0xBF;
    following = following > 0 ? following - 1 : byte < 0xC2 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  }
  return following == 0;
}

}  // namespace mailinabox
