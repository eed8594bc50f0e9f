// A custom.yaml of web sites of any bytes, then changes of any bytes ("SETTING TAB KEY TAB VALUE" in each line behind
// the first NUL) and a snippet behind the second: nothing is thrown that is no refusal, every word is one word for
// nginx, and what is set and removed again leaves the other names as they were.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/web/nginx_words.hpp"
#include "box/web/site_edits.hpp"
#include "box/web/sites.hpp"

using namespace mailinabox;

namespace {

constexpr const char* k_name = "example.com";

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// As nginx reads a word in quotes: it must end where the text does.
void require_word(const std::string& word) {
  require(word.size() >= 2 && (word.front() == '"' || word.front() == '\''));
  std::size_t at = 1;
  while (at < word.size() && word[at] != word.front()) at += word[at] == '\\' ? 2 : 1;
  require(at == word.size() - 1);
  require(std::all_of(word.begin(), word.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20; }));
}

void check_location(const Value& value) {
  const std::string& text = value.find("location")->as_string();
  require_word(text.substr(text.find_first_of("\"'")));
  require(std::string("=~^*\"'").find(text.front()) != std::string::npos);
}

void check_sites(const CustomSites& custom, const std::string& snippet) {
  DnsInput names;
  names.primary_hostname = "box.example.com";
  names.public_ip = "203.0.113.5";
  names.mail_domains = {k_name, "sub.example.com", "xn--mller-kva.example"};
  WebInput web;
  web.storage_root = "/home/user-data";
  web.custom = custom;
  web.snippets[k_name] = {.path = "/x", .text = snippet};
  for (const WebSite& site : web_sites(names, web)) {
    const Value value = site_value(site, web);
    for (const Value& proxy : value.find("proxies")->as_list()) {
      check_location(proxy);
      require_word(proxy.find("url")->as_string());
    }
    for (const Value& alias : value.find("aliases")->as_list()) {
      check_location(alias);
      require_word(alias.find("directory")->as_string());
    }
    for (const Value& redirect : value.find("redirects")->as_list()) {
      require_word(redirect.find("pattern")->as_string());
      require_word(redirect.find("url")->as_string());
    }
  }
}

auto others(const CustomSites& sites) {
  auto all = sites.all();
  all.erase(k_name);
  return all;
}

// Gives the text with the change; the same where it is refused.
std::string changed(const std::string& text, const std::string& line) {
  const std::vector<std::string_view> parts = split(line, '\t');
  if (parts.size() != 3) return text;
  const SiteChange change{k_name, std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
  const bool known = change.setting == "redirects" || change.setting == "proxies" || change.setting == "aliases";
  if (!known && change.setting != "hsts") return text;
  const CustomSites before = CustomSites::parse(text, "custom.yaml");
  std::string with;
  try {
    with = with_site_setting(text, "custom.yaml", change);
  } catch (const Error&) {
    return text;
  }
  const CustomSites after = CustomSites::parse(with, "custom.yaml");
  require(after.find(k_name) != nullptr && others(after) == others(before));
  require(with_site_setting(with, "custom.yaml", change) == with);
  const std::string without = without_site_setting(with, "custom.yaml", change);
  require(others(CustomSites::parse(without, "custom.yaml")) == others(before));
  require(without != with);
  return with;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t file_end = std::min(input.find('\0'), input.size());
  const std::size_t changes_end = std::min(input.find('\0', std::min(file_end + 1, input.size())), input.size());
  std::string text = input.substr(0, file_end);
  const std::string changes = file_end < input.size() ? input.substr(file_end + 1, changes_end - file_end - 1) : "";
  const std::string snippet = changes_end < input.size() ? input.substr(changes_end + 1) : "";
  static_cast<void>(snippet_fault(snippet));
  const CustomSites custom = CustomSites::parse(text, "custom.yaml");
  for (const SiteProblem& problem : custom.problems()) require(problem.text().rfind("custom.yaml:", 0) == 0);
  check_sites(custom, snippet);
  for (const std::string_view line : lines_of(changes)) text = changed(text, std::string(line));
  for (const char* name : {k_name, "sub.example.com"}) {
    try {
      const std::string rest = without_site_setting(text, "custom.yaml", {.name = name});
      require(CustomSites::parse(rest, "custom.yaml").find(name) == nullptr);
    } catch (const Error&) {
    }
  }
  return 0;
}
