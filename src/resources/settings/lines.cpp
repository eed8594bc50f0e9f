#include "resources/settings/lines.hpp"

#include <fmt/core.h>

#include <utility>

#include "base/error.hpp"

namespace mailinabox {

namespace {

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

Lines::Lines(const std::string& file, std::string_view text) : file_(file) {
  if (text.starts_with(k_byte_order_mark)) {
    mark_ = k_byte_order_mark;
    text.remove_prefix(k_byte_order_mark.size());
  }
  bool first = true;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    std::string end = newline == std::string_view::npos ? "" : "\n";
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    // Also at the end of a file that lacks only the newline, which is added with the next line.
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
      end.insert(0, "\r");
    }
    if (first && end.ends_with('\n')) end_ = end;
    first = false;
    if (line.find('\0') != std::string_view::npos) {
      fail(lines_.size(), "expected a text, found a NUL byte; correct the file or move it away");
    }
    lines_.push_back({std::string(line), std::move(end)});
  }
}

void Lines::replace(std::size_t index, std::vector<std::string> with) { replaced_[index] = std::move(with); }

void Lines::insert_before(std::size_t index, std::string line) { inserted_[index].push_back(std::move(line)); }

std::string Lines::text() const {
  std::string result = mark_;
  const auto add = [&](const std::string& line, const std::string& end) {
    if (result.size() > mark_.size() && result.back() != '\n') {  // the last line had no end
      result += result.back() == '\r' ? "\n" : end_;
    }
    result += line + end;
  };
  for (std::size_t index = 0; index <= lines_.size(); ++index) {
    if (const auto found = inserted_.find(index); found != inserted_.end()) {
      for (const std::string& line : found->second) add(line, end_);
    }
    if (index == lines_.size()) break;
    const Line& line = lines_[index];
    if (const auto found = replaced_.find(index); found != replaced_.end()) {
      for (const std::string& with : found->second) add(with, &with == &found->second.back() ? line.end : end_);
    } else {
      add(line.text, line.end);
    }
  }
  return result;
}

void Lines::fail(std::size_t index, const std::string& message) const {
  throw Error(fmt::format("{}:{}: {}", file_, index + 1, message));
}

bool is_space_or_tab(char character) { return character == ' ' || character == '\t'; }

std::string_view leading_blanks(std::string_view text) { return text.substr(0, text.find_first_not_of(" \t")); }

bool is_blank_or_comment(std::string_view line) {
  const std::string_view text = trim(line);
  return text.empty() || text.starts_with('#');
}

std::string fold_blanks(std::string_view text) { return joined(words_of(text), " "); }

}  // namespace mailinabox
