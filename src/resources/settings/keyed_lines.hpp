// The editor for all formats with one key on each line: finds the active lines of a key, makes them one, and finds the
// place of a new one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources/settings/editor.hpp"
#include "resources/settings/lines.hpp"

namespace mailinabox {

// One active setting of a file.
struct KeyedLine {
  int section = 0;  // index into KeyedText::sections
  std::string key{};
  std::string value{};               // decoded: as the program that reads the file sees it
  std::vector<std::size_t> lines{};  // its lines, ascending, without comments in between
  std::string before_key{};          // indentation, "export "
  std::string separator{};           // between key and value, with blanks
  std::string after_value{};         // a comment after it
  std::string uneditable{};          // why it cannot be changed line by line; "" if it can
  bool opaque = false;               // its value is unknown (shell expansions) and never equals a wanted one
};

struct KeyedSection {
  std::string name{};
  std::size_t header = 0;  // line of its header; unused for the first, nameless one
};

struct KeyedText {
  std::vector<KeyedSection> sections{{}};  // the first is the part before any header
  std::vector<KeyedLine> settings{};       // in the order of the file
  // place[i]: the section of a line inserted before line i; -1 if none may be inserted there (inside a block, between a
  // line and its continuation). One element more than lines.
  std::vector<int> place{};
};

class KeyedFormat {
 public:
  virtual ~KeyedFormat() = default;

  virtual KeyedText parse(const Lines& lines) const = 0;

  // The setting that a comment line would be without its comment character.
  virtual std::optional<KeyedLine> commented_out(const std::string& line) const = 0;

  // The lines of a setting; `style` gives indentation and separator.
  virtual std::vector<std::string> render(const KeyedLine& style, const std::string& key,
                                          const std::string& value) const = 0;
  virtual std::string default_separator() const = 0;

  virtual bool same_key(const std::string& one, const std::string& other) const { return one == other; }
  virtual bool same_value(const std::string& present, const std::string& wanted) const { return present == wanted; }

  // Missing sections are appended; without sections all settings belong to the first.
  virtual bool has_sections() const { return false; }
};

EditedText edit_keyed_lines(const KeyedFormat& format, const std::string& file, const std::string& text,
                            const WantedSettings& wanted);

// The parts of "key = value"; nothing without "=" or with anything but one word before it.
std::optional<KeyedLine> split_assignment(std::string_view line);

// The text after the comment character that begins a line (blanks may precede it); nothing if the line is not a
// comment.
std::optional<std::string_view> comment_text(std::string_view line, std::string_view comment_characters);

// The "KEY = value" in a comment, with the line's own indentation; nothing if the line is not such a comment.
std::optional<KeyedLine> commented_assignment(std::string_view line, std::string_view comment_characters);

// For refusal(): every value must be a text, of one line unless `multiline`, and every key a word without any of
// `forbidden`.
std::optional<std::string> refuse_keyed(const ValueMap& values, std::string_view forbidden, bool multiline = false);

// Follows blocks in braces ("protocol imap {" … "}") through a file; their content is not edited.
class BlockTracker {
 public:
  explicit BlockTracker(const Lines& lines) : lines_(lines) {}
  // Takes the next line, which is not a comment; true if it is inside a block, opens or closes one.
  bool takes(std::size_t index);
  bool inside() const { return !open_.empty(); }
  void finish() const;  // throws Error for a block without an end

 private:
  const Lines& lines_;
  std::vector<std::size_t> open_{};
};

}  // namespace mailinabox
