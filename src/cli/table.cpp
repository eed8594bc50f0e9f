#include "cli/table.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace mailinabox {
namespace {

std::string harmless(std::string cell) {
  if (printable_utf8(cell)) return cell;
  std::replace_if(
      cell.begin(), cell.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  if (printable_utf8(cell)) return cell;
  // Not UTF-8, or one of its control characters.
  std::replace_if(
      cell.begin(), cell.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return cell;
}

}  // namespace

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> cells = rows;
  std::vector<std::size_t> widths;
  for (std::vector<std::string>& row : cells) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column) {
      row[column] = harmless(row[column]);
      widths[column] = std::max(widths[column], display_width(row[column]));
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : cells) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column > 0) line += "  ";
      line += row[column] + std::string(widths[column] - display_width(row[column]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace mailinabox
