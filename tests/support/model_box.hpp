// A box in a temporary directory, with recipes that write what the models say to files, and the whole command line on
// it.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "box/directory/directory.hpp"
#include "cli/command_line.hpp"
#include "operations/context.hpp"
#include "operations/models/models.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

namespace mailinabox::test {

inline const char* const k_custom = "/home/user-data/dns/custom.yaml";
inline const char* const k_zone = "/etc/zones/example.com.txt";

struct ModelBox : TestCommandLine {
  ModelBox() {
    host.put("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    host.put("/proc/meminfo", "MemTotal: 2000000 kB\nSwapTotal: 0 kB\n");
    host.put("/proc/net/if_inet6", "");
    host.put("/proc/net/fib_trie", "Local:\n  |-- 192.0.2.10\n     /32 host LOCAL\n");
    host.put("/proc/self/mountinfo", "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
    host.put("/sys/devices/system/cpu/online", "0-1\n");
    host.put("/var/lib/dpkg/arch", "amd64\n");
    host.put("/etc/timezone", "Etc/UTC\n");
    host.put("/usr/share/zoneinfo/Etc/UTC", "TZif2");
    host.put("/etc/resolv.conf", "nameserver 192.0.2.53\n");
    host.files.free_bytes_answer = std::uint64_t{20} << 30;
    put_recipes();
    box.sources = {"/share/recipes", "/share/templates", "/local"};
    console.variables = {{"NONINTERACTIVE", "1"},          {"PRIMARY_HOSTNAME", "box.example.com"},
                         {"PUBLIC_IP", "192.0.2.10"},      {"PRIVATE_IP", "192.0.2.10"},
                         {"EMAIL_ADDR", "me@example.com"}, {"EMAIL_PW", "correct horse"}};
    findings.way = ResolverFindings::Way::direct;
  }

  void put_recipes() {
    host.put("/share/recipes/platforms/debian-12.yaml", "name: debian-12\n");
    std::ifstream schema(std::string(SOURCE_ROOT) + "/templates/directory/users.sql");
    host.put("/share/templates/users.sql", std::string{std::istreambuf_iterator<char>(schema), {}});
    host.put("/share/recipes/directory.yaml",
             "recipe: directory\nsummary: users and a DKIM key\nresources:\n"
             "  - directory: \"{{storage_root}}/mail/dkim\"\n    parents: true\n"
             "  - database: \"{{storage_root}}/mail/users.sqlite\"\n    schema: users.sql\n"
             "  - file: \"{{storage_root}}/mail/dkim/mail.txt\"\n"
             "    content: 'mail._domainkey IN TXT ( \"v=DKIM1; k=rsa; \" \"p=QUJD\" )'\n");
    host.put(
        "/share/recipes/dns.yaml",
        "recipe: dns\nsummary: zones\nrequires: [directory]\nresources:\n  - directory: /etc/zones\n"
        "  - file: \"/etc/zones/{{zone.file}}\"\n    for_each: zones\n    as: zone\n    content: "
        "\"{{zone.records}}\"\n"
        "  - file: /etc/zones/peers\n    content: \"{{#transfer_peers}}{{address}} {{notify}};{{/transfer_peers}}\"\n");
    host.put("/share/recipes/web.yaml",
             "recipe: web\nsummary: sites\nresources:\n"
             "  - file: /etc/sites\n    content: \"{{#web_domains}}{{.}}\\n{{/web_domains}}\"\n");
  }

  ExitCode run(std::vector<std::string> words, const std::string& typed = "") {
    output.str("");
    errors.str("");
    input.clear();
    input.str(typed);
    return run_command_line(box, console, std::move(words));
  }
  nlohmann::json run_json(std::vector<std::string> words) {
    words.emplace_back("--json");
    static_cast<void>(run(std::move(words)));
    return nlohmann::json::parse(output.str());
  }
  void set_up() {
    INFO(errors.str());
    REQUIRE(run({"setup"}) == ExitCode::ok);
    console.variables.clear();
  }
  BoxModels models() {
    SecondaryLookup secondaries(box);
    const Answers answers = read_answers(box);
    const std::string path = directory_path(answers);
    std::unique_ptr<Directory> directory;
    if (host.exists(path)) {
      directory =
          std::make_unique<Directory>(host.real(path), answers.get("PRIMARY_HOSTNAME"), Directory::Access::look);
    }
    return gather_models(box, answers, directory.get(), secondaries);
  }
};

}  // namespace mailinabox::test
