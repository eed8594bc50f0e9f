#include "box/web/custom_sites.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/yaml_pieces.hpp"
#include "box/directory/address.hpp"
#include "box/web/nginx_words.hpp"

namespace mailinabox {
namespace {

bool has_root(const std::vector<SiteEntry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const SiteEntry& entry) { return entry.key == "/"; });
}

std::string_view behind_quote(std::string_view text) {
  return !text.empty() && (text.front() == '"' || text.front() == '\'') ? text.substr(1) : text;
}

bool absolute_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  return scheme != std::string_view::npos && scheme > 0 && scheme + 3 < text.size() &&
         text.find_first_of("/ ?#") == scheme + 1;
}

// nginx answers with a path by the site's own name before it.
void check_redirect(const SiteEntry& entry) {
  static_cast<void>(nginx_word(entry.key));
  static_cast<void>(nginx_word(entry.value));
  const std::string_view url = behind_quote(entry.value);
  if (!absolute_url(url) && !url.starts_with('/'))
    throw Error("expected a complete URL such as https://www.example.com/ as the target of a redirect, found \"" +
                entry.value + "\"");
}

void check_proxy(const SiteEntry& entry) {
  static_cast<void>(nginx_location(entry.key));
  static_cast<void>(nginx_word(proxy_target(entry.value).url));
}

void check_alias(const SiteEntry& entry) {
  static_cast<void>(nginx_location(entry.key));
  static_cast<void>(nginx_word(entry.value));
  const std::string_view path = behind_quote(entry.value);
  if (!path.starts_with('/') && !path.starts_with('$'))
    throw Error("expected an absolute path such as /srv/site as the directory of an alias, found \"" + entry.value +
                "\"");
}

// Of existing boxes' files: the original took any other word as "none".
std::optional<Hsts> hsts_of(std::string_view text) {
  const std::string word = lower_case(text);
  if (word == "preload") return Hsts::preload;
  if (word == "yes" || word == "true" || word == "on") return Hsts::yes;
  if (word == "no" || word == "false" || word == "off") return Hsts::no;
  return std::nullopt;
}

// A key without a value.
bool is_nothing(const YamlNode& node) {
  return node.is_scalar() && node.plain && (node.text.empty() || node.text == "~" || lower_case(node.text) == "null");
}

struct SettingKind {
  std::string_view name{};
  std::vector<SiteEntry> SiteSettings::*entries = nullptr;
  void (*check)(const SiteEntry&) = nullptr;
  std::string_view expected{};  // of the mapping
};

constexpr std::array<SettingKind, 3> k_setting_kinds = {{
    {"redirects", &SiteSettings::redirects, &check_redirect, "regular expressions to URLs"},
    {"proxies", &SiteSettings::proxies, &check_proxy, "paths to URLs"},
    {"aliases", &SiteSettings::aliases, &check_alias, "paths to directories"},
}};

}  // namespace

bool SiteSettings::takes_root() const { return has_root(redirects) || has_root(proxies); }

ProxyTarget proxy_target(std::string_view value) {
  struct Flag {
    std::string_view name{};
    bool ProxyTarget::*member = nullptr;
  };
  static constexpr std::array<Flag, 4> k_flags = {{
      {"pass-http-host", &ProxyTarget::pass_http_host},
      {"no-proxy-redirect", &ProxyTarget::no_proxy_redirect},
      {"frame-options-sameorigin", &ProxyTarget::frame_options_sameorigin},
      {"web-sockets", &ProxyTarget::web_sockets},
  }};
  ProxyTarget target;
  const std::size_t hash = value.find('#');
  target.url = value.substr(0, hash);
  const std::string_view url = behind_quote(target.url);
  if ((!url.starts_with("http://") && !url.starts_with("https://")) || !absolute_url(url))
    throw Error("expected a complete URL that begins with http:// or https:// as the target of a proxy, found \"" +
                target.url + "\"");
  if (hash == std::string_view::npos) return target;
  for (const std::string_view word : split(value.substr(hash + 1), ',')) {
    const std::string_view name = trim(word);
    const auto* const flag =
        std::find_if(k_flags.begin(), k_flags.end(), [&](const Flag& known) { return known.name == name; });
    if (flag != k_flags.end()) {
      target.*(flag->member) = true;
    } else if (!name.empty()) {
      target.unknown.emplace_back(name);
    }
  }
  return target;
}

std::string SiteProblem::text() const {
  return (where.file == nullptr ? "" : to_string(where) + ": ") + message +
         (consequence.empty() ? "" : "; " + consequence);
}

// Fills the sites from the file's text.
class CustomSitesFile {
 public:
  CustomSitesFile(CustomSites& sites, std::string_view file) : sites_(sites), name_(file) {}

  void read(const std::string& text) {
    file_ = read_yaml_entries(text, name_, "a domain name, a colon and its settings", "of domain names to settings");
    for (const YamlFault& fault : file_.faults)
      hold(fault.where, domain_to_ascii(fault.key), fault.message + (fault.repeated ? "; keep one" : ""));
    if (file_.entries.empty() && !file_.faults.empty()) sites_.unreadable_ = true;
    for (const YamlEntry& entry : file_.entries) read_site(entry);
  }

 private:
  void hold(const Position& where, const std::string& name, const std::string& message) {
    const std::string consequence = name.empty() ? "" : "the site " + name + " stays as it is until this is corrected";
    sites_.problems_.push_back({where, name, message, consequence});
    if (!name.empty()) sites_.held_.insert(name);
    sites_.sites_.erase(name);
    ++holds_;
  }

  // The original lived with it, so existing files may have it.
  void warn(const Position& where, const std::string& name, const std::string& message,
            const std::string& consequence) {
    sites_.problems_.push_back({where, name, message, consequence, false});
  }

  void read_site(const YamlEntry& entry) {
    const std::string name = domain_to_ascii(entry.key->text);
    if (sites_.held_.contains(name)) return;  // a mistake in another entry of the name
    if (sites_.sites_.contains(name))
      return hold(file_.at(entry, *entry.key), name, "\"" + entry.key->text + "\" is the same name again; keep one");
    if (is_nothing(*entry.value)) return;
    if (!entry.value->is_map())
      return hold(
          file_.at(entry, *entry.value), name,
          "expected a mapping with redirects, proxies, aliases or hsts, found " + std::string(describe(*entry.value)));
    SiteSettings settings;
    const int holds = holds_;
    for (std::size_t i = 0; i + 1 < entry.value->children.size(); i += 2)
      read_setting(entry, name, entry.value->children[i], entry.value->children[i + 1], settings);
    if (holds_ == holds) sites_.sites_.emplace(name, std::move(settings));
  }

  void read_setting(const YamlEntry& entry, const std::string& name, const YamlNode& key, const YamlNode& value,
                    SiteSettings& settings) {
    if (key.text == "hsts") {
      const std::string expected = "expected yes, no or preload after `hsts`, found ";
      if (!value.is_scalar()) return hold(file_.at(entry, value), name, expected + std::string(describe(value)));
      const auto hsts = hsts_of(value.text);
      settings.hsts = hsts.value_or(Hsts::no);
      if (!hsts)
        warn(file_.at(entry, value), name, expected + (is_nothing(value) ? "nothing" : "\"" + value.text + "\""),
             "it is taken as no");
      return;
    }
    const auto* const kind = std::find_if(k_setting_kinds.begin(), k_setting_kinds.end(),
                                          [&](const SettingKind& known) { return known.name == key.text; });
    if (kind == k_setting_kinds.end()) {
      const std::string meant = nearest_spelling(key.text, {"redirects", "proxies", "aliases", "hsts"});
      return warn(file_.at(entry, key), name,
                  "\"" + key.text + "\" is not a setting of a site; expected redirects, proxies, aliases or hsts" +
                      (meant.empty() ? "" : ", perhaps " + meant),
                  "it is ignored");
    }
    if (is_nothing(value)) return;
    if (!value.is_map())
      return hold(file_.at(entry, value), name,
                  "expected a mapping of " + std::string(kind->expected) + " after `" + key.text + "`, found " +
                      std::string(describe(value)));
    for (std::size_t i = 0; i + 1 < value.children.size(); i += 2)
      read_entry(entry, name, *kind, value.children[i], value.children[i + 1], settings);
  }

  void read_entry(const YamlEntry& entry, const std::string& name, const SettingKind& kind, const YamlNode& key,
                  const YamlNode& value, SiteSettings& settings) {
    if (!value.is_scalar() || is_nothing(value))
      return hold(file_.at(entry, value), name,
                  "expected a text after \"" + key.text + "\", found " + std::string(describe(value)));
    const SiteEntry setting{key.text, std::string(trim(value.text, "\r\n"))};
    try {
      kind.check(setting);
    } catch (const Error& error) {
      return hold(file_.at(entry, key), name, std::string(kind.name) + ", \"" + key.text + "\": " + error.what());
    }
    if (kind.entries == &SiteSettings::proxies) warn_of_flags(file_.at(entry, value), name, setting);
    (settings.*(kind.entries)).push_back(setting);
  }

  void warn_of_flags(const Position& where, const std::string& name, const SiteEntry& proxy) {
    for (const std::string& word : proxy_target(proxy.value).unknown) {
      warn(where, name,
           "proxies, \"" + proxy.key + "\": \"" + word +
               "\" is not a flag of a proxy; expected pass-http-host, no-proxy-redirect, "
               "frame-options-sameorigin or web-sockets behind the #, with commas between them",
           "it is ignored");
    }
  }

  CustomSites& sites_;
  std::string name_;
  YamlEntries file_{};
  int holds_ = 0;  // how often hold() was called
};

CustomSites CustomSites::parse(const std::string& text, std::string_view file) {
  CustomSites sites;
  CustomSitesFile(sites, file).read(text);
  return sites;
}

const SiteSettings* CustomSites::find(std::string_view name) const {
  const auto found = sites_.find(name);
  return found == sites_.end() ? nullptr : &found->second;
}

void CustomSites::refuse_all(const std::string& message) {
  problems_.push_back({{}, "", message, ""});
  unreadable_ = true;
}

}  // namespace mailinabox
