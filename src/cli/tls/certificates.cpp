#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/report_output.hpp"
#include "cli/tls/tls_commands.hpp"
#include "operations/dns/zones.hpp"
#include "operations/tls/import.hpp"

namespace mailinabox {
namespace {

struct CertificateOptions {
  std::string name{};
  std::string country{};
  std::vector<std::string> files{};
  bool no_wait = false;
};

std::string typed_name(const std::string& text) {
  return text.starts_with("*.") ? "*." + typed_domain(text.substr(2)) : typed_domain(text);
}

std::vector<std::string> absolute_paths(const std::vector<std::string>& paths) {
  std::vector<std::string> absolute;
  for (const std::string& path : paths) absolute.push_back(std::filesystem::absolute(path).lexically_normal().string());
  return absolute;
}

ExitCode import_files(Box& box, Console& console, const CertificateOptions& options) {
  const auto files = read_bundle_files(box, absolute_paths(options.files));
  const Import done =
      import_certificate(box, typed_name(options.name), files, lock_request(console, "tls import", options.no_wait));
  if (console.json) {
    return print_publication_json(console, done.publication,
                                  {{"file", done.path}, {"key_is_next", done.key_is_next}, {"better", done.better}});
  }
  console.output << "Stored as " << done.path << "\n";
  if (done.key_is_next)
    console.output << "Its key is not the box's yet: DNS has to publish it first. It is used as soon as nobody can "
                      "remember an answer without it; `mailinabox tls roll` says how far that is.\n";
  if (!done.better.empty())
    console.output << "Another certificate for this name is valid for longer and goes on serving it: " << done.better
                   << "\n";
  console.output << std::flush;
  return print_publication(console, done.publication);
}

Json shown_json(const ShownCertificate& shown) {
  return {{"name", shown.name},
          {"status", shown.status},
          {"text", shown.text},
          {"names", shown.names},
          {"signed_by", shown.chain.front()},
          {"chain", shown.chain},
          {"valid_from", rfc3339(shown.from)},
          {"valid_until", rfc3339(shown.until)},
          {"fingerprint", shown.fingerprint},
          {"tlsa", shown.tlsa},
          {"file", shown.file},
          {"key", shown.private_key}};
}

ExitCode show(Box& box, Console& console, const CertificateOptions& options) {
  const ShownCertificate shown = show_certificate(box, typed_name(options.name));
  if (console.json) {
    print_json(console, shown_json(shown));
    return ExitCode::ok;
  }
  console.output << shown.text << "\n"
                 << "Names:        " << joined(shown.names, ", ") << "\n"
                 << "Signed by:    " << joined(shown.chain, ", which is signed by ") << "\n"
                 << "Valid:        " << rfc3339(shown.from) << " to " << rfc3339(shown.until) << "\n"
                 << "Fingerprint:  " << shown.fingerprint << " (SHA-256)\n"
                 << "TLSA:         " << shown.tlsa << "\n"
                 << "File:         " << shown.file << "\n"
                 << "Private key:  " << shown.private_key << "\n"
                 << std::flush;
  return ExitCode::ok;
}

ExitCode remove(Box& box, Console& console, const CertificateOptions& options) {
  const Removal done =
      remove_certificate(box, typed_name(options.name), lock_request(console, "tls remove", options.no_wait));
  if (console.json)
    return print_publication_json(console, done.publication, {{"moved_to", done.moved_to}, {"now", done.now}});
  console.output << "Moved to " << done.moved_to << "\n"
                 << (done.now.empty() ? "The box's own certificate serves the name now.\n"
                                      : "The name is served by " + done.now + " now.\n")
                 << std::flush;
  return print_publication(console, done.publication);
}

std::shared_ptr<CertificateOptions> declare_name(CliCommand& command, bool changes) {
  auto options = std::make_shared<CertificateOptions>();
  command.declare = [options, changes](CommandOptions& line) {
    line.argument("NAME", options->name, "A name of the box, or a wildcard of its domains");
    if (changes) line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  return options;
}

}  // namespace

CliCommand tls_import_command() {
  const auto options = std::make_shared<CertificateOptions>();
  CliCommand command{.name = "tls import", .summary = "Install a certificate that you have got elsewhere"};
  command.details =
      "The FILEs (PEM) have the certificate, its chain in any order and, unless the request came from `mailinabox tls\n"
      "csr`, its private key. The name and the key must fit, and the chain must lead to an authority that this "
      "machine\n"
      "trusts; otherwise the command says what is missing, and nothing is replaced. For the box's own name a key that\n"
      "was made elsewhere becomes the next key: it is used when DNS has published it for long enough (see `tls roll`).";
  command.examples = {"sudo mailinabox tls import example.com example.com.crt ca-bundle.crt",
                      "sudo mailinabox tls import shop.example.com certificate.pem chain.pem key.pem"};
  command.declare = [options](CommandOptions& line) {
    line.argument("NAME", options->name, "A name of the box, or a wildcard of its domains");
    line.arguments("FILE", options->files, "Certificate, chain and key, in any order");
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json =
      publication_keys({{"file", "path of the certificate in the store"},
                        {"key_is_next", "true: it is used when DNS has had its key for long enough"},
                        {"better", "path of the certificate that goes on serving the name, if another one does"}});
  command.run = [options](Box& box, Console& console) { return import_files(box, console, *options); };
  return command;
}

CliCommand tls_csr_command() {
  const auto options = std::make_shared<CertificateOptions>();
  CliCommand command{.name = "tls csr", .summary = "Print a signing request, for an authority's form"};
  command.details =
      "The request (PEM) is for the box's private key, or, while a roll of the key is under way, for the next one. "
      "What\n"
      "the authority gives you for it goes in by `mailinabox tls import`.";
  command.examples = {"sudo mailinabox tls csr example.com --country DE > example.com.csr"};
  command.declare = [options](CommandOptions& line) {
    line.argument("NAME", options->name, "A name of the box, or a wildcard of its domains");
    line.text("--country", options->country, "CC",
              "Two letters (ISO 3166) for the subject, if the authority wants them");
  };
  command.run = [options](Box& box, Console& console) {
    console.output << signing_request(box, typed_name(options->name), options->country) << std::flush;
    return ExitCode::ok;
  };
  return command;
}

CliCommand tls_show_command() {
  CliCommand command{.name = "tls show", .summary = "Show the certificate that serves a name"};
  command.examples = {"sudo mailinabox tls show box.example.com"};
  const auto options = declare_name(command, false);
  command.json = {{"name", "that was asked about"},
                  {"status", "success, warning or danger"},
                  {"text", "what it is worth"},
                  {"names", "that it is for"},
                  {"signed_by", "organization and name"},
                  {"chain", "who signed it, who signed that, and so on"},
                  {"valid_from", "time"},
                  {"valid_until", "time"},
                  {"fingerprint", "SHA-256, as browsers show it"},
                  {"tlsa", "the record that DNS has for its key, if it is the box's own"},
                  {"file", "path in the store"},
                  {"key", "path of its private key"}};
  command.run = [options](Box& box, Console& console) { return show(box, console, *options); };
  return command;
}

CliCommand tls_remove_command() {
  CliCommand command{.name = "tls remove", .summary = "Take the certificate of a name out of use"};
  command.details =
      "The file is moved to STORAGE_ROOT/ssl.expired. The next best certificate serves the name then: another one for "
      "it,\n"
      "the box's own, or for the box's own name a self-signed one.";
  command.examples = {"sudo mailinabox tls remove www.example.com"};
  const auto options = declare_name(command, true);
  command.json = publication_keys(
      {{"moved_to", "path of the file now"}, {"now", "path of the certificate that serves the name from now on"}});
  command.run = [options](Box& box, Console& console) { return remove(box, console, *options); };
  return command;
}

}  // namespace mailinabox
