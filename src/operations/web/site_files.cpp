#include "operations/web/site_files.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "box/web/nginx_words.hpp"
#include "operations/models/certificates.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_sites = "/etc/nginx/mailinabox/sites";
constexpr std::string_view k_snippet_ending = ".conf";
constexpr std::uint64_t k_largest_file = 1024 * 1024;
constexpr std::string_view k_own_page = "<!-- The box's own page:";  // in templates/www/index.html
constexpr std::uint64_t k_largest_own_page = 16 * 1024;

// Why the text cannot be copied into a site's file; "" if it can.
std::string snippet_problem(const std::string& path, const std::string& text) {
  int number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    if (!printable_utf8(trim(replaced(line, "\t", " "), "\r")))
      return fmt::format("{}:{}: expected directives of nginx in UTF-8, found bytes that are not text", path, number);
  }
  const auto fault = snippet_fault(text);
  return fault ? fmt::format("{}:{}: {}", path, fault->line, fault->message) : "";
}

// A file that others than root may have put there: read as it is, never through a link.
std::string read_plain_file(const FileReader& files, const std::string& path, const FileInfo& info) {
  if (info.kind != FileKind::regular)
    throw Error(path + ": expected a regular file; put the file itself there in place of the link");
  if (info.size > k_largest_file)
    throw Error(fmt::format("{}: expected at most 1 MB, found {} MB", path, info.size / k_largest_file));
  const auto file = files.read(path);
  return file ? file->content : "";
}

SiteSnippet read_snippet(const FileReader& files, const std::string& path, const FileInfo& info,
                         const std::string& name) {
  SiteSnippet snippet{.path = path, .secret = !everybody_may_read(files, path, info.mode)};
  try {
    snippet.text = read_plain_file(files, path, info);
    snippet.problem = snippet_problem(path, snippet.text);
  } catch (const Error& error) {
    snippet.problem = error.what();
  }
  if (!snippet.problem.empty()) snippet.problem += "; the site " + name + " stays as it is until this is corrected";
  return snippet;
}

void read_www_folder(const FileReader& files, const std::string& folder, WebInput& web) {
  for (const std::string& entry : files.list(folder)) {
    const FileInfo info = files.info(folder + "/" + entry);
    const bool snippet = entry.ends_with(k_snippet_ending) && info.kind != FileKind::directory;
    if (snippet) {
      const std::string name = entry.substr(0, entry.size() - k_snippet_ending.size());
      web.snippets.emplace(name, read_snippet(files, folder + "/" + entry, info, name));
    } else if (info.kind == FileKind::directory || info.kind == FileKind::symlink) {
      web.folders.insert(entry);  // nginx follows the link with the rights of www-data
    }
  }
}

CustomSites read_custom_sites(const FileReader& files, const std::string& path) {
  CustomSites custom;
  try {
    const FileInfo info = files.info(path);
    if (info.kind == FileKind::absent) return custom;
    return CustomSites::parse(read_plain_file(files, path, info), path);
  } catch (const Error& error) {
    custom.refuse_all(error.what());
  }
  return custom;
}

// Whether the page that every name without a folder shows is still the box's own, or missing: it will be written then.
// The administrator may have put a whole site there, whose pages the headers of the box's own could break.
bool is_own_page(const FileReader& files, const std::string& path) {
  const FileInfo info = files.info(path);
  if (info.kind == FileKind::absent) return true;
  if (info.kind != FileKind::regular || info.size > k_largest_own_page) return false;
  const auto file = files.read(path);
  return file && file->content.find(k_own_page) != std::string::npos;
}

}  // namespace

std::string custom_sites_path(const Answers& answers) { return answers.get("STORAGE_ROOT") + "/www/custom.yaml"; }

WebInput read_web_input(const View& view, const Answers& answers) {
  WebInput web;
  web.storage_root = answers.get("STORAGE_ROOT");
  web.primary.pem = served_file(answers, answers.get("PRIMARY_HOSTNAME"));
  web.expiry = security_txt_expiry(view.clock.now());
  web.custom = read_custom_sites(view.files, custom_sites_path(answers));
  try {
    read_www_folder(view.files, web.storage_root + "/www", web);
    web.own_page = is_own_page(view.files, web.storage_root + "/www/default/index.html");
  } catch (const Error& error) {
    web.custom.refuse_all(error.what());
  }
  for (std::string& name : view.files.list(k_sites)) web.present.insert(std::move(name));
  return web;
}

std::vector<std::string> site_warnings(const std::vector<WebSite>& sites, const WebInput& web,
                                       const std::string& custom_path) {
  std::vector<std::string> warnings;
  for (const SiteProblem& problem : web.custom.problems()) {
    if (!problem.name.empty()) continue;
    warnings.push_back(problem.text() + (problem.holds ? "; all sites stay as they are until this is corrected" : ""));
  }
  for (const WebSite& site : sites) warnings.insert(warnings.end(), site.problems.begin(), site.problems.end());
  const std::vector<std::string> unused = settings_without_site(sites, web.custom);
  if (!unused.empty()) {
    warnings.push_back(custom_path +
                       " has settings of names that have no site here, or only one that leads to the name "
                       "without www., so nothing comes of them: " +
                       joined(unused, ", ") + ". `mailinabox web remove NAME` removes them.");
  }
  return warnings;
}

ValueList site_values(const std::vector<WebSite>& sites, const WebInput& web) {
  ValueList values;
  values.reserve(sites.size());
  for (const WebSite& site : sites) values.push_back(site_value(site, web));
  return values;
}

ValueList site_file_names(const std::vector<WebSite>& sites) {
  ValueList names;
  names.reserve(sites.size());
  for (const WebSite& site : sites) names.emplace_back(site.file);
  return names;
}

}  // namespace mailinabox
