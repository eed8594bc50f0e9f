#include "operations/web/sites.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "operations/audit.hpp"
#include "operations/dns/zones.hpp"
#include "operations/load_box.hpp"
#include "operations/restorable_file.hpp"
#include "operations/tls/status.hpp"
#include "operations/web/site_files.hpp"

namespace mailinabox {
namespace {

void require_free_location(const WebSite& site, const SiteChange& change) {
  const bool location = change.setting == "proxies" || change.setting == "aliases";
  if (site.kind == SiteKind::host && location && is_of_management(change.key))
    throw Error(change.key + " of " + site.name +
                " is the management service's. Choose another path, or another name.");
}

// Throws Error if the site cannot have the setting.
void require_own_site(const std::vector<WebSite>& sites, const SiteChange& change) {
  const std::string& name = change.name;
  std::vector<std::string> names;
  for (const WebSite& site : sites) {
    if (site.name == name && site.kind == SiteKind::redirect)
      throw Error(name + " only leads to " + site.target + ". Set it there, or make " + name +
                  " a site of its own by a user or alias in it.");
    if (site.name == name) return require_free_location(site, change);
    if (site.kind != SiteKind::redirect) names.push_back(site.name);
  }
  throw Error(name + " is not a web site of this box. Its sites: " + joined(names, ", ") +
              ". More follow from mail users and aliases, and fewer from DNS records that lead elsewhere.");
}

// The site's file could not be written, or nginx refused it.
bool site_failed(const Report& report, const WebSite& site) {
  const auto of_nginx = [](const Outcome& outcome) { return outcome.recipe == "web"; };
  return std::any_of(report.refresh_failures.begin(), report.refresh_failures.end(), of_nginx) ||
         std::any_of(report.outcomes.begin(), report.outcomes.end(), [&](const Outcome& outcome) {
           return outcome.status == Status::failed && outcome.id.kind == "file" &&
                  outcome.id.name.ends_with("/" + site.file);
         });
}

const WebSite* find_site(const BoxModels& models, const std::string& name) {
  const auto found =
      std::find_if(models.sites.begin(), models.sites.end(), [&](const WebSite& site) { return site.name == name; });
  return found == models.sites.end() ? nullptr : &*found;
}

enum class SiteStep : std::uint8_t { set, remove };

// The lines that only `before` has, in one.
std::string removed_lines(const std::string& before, const std::string& after) {
  std::vector<std::string_view> left = lines_of(after);
  std::vector<std::string> removed;
  for (const std::string_view line : lines_of(before)) {
    const auto same = std::find(left.begin(), left.end(), line);
    if (same != left.end()) {
      left.erase(same);
    } else if (!trim(line).empty()) {
      removed.emplace_back(trim(line));
    }
  }
  return joined(removed, " ");
}

AuditText site_change_text(const SiteChange& change, SiteStep step) {
  const std::vector<std::string> parts{change.name, change.setting, change.key};
  std::vector<std::string> words;
  std::copy_if(parts.begin(), parts.end(), std::back_inserter(words), [](const auto& part) { return !part.empty(); });
  return {.action = step == SiteStep::set ? "web set" : "web remove",
          .target = joined(words, " "),
          .after = step == SiteStep::set ? change.value : ""};
}

SiteChanged publish_site(const Box& box, const HeldLock& lock, SecondaryLookup& secondaries, const SiteChange& change,
                         SiteStep step, RestorableFile& file, LoadedBox loaded) {
  SiteChanged result{.changed = true};
  try {
    load_models(box, secondaries, loaded);
  } catch (const Error&) {
    file.put_back();
    throw;
  }
  const WebSite* site = find_site(loaded.models, change.name);
  const WebSite copy = site == nullptr ? WebSite{} : *site;
  result.publication = publish(box, lock, std::move(loaded));
  result.taken_back = step == SiteStep::set && site_failed(result.publication.report, copy);
  if (!result.taken_back) return result;
  file.put_back();
  static_cast<void>(publish(box, lock));
  return result;
}

SiteChanged change_site(const Box& box, const SiteChange& change, SiteStep step, const LockRequest& request) {
  static_cast<void>(require_answers(box));
  const HeldLock lock(box, request);
  LoadedBox loaded = load_answers(box);
  SecondaryLookup secondaries(box);
  load_models(box, secondaries, loaded);
  if (step == SiteStep::set) require_own_site(loaded.models.sites, change);
  RestorableFile file(box.system.files, custom_sites_path(loaded.answers()));
  const std::string before = file.text();
  const std::string after = step == SiteStep::set ? with_site_setting(before, file.path(), change)
                                                  : without_site_setting(before, file.path(), change);
  if (before == after) return {};
  AuditText text = site_change_text(change, step);
  text.before = removed_lines(before, after);
  const Answers answers = loaded.answers();
  return audited(box, answers, std::move(text), [&] {
    file.write(after);
    return publish_site(box, lock, secondaries, change, step, file, std::move(loaded));
  });
}

}  // namespace

ListedSites list_sites(const Box& box) {
  BoxModels models = read_models(box);
  std::map<std::string, std::pair<std::string, std::string>> certificates;
  for (NameStatus& one : certificates_status(box, read_answers(box), models).names)
    certificates[one.name] = {std::move(one.status), std::move(one.text)};
  ListedSites listed{.warnings = site_warnings(models.sites, models.web, custom_sites_path(read_answers(box)))};
  for (WebSite& site : models.sites) {
    listed.sites.push_back({.site = std::move(site)});
    listed.sites.back().certificate = certificates[listed.sites.back().site.name];
  }
  return listed;
}

SiteChanged set_site(const Box& box, const SiteChange& change, const LockRequest& request) {
  return change_site(box, change, SiteStep::set, request);
}

SiteChanged remove_from_site(const Box& box, const SiteChange& change, const LockRequest& request) {
  return change_site(box, change, SiteStep::remove, request);
}

SiteChange typed_site_change(const std::string& name, const std::string& setting, const std::string& key,
                             const std::string& value) {
  struct Word {
    std::string_view typed{};
    std::string_view in_file{};
  };
  static constexpr std::array<Word, 4> k_words = {
      {{"redirect", "redirects"}, {"proxy", "proxies"}, {"alias", "aliases"}, {"hsts", "hsts"}}};
  SiteChange change{.name = typed_domain(name), .key = key, .value = value};
  if (setting.empty()) return change;
  const auto* const word = std::find_if(k_words.begin(), k_words.end(), [&](const Word& known) {
    return known.typed == setting || known.in_file == setting;
  });
  if (word == k_words.end())
    throw InvalidValue("setting",
                       "\"" + setting + "\" is not a setting of a site; expected redirect, proxy, alias or hsts",
                       ExitCode::usage);
  change.setting = word->in_file;
  if (change.setting == "hsts" && !key.empty())
    throw InvalidValue("key", "hsts has one value for the whole site: yes, no or preload", ExitCode::usage);
  return change;
}

}  // namespace mailinabox
