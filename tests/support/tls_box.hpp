// A box with the recipe for certificates, an authority that its machine trusts, and a certbot that asks it.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "support/certificates.hpp"
#include "support/model_box.hpp"

namespace mailinabox::test {

inline const char* const k_ssl = "/home/user-data/ssl/";

struct TlsBox : ModelBox {
  TlsBox() : authority(host.clock.now()) {
    host.put("/etc/ssl/certs/ca-certificates.crt", authority.root());
    host.put("/share/recipes/tls.yaml",
             "recipe: tls\nsummary: keys and certificates\nresources:\n"
             "  - directory: \"{{storage_root}}/ssl\"\n"
             "  - private_key: \"{{storage_root}}/ssl/ssl_private_key.pem\"\n"
             "  - private_key: \"{{storage_root}}/ssl/next_private_key.pem\"\n"
             "    other_than: \"{{storage_root}}/ssl/ssl_private_key.pem\"\n"
             "  - certificate: \"{{storage_root}}/ssl/ssl_certificate.pem\"\n"
             "    private_key: \"{{storage_root}}/ssl/ssl_private_key.pem\"\n"
             "    common_name: \"{{primary_hostname}}\"\n    issued: \"{{issued_certificate}}\"\n"
             "  - directory: \"{{storage_root}}/ssl/served\"\n"
             "  - server_certificate: \"{{storage_root}}/ssl/served/{{primary_hostname}}.pem\"\n"
             "    private_key: \"{{storage_root}}/ssl/ssl_private_key.pem\"\n"
             "    certificate: \"{{storage_root}}/ssl/ssl_certificate.pem\"\n    digest: \"{{issued_digest}}\"\n"
             "  - server_certificate: \"{{served.pem}}\"\n    for_each: served_certificates\n    as: served\n"
             "    private_key: \"{{served.private_key}}\"\n    certificate: \"{{served.certificate}}\"\n"
             "    digest: \"{{served.digest}}\"\n");
    host.put_directory("/var/log");
    host.commands.on({"certbot"}, [this](const Command& command) { return answer_certbot(command); });
    // In a test no name leads here until it says so.
    dns.servers["192.0.2.53"];
  }

  // A box whose names the world's DNS leads to it.
  void set_up_here() {
    set_up();
    lead_here(names_of_box());
  }

  // The world asks this box for its domain.
  void serve_the_zone() { dns.put("192.0.2.53", "example.com", DnsType::ns, {"ns1.box.example.com"}); }

  // A second domain, of which one name leads here.
  void add_domain() {
    REQUIRE(run({"user", "add", "anna@example.org", "--password-stdin"}, "correct horse\n") == ExitCode::ok);
    lead_here({"example.org"});
  }

  // The world's DNS leads the names to this box.
  void lead_here(const std::vector<std::string>& names) {
    for (const std::string& name : names) dns.put("192.0.2.53", name, DnsType::a, {"192.0.2.10"});
  }

  // The names of the box of one user, me@example.com.
  static std::vector<std::string> names_of_box() {
    return {"box.example.com",          "example.com",         "www.example.com",        "autoconfig.example.com",
            "autodiscover.example.com", "mta-sts.example.com", "mta-sts.box.example.com"};
  }

  const nlohmann::json* request_for(const nlohmann::json& object, const std::string& name) const {
    for (const nlohmann::json& request : object["requests"]) {
      const auto domains = request["domains"].get<std::vector<std::string>>();
      if (mailinabox::contains(domains, name)) return &request;
    }
    return nullptr;
  }

  std::string served(const std::string& name) { return host.content("/home/user-data/ssl/served/" + name + ".pem"); }
  std::size_t orders() const { return asked_names.size(); }
  // Whether the last order was to be validated by DNS.
  bool by_dns() const { return mailinabox::contains(orders_made.back().argv, std::string("--manual-auth-hook")); }

  TestAuthority authority;
  std::chrono::seconds lifetime{90 * 86'400};
  std::vector<std::string> asked_names{};  // of each order: "DNS:a,DNS:b"
  std::vector<Command> orders_made{};
  // What certbot prints and logs instead, for an order of these names; "" lets it succeed.
  std::function<std::string(const std::string& names)> refusal{};
  std::function<void()> on_order{};

 private:
  static std::string option(const Command& command, const std::string& name) {
    const auto found = std::find(command.argv.begin(), command.argv.end(), name);
    return found == command.argv.end() ? "" : *(found + 1);
  }

  CommandResult answer_certbot(const Command& command) {
    const std::string names = names_in_request(host.content(option(command, "--csr")));
    asked_names.push_back(names);
    orders_made.push_back(command);
    if (on_order) on_order();
    const std::string log = refusal ? refusal(names) : "";
    host.put(option(command, "--logs-dir") + "/letsencrypt.log", log);
    if (!log.empty()) return {.exit_code = 1, .out = "Some challenges have failed.\n"};
    const auto now = host.clock.now();
    host.put(option(command, "--fullchain-path"),
             authority.answer(host.content(option(command, "--csr")), now - std::chrono::hours(1), now + lifetime));
    return {};
  }
};

// The authority's answer as certbot logs it.
inline std::string logged_answer(int status, const std::string& headers, const std::string& body) {
  return "2026-11-29 21:10:31,887:DEBUG:acme.client:Received response:\nHTTP " + std::to_string(status) + "\n" +
         headers + "\n" + body + "\n";
}

inline std::string refused_name(const std::string& name) {
  return logged_answer(
      200, "",
      R"({"status": "invalid", "identifier": {"type": "dns", "value": ")" + name +
          R"("}, "challenges": [{"error": {"type": "urn:ietf:params:acme:error:connection", "detail": "no route"}}]})");
}

}  // namespace mailinabox::test
