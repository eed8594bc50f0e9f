// Every platform's catalog, rendered with fixed answers and facts, compared with the reviewed copy
// tests/golden/catalog-PLATFORM.txt: Debian 12's as a whole, of the others what differs from it. ACCEPT=1 writes the
// copies anew and then fails: read the difference with git, and run again without it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "facts/facts.hpp"
#include "operations/context.hpp"
#include "operations/models/models.hpp"
#include "recipe/loader.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;

namespace {

constexpr const char* k_base_platform = "debian-12";

// A server with 2 processors and 2 GB of memory, on which nothing of the box is there yet, and whose image has what
// such images of the platform ("debian-12") come with.
struct GoldenHost : test::TestHost {
  explicit GoldenHost(const std::string& platform) {
    const std::size_t dash = platform.find('-');
    put("/etc/os-release", "ID=" + platform.substr(0, dash) + "\nVERSION_ID=\"" + platform.substr(dash + 1) + "\"\n");
    if (platform.starts_with("ubuntu")) {
      put("/lib/systemd/systemd-resolved", "");
    } else {
      put("/sbin/dhclient", "");
      put_directory("/etc/dhcp/dhclient-enter-hooks.d");
    }
    put("/proc/meminfo", "MemTotal:        2014016 kB\nSwapTotal:             0 kB\n");
    put("/proc/self/mountinfo", "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
    put("/proc/net/if_inet6", "");
    put("/sys/devices/system/cpu/online", "0-1\n");
    put("/var/lib/dpkg/arch", "amd64\n");
    put("/usr/sbin/sshd", "");
    const std::string drop_ins = platform == "ubuntu-18.04" ? "" : "Include /etc/ssh/sshd_config.d/*.conf\n";
    put("/etc/ssh/sshd_config", drop_ins + "Port 22\nPort 2222\nX11Forwarding yes\n");
    put("/etc/ssh/ssh_host_ed25519_key", "");
    const std::string home = "/root";
    put("/etc/passwd", "root:x:0:0:root:" + home + ":/bin/bash\n");
    put("/etc/shadow", "root:*:19000:0:99999:7:::\n");
    put_directory(home, 0700);
    put(home + "/.ssh/authorized_keys",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n");
    put("/etc/resolv.conf", "nameserver 192.0.2.53\n");
    put_directory("/run/systemd/system");
    files.free_bytes_answer = std::uint64_t{20} << 30;
    machine.name = "box";
  }

  // As the program itself puts it together.
  Value context(const std::string& dns_forwarders = "") {
    const Answers answers = Answers::parse(
        "STORAGE_USER=user-data\nSTORAGE_ROOT=/home/user-data\nPRIMARY_HOSTNAME=box.example.com\n"
        "PUBLIC_IP=192.0.2.10\nPUBLIC_IPV6=2001:db8::10\nPRIVATE_IP=192.0.2.10\nPRIVATE_IPV6=2001:db8::10\n"
        "MTA_STS_MODE=enforce\nDNS_VALIDATION=yes\nSSH_PASSWORDS=no\nDNS_FORWARDERS=" +
        dns_forwarders + "\n");
    ValueMap facts = gather_facts(view());
    facts["private_ip"] = "192.0.2.10";  // the machine that runs the test has others
    facts["private_ipv6"] = "2001:db8::10";
    return make_context(answers, facts, "Europe/Berlin", sample_models(answers).values);
  }
};

RecipeSources shipped_sources() {
  return {std::string(SOURCE_ROOT) + "/recipes", std::string(SOURCE_ROOT) + "/templates", "/nonexistent"};
}

// What a resource wants that is no state of the machine to be asked for, but text that recipes write.
bool shows_changes(const ResourceId& id) {
  static const std::set<std::string> k_kinds = {"file", "directory", "symlink", "settings"};
  return k_kinds.count(id.kind) > 0;
}

void print_text(std::ostream& out, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out << (line.empty() ? "    |" : "    | ") << line << "\n";
  if (!text.empty() && text.back() != '\n') out << "    (no newline at the end)\n";
}

void print_entry(std::ostream& out, const CatalogEntry& entry, const View& view) {
  out << entry.id.text();
  if (entry.after_services) out << "  (after the services)";
  for (std::size_t i = 0; i < entry.notifies.size(); ++i) out << (i == 0 ? "  -> " : ", ") << entry.notifies[i].text();
  out << "\n";
  if (!shows_changes(entry.id)) return;
  std::string ownership;  // in one line, as it stands at nearly every entry
  for (const Change& change : entry.resource->diff(view)) {
    if (change.attribute == "mode" || change.attribute == "owner" || change.attribute == "group") {
      ownership += (ownership.empty() ? "  " : " ") + change.after;
    } else if (change.after.find('\n') == std::string::npos) {
      out << "  " << change.attribute << ": " << change.after << "\n";
    } else {
      out << "  " << change.attribute << ":\n";
      print_text(out, change.after);
    }
  }
  if (!ownership.empty()) out << ownership << "\n";
}

// What is printed, in parts: each recipe's head and each entry, with its name.
struct Part {
  std::string name{};
  std::string text{};
};
using Parts = std::vector<Part>;

Parts parts_of(const Catalog& catalog, const View& view) {
  Parts parts;
  for (const CatalogRecipe& recipe : catalog.recipes) {
    std::string head = "\n== " + recipe.name + ": " + recipe.summary + "\n";
    for (const std::string& name : recipe.requires_recipes) head += "requires " + name + "\n";
    parts.push_back({"== " + recipe.name, head});
    for (const CatalogEntry& entry : catalog.entries) {
      if (entry.recipe != recipe.name) continue;
      std::ostringstream out;
      print_entry(out, entry, view);
      parts.push_back({entry.id.text(), out.str()});
    }
  }
  return parts;
}

std::string printed(const Parts& parts) {
  std::string text =
      "# The catalog of a server with fixed answers and facts (tests/golden/catalog.cpp). Generated: ACCEPT=1.\n";
  for (const Part& part : parts) text += part.text;
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The lines of `other` with "+" and of `base` with "-" that are not in their longest common sequence.
std::string line_differences(const std::string& base, const std::string& other) {
  const std::vector<std::string> old_lines = lines_of(base);
  const std::vector<std::string> new_lines = lines_of(other);
  std::vector<std::vector<std::size_t>> common(old_lines.size() + 1, std::vector<std::size_t>(new_lines.size() + 1));
  for (std::size_t i = old_lines.size(); i-- > 0;) {
    for (std::size_t j = new_lines.size(); j-- > 0;) {
      common[i][j] =
          old_lines[i] == new_lines[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string text;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < old_lines.size() || j < new_lines.size()) {
    if (i < old_lines.size() && j < new_lines.size() && old_lines[i] == new_lines[j]) {
      ++i, ++j;
    } else if (j == new_lines.size() || (i < old_lines.size() && common[i + 1][j] >= common[i][j + 1])) {
      text += "- " + old_lines[i++] + "\n";
    } else {
      text += "+ " + new_lines[j++] + "\n";
    }
  }
  return text;
}

const Part* find_part(const Parts& parts, const std::string& name) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

std::string printed_differences(const Parts& base, const Parts& other) {
  std::string text = std::string("# What differs from catalog-") + k_base_platform + ".txt. Generated: ACCEPT=1.\n";
  for (const Part& part : other) {
    const Part* in_base = find_part(base, part.name);
    if (in_base != nullptr && in_base->text == part.text) continue;
    text += "\n" + part.name + "\n" + line_differences(in_base == nullptr ? "" : in_base->text, part.text);
  }
  for (const Part& part : base) {
    if (find_part(other, part.name) == nullptr) text += "\nnot there: " + part.name + "\n";
  }
  return text;
}

std::string file_content(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// "services.postfix.unit" and so on: the names of all texts in a tree of maps.
std::set<std::string> names_of(const Value& tree) {
  std::set<std::string> names;
  for (const auto& [key, value] : tree.as_map()) {
    if (!value.is_map()) {
      names.insert(key);
      continue;
    }
    for (const std::string& inner : names_of(value)) names.insert(key + "." + inner);
  }
  return names;
}

// The first line that differs, for a message that is short.
std::string first_difference(const std::string& expected, const std::string& found) {
  std::istringstream expected_lines(expected);
  std::istringstream found_lines(found);
  for (int number = 1;; ++number) {
    std::string expected_line;
    std::string found_line;
    const bool more = static_cast<bool>(std::getline(expected_lines, expected_line));
    const bool more_found = static_cast<bool>(std::getline(found_lines, found_line));
    if (!more && !more_found) return "no line differs";
    if (more != more_found || expected_line != found_line)
      return "line " + std::to_string(number) + "\n  expected: " + (more ? expected_line : "(the end)") +
             "\n  found:    " + (more_found ? found_line : "(the end)");
  }
}

}  // namespace

TEST_CASE("each platform's catalog is the reviewed one") {
  PosixFileSystem files;
  const std::vector<std::string> known = platforms(files, shipped_sources());
  REQUIRE(std::find(known.begin(), known.end(), k_base_platform) != known.end());
  GoldenHost base_host(k_base_platform);
  const Parts base =
      parts_of(load_catalog(files, shipped_sources(), base_host.context(), k_base_platform), base_host.view());
  for (const std::string& platform : known) {
    GoldenHost host(platform);
    const Parts parts = parts_of(load_catalog(files, shipped_sources(), host.context(), platform), host.view());
    const std::string found = platform == k_base_platform ? printed(parts) : printed_differences(base, parts);
    const std::filesystem::path copy =
        std::filesystem::path(SOURCE_ROOT) / "tests" / "golden" / ("catalog-" + platform + ".txt");
    if (std::getenv("ACCEPT") != nullptr) {
      std::ofstream(copy, std::ios::binary) << found;
      FAIL_CHECK(copy.string() << " was written anew; read the difference, then run this without ACCEPT");
    } else if (found != file_content(copy)) {
      FAIL_CHECK("the catalog of " << platform << " is not " << copy.string() << ": "
                                   << first_difference(file_content(copy), found)
                                   << "\nIf the change is meant: ACCEPT=1, and read the difference with git");
    }
    CHECK(host.touched().empty());
  }
}

TEST_CASE("the recipes that converge when users, records or keys change are those that use them") {
  PosixFileSystem files;
  GoldenHost host(k_base_platform);
  std::set<std::string> recipes;
  const Catalog catalog = load_catalog(files, shipped_sources(), host.context(), k_base_platform);
  for (const CatalogRecipe& recipe : catalog.recipes) {
    for (const std::string& name : model_names()) {
      if (recipe.uses.contains(name)) recipes.insert(recipe.name);
    }
  }
  CHECK(recipes == std::set<std::string>{"autoconfiguration", "dkim", "dns", "server-names", "tls", "web"});
}

TEST_CASE("the platforms have values for the same names") {
  PosixFileSystem files;
  const RecipeSources sources = shipped_sources();
  const std::set<std::string> expected = names_of(load_platform(files, sources, k_base_platform));
  CHECK(expected.contains("services.postfix.unit"));
  for (const std::string& platform : platforms(files, sources)) {
    const std::set<std::string> found = names_of(load_platform(files, sources, platform));
    for (const std::string& name : expected) {
      INFO(platform << ".yaml has no " << name << ", which debian-12.yaml has");
      CHECK(found.contains(name));
    }
    for (const std::string& name : found) {
      INFO(platform << ".yaml has " << name << ", which debian-12.yaml has not");
      CHECK(expected.contains(name));
    }
  }
}

TEST_CASE("every reviewed catalog has its platform, and every template is used by a recipe or platform") {
  PosixFileSystem files;
  const RecipeSources sources = shipped_sources();
  const std::vector<std::string> known = platforms(files, sources);
  for (const std::string& name : files.list(std::string(SOURCE_ROOT) + "/tests/golden")) {
    if (name.rfind("catalog-", 0) != 0) continue;
    INFO(name);
    CHECK(std::find(known.begin(), known.end(), name.substr(8, name.size() - 12)) != known.end());
  }
  std::string recipes;
  for (const std::string& name : files.list(sources.recipes)) {
    if (name.find(".yaml") != std::string::npos) recipes += file_content(sources.recipes + "/" + name);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(sources.templates)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = std::filesystem::relative(entry.path(), sources.templates).string();
    INFO("templates/" << name << " is not named in any recipe");
    CHECK(recipes.find(name) != std::string::npos);
  }
}

TEST_CASE("something reads each variable of the shipped recipes and each value of the platforms") {
  PosixFileSystem files;
  const RecipeSources sources = shipped_sources();
  std::string texts;
  for (const std::string& folder : {sources.recipes, sources.templates}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) texts += file_content(entry.path().string());
    }
  }
  std::set<std::string> names;
  for (const std::string& file : files.list(sources.recipes)) {
    if (file.find(".yaml") == std::string::npos) continue;
    const Value recipe = load_yaml(files, sources.recipes + "/" + file);
    const auto variables = recipe.as_map().find("variables");
    if (variables == recipe.as_map().end()) continue;
    for (const auto& [name, value] : variables->second.as_map())
      names.insert(replaced(recipe.as_map().at("recipe").text(), "-", "_") + "." + name);
  }
  CHECK(names.contains("mta_sts.port"));
  for (const std::string& name : names_of(load_platform(files, sources, k_base_platform))) {
    if (!name.starts_with("release.")) names.insert("platform." + name);  // what the program itself reads
  }
  for (const std::string& name : names) {
    INFO(name);
    CHECK(texts.find(name) != std::string::npos);
  }
}

TEST_CASE("the shipped recipes make a catalog on a machine without systemd, too") {
  PosixFileSystem files;
  for (const std::string& platform : platforms(files, shipped_sources())) {
    GoldenHost host(platform);
    host.erase("/run/systemd/system");
    host.put("/run/.containerenv", "");
    host.machine.missing_capabilities = {12};
    for (const char* forwarders : {"unknown", "192.0.2.53,192.0.2.54"}) {
      const Catalog catalog = load_catalog(files, shipped_sources(), host.context(forwarders), platform);
      CHECK(catalog.entries.size() > 50);
    }
  }
}
