#include "base/yaml_pieces.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

class EntryReader {
 public:
  EntryReader(std::string_view file, const std::string& expected, const std::string& mapping)
      : expected_(expected), mapping_(mapping) {
    result_.file = intern_file(file);
  }

  YamlEntries read(const std::string& text) {
    try {
      auto document = parse_yaml(text, *result_.file);
      if (!document->empty) add_all(*document, 0);
      result_.documents.push_back(std::move(document));
    } catch (const RecipeError& error) {
      read_pieces(text, error);
    }
    return std::move(result_);
  }

 private:
  void read_pieces(const std::string& text, const RecipeError& whole) {
    const std::vector<YamlPiece> pieces = yaml_pieces(text);
    std::map<std::string, int> last;
    for (const YamlPiece& piece : pieces) {
      result_.documents.push_back(parse_piece(piece));
      if (const YamlNode* key = key_of(result_.documents.back().get())) last[key->text] = piece.first_line;
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const YamlNode* key = key_of(result_.documents[i].get());
      if (key == nullptr) continue;
      if (const int line = last[key->text]; line != pieces[i].first_line) {
        add_fault({result_.file, key->line + pieces[i].first_line, key->column},
                  "\"" + key->text + "\" is repeated in line " + std::to_string(line + 1), key->text);
        result_.faults.back().repeated = true;
      } else {
        add_all(*result_.documents[i], pieces[i].first_line);
      }
    }
    // The error was between the entries.
    if (result_.faults.empty()) add_fault(whole.where(), whole.message(), "");
  }

  static const YamlNode* key_of(const YamlDocument* document) {
    const bool mapping = document != nullptr && document->root.is_map() && document->root.children.size() >= 2;
    return mapping ? &document->root.children.front() : nullptr;
  }

  // Of a piece that cannot be read: what stands before the colon.
  static std::string written_key(const YamlPiece& piece) {
    const std::string_view line = lines_with_ends(piece.text).front();
    return std::string(trim(trim(line.substr(0, line.find(':'))), "'\""));
  }

  std::unique_ptr<YamlDocument> parse_piece(const YamlPiece& piece) {
    try {
      auto document = parse_yaml(piece.text, *result_.file);
      const bool separator = piece.text.starts_with("---") || piece.text.front() == '%';
      if (!document->root.is_map() && !document->empty && !separator) {
        add_fault({result_.file, document->root.line + piece.first_line, document->root.column},
                  "expected " + expected_, written_key(piece));
      }
      return document;
    } catch (const RecipeError& error) {
      std::string message = error.message();
      if (piece.text.front() == '*') message = "a name that begins with * needs quotes";
      add_fault({result_.file, error.where().line + piece.first_line, error.where().column}, message,
                written_key(piece));
      return nullptr;
    }
  }

  void add_all(const YamlDocument& document, int first_line) {
    const YamlNode& root = document.root;
    if (root.empty_scalar()) return;
    if (!root.is_map())
      return add_fault({result_.file, root.line + first_line, root.column},
                       "expected a mapping " + mapping_ + ", found " + std::string(describe(root)), "");
    for (std::size_t i = 0; i + 1 < root.children.size(); i += 2)
      result_.entries.push_back({&root.children[i], &root.children[i + 1], first_line});
  }

  void add_fault(const Position& where, const std::string& message, const std::string& key) {
    result_.faults.push_back({.where = where, .message = message, .key = key});
  }

  std::string expected_;
  std::string mapping_;
  YamlEntries result_{};
};

}  // namespace

std::vector<std::string_view> lines_with_ends(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

std::vector<YamlPiece> yaml_pieces(std::string_view text) {
  std::vector<YamlPiece> pieces;
  int line_number = 0;
  for (const std::string_view line : lines_with_ends(text)) {
    const bool continues = std::string_view(" \t\r\n#-]}").find(line.front()) != std::string_view::npos;
    if (!continues) pieces.push_back({"", line_number});
    if (!pieces.empty()) pieces.back().text += line;
    ++line_number;
  }
  return pieces;
}

YamlEntries read_yaml_entries(const std::string& text, std::string_view file, const std::string& expected,
                              const std::string& mapping) {
  return EntryReader(file, expected, mapping).read(text);
}

}  // namespace mailinabox
