#include "os/apt_sources.hpp"

#include <algorithm>
#include <cstdio>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_list = "/etc/apt/sources.list";
constexpr const char* k_parts = "/etc/apt/sources.list.d";
constexpr const char* k_copy = "/run/mailinabox-sources";
constexpr const char* k_list_copy = "/run/mailinabox-sources/sources.list";
constexpr const char* k_parts_copy = "/run/mailinabox-sources/sources.list.d";
constexpr std::string_view k_disc = "cdrom:";

bool is_disc_line(std::string_view line) {
  std::string_view rest = trim(line);
  const std::string_view type = rest.substr(0, rest.find_first_of(" \t["));
  if (type != "deb" && type != "deb-src") return false;
  rest = trim(rest.substr(type.size()));
  if (rest.starts_with('[')) rest = trim(rest.substr(std::min(rest.find(']') + 1, rest.size())));
  return rest.starts_with(k_disc);
}

// The value of URIs may begin on a line after the field's name.
bool is_disc_stanza(const std::vector<std::string_view>& lines) {
  constexpr std::string_view k_field = "uris:";
  bool reached = false;
  for (std::string_view line : lines) {
    if (line.starts_with('#')) continue;
    if (!reached) {
      if (!lower_case(line).starts_with(k_field)) continue;
      reached = true;
      line.remove_prefix(k_field.size());
    } else if (!line.starts_with(' ') && !line.starts_with('\t')) {
      return false;
    }
    if (const std::string_view value = trim(line); !value.empty()) return value.starts_with(k_disc);
  }
  return false;
}

}  // namespace

std::optional<std::string> without_disc_lines(const std::string& sources) {
  std::string text;
  bool any = false;
  for (const std::string_view line : lines_of(sources)) {
    const bool disc = is_disc_line(line);
    any = any || disc;
    if (!disc) text += std::string(line) + "\n";
  }
  return any ? std::optional(text) : std::nullopt;
}

std::optional<std::string> without_disc_stanzas(const std::string& sources) {
  std::string text;
  bool any = false;
  std::vector<std::string_view> stanza;
  const auto end_stanza = [&] {
    const bool disc = is_disc_stanza(stanza);
    any = any || disc;
    for (const std::string_view line : stanza) {
      if (!disc) text += std::string(line) + "\n";
    }
    stanza.clear();
  };
  for (const std::string_view line : lines_of(sources)) {
    stanza.push_back(line);
    if (trim(line).empty()) end_stanza();
  }
  end_stanza();
  return any ? std::optional(text) : std::nullopt;
}

SourcesWithoutDiscs::SourcesWithoutDiscs(FileSystem& files) : files_(files) {
  std::vector<NewFile> copies;
  bool any = false;
  const auto add = [&](const std::string& from, const std::string& to, const auto& without) {
    const auto file = files_.read(from);
    if (!file) return;
    const std::optional<std::string> others = without(file->content);
    any = any || others;
    copies.push_back({to, others.value_or(file->content), {}});
  };
  add(k_list, k_list_copy, without_disc_lines);
  for (const std::string& name : files_.list(k_parts)) {
    const std::string from = std::string(k_parts) + "/" + name;
    const std::string to = std::string(k_parts_copy) + "/" + name;
    if (name.ends_with(".list")) add(from, to, without_disc_lines);
    if (name.ends_with(".sources")) add(from, to, without_disc_stanzas);
  }
  if (any) write(copies);
}

void SourcesWithoutDiscs::write(const std::vector<NewFile>& copies) {
  remove();  // of a run that was killed
  try {
    files_.make_directory(k_copy, {0700, 0, 0});
    files_.make_directory(k_parts_copy, {0700, 0, 0});
    for (const NewFile& copy : copies) files_.write(copy.path, copy.content, copy.attributes);
  } catch (...) {
    remove();
    throw;
  }
  options_ = {"-oDir::Etc::SourceList=" + std::string(k_list_copy),
              "-oDir::Etc::SourceParts=" + std::string(k_parts_copy)};
}

void SourcesWithoutDiscs::remove() noexcept {
  try {
    files_.remove(k_copy, true);
  } catch (const Error& error) {
    // The next run that needs it, or a restart, removes it.
    std::fprintf(stderr, "%s cannot be removed, and is of no use any more: %s\n", k_copy, error.what());
  }
}

SourcesWithoutDiscs::~SourcesWithoutDiscs() {
  if (!options_.empty()) remove();
}

}  // namespace mailinabox
