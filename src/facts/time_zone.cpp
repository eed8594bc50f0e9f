#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_time_zone(const View& view) {
  constexpr std::string_view k_folder = "zoneinfo/";
  const std::string target = view.files.read_link("/etc/localtime").value_or("");
  const std::size_t found = target.find(k_folder);
  if (found != std::string::npos && found + k_folder.size() < target.size())
    return Value(target.substr(found + k_folder.size()));
  const std::string text = text_or_nothing(view, "/etc/timezone");
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (!words.empty() && words[0].front() != '#') return Value(words[0]);
  }
  return Value("Etc/UTC");
}

}  // namespace

Fact time_zone_fact() {
  return {"time_zone", "The machine's time zone: Europe/Berlin; Etc/UTC if none is set.", read_time_zone};
}

}  // namespace mailinabox
