// A site as templates/nginx/site.conf sees it.

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/web/nginx_words.hpp"
#include "box/web/sites.hpp"

namespace mailinabox {
namespace {

// The original's names in custom values, each as a whole word: $ROOT but not $ROOTS.
class SiteNames {
 public:
  SiteNames(const WebSite& site, const WebInput& web)
      : names_{{"STORAGE_ROOT", web.storage_root}, {"HOSTNAME", site.name}, {"ROOT", site.root}} {}

  std::string replaced_in(std::string_view text) const {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t dollar = std::min(text.find('$', at), text.size());
      result += text.substr(at, dollar - at);
      at = dollar;
      if (at == text.size()) break;
      const Match match = match_at(text.substr(at));
      result += match.text;
      at += match.length;
    }
    return result;
  }

 private:
  struct Match {
    std::string_view text{};
    std::size_t length = 0;
  };

  static bool continues_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

  // `text` begins with "$".
  Match match_at(std::string_view text) const {
    for (const auto& [name, value] : names_) {
      const std::string_view rest = text.substr(1);
      if (rest.starts_with("{" + name + "}")) return {value, name.size() + 3};
      if (rest.starts_with(name) && (rest.size() == name.size() || !continues_word(rest[name.size()])))
        return {value, name.size() + 1};
    }
    return {text.substr(0, 1), 1};
  }

  std::vector<std::pair<std::string, std::string>> names_;
};

ValueMap location_value(const SiteNames& names, const std::string& key) {
  const NginxLocation location = nginx_location(names.replaced_in(key));
  const std::string modifier = location.modifier.empty() ? "" : location.modifier + " ";
  return {{"location", modifier + location.match}};
}

ValueList redirect_values(const SiteNames& names, const SiteSettings& settings) {
  ValueList values;
  for (const SiteEntry& entry : settings.redirects) {
    values.emplace_back(ValueMap{{"pattern", nginx_word(names.replaced_in(entry.key))},
                                 {"url", nginx_word(names.replaced_in(entry.value))}});
  }
  return values;
}

ValueList proxy_values(const SiteNames& names, const SiteSettings& settings) {
  ValueList values;
  for (const SiteEntry& entry : settings.proxies) {
    const ProxyTarget target = proxy_target(entry.value);
    ValueMap value = location_value(names, entry.key);
    value["url"] = nginx_word(names.replaced_in(target.url));
    value["pass_http_host"] = target.pass_http_host;
    value["no_proxy_redirect"] = target.no_proxy_redirect;
    value["frame_options_sameorigin"] = target.frame_options_sameorigin;
    value["web_sockets"] = target.web_sockets;
    values.emplace_back(std::move(value));
  }
  return values;
}

ValueList alias_values(const SiteNames& names, const SiteSettings& settings) {
  ValueList values;
  for (const SiteEntry& entry : settings.aliases) {
    ValueMap value = location_value(names, entry.key);
    value["directory"] = nginx_word(names.replaced_in(entry.value));
    values.emplace_back(std::move(value));
  }
  return values;
}

}  // namespace

Value site_value(const WebSite& site, const WebInput& web) {
  const SiteNames names(site, web);
  const SiteSettings& settings = site.settings;
  const bool additions = !settings.redirects.empty() || !settings.proxies.empty() || !settings.aliases.empty() ||
                         !site.snippet.text.empty();
  std::string snippet = site.snippet.text;
  if (!snippet.empty() && snippet.back() != '\n') snippet += '\n';
  ValueMap value;  // filled one by one: a list of pairs would copy them
  value.emplace("name", site.name);
  value.emplace("file", site.file);
  value.emplace("kind", to_string(site.kind));
  value.emplace("host", site.kind == SiteKind::host);
  value.emplace("target", site.target);
  value.emplace("root", site.root);
  value.emplace("pem", site.certificate.pem);
  value.emplace("stapling", site.certificate.stapling);
  value.emplace("hsts", site.hsts);
  value.emplace("serves_files", site.serves_files());
  value.emplace("own_page", web.own_page && site.kind == SiteKind::host && !site.own_folder && !additions);
  value.emplace("security_txt", site.security_txt);
  value.emplace("additions", additions);
  value.emplace("redirects", redirect_values(names, settings));
  value.emplace("proxies", proxy_values(names, settings));
  value.emplace("aliases", alias_values(names, settings));
  value.emplace("snippet", std::move(snippet));
  value.emplace("snippet_path", site.snippet.path);
  value.emplace("mode", site.snippet.secret ? "0640" : "0644");
  // The file of one that is held is left alone; where there is none, the site is made without additions.
  value.emplace("held", site.held && web.present.contains(site.file));
  return value;
}

}  // namespace mailinabox
