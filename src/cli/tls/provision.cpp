#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.hpp"
#include "cli/report_output.hpp"
#include "cli/tls/tls_commands.hpp"
#include "operations/dns/zones.hpp"

namespace mailinabox {
namespace {

struct ProvisionCommandOptions {
  std::vector<std::string> names{};
  bool due = false;
  bool quiet = false;
  bool no_wait = false;
};

// For cron, which mails whatever is said.
ExitCode say_alarms(Console& console, const Provisioned& done) {
  if (!done.alarms.empty()) {
    console.output
        << "The box could not get certificates for these names. Those that it has go on serving, and it tries "
           "again by itself.\n\n";
    for (const std::string& alarm : done.alarms) console.output << alarm << "\n\n";
    console.output << "`sudo mailinabox tls status` shows how each name stands.\n" << std::flush;
  }
  ExitCode code = ExitCode::ok;
  if (done.publication && done.publication->code != ExitCode::ok) code = print_publication(console, *done.publication);
  if (done.roll && done.roll->turned) {
    console.output << done.roll->text() << "\n" << std::flush;
    code = print_publication(console, *done.roll->publication);
  }
  return code;
}

ExitCode print_provisioned(Console& console, const Provisioned& done) {
  const std::string text = requests_text(done.requests);
  console.output << (text.empty() ? "Every name has a certificate that is good for now.\n" : text);
  if (done.roll) console.output << done.roll->text() << "\n";
  for (const std::string& path : done.put_away) console.output << "Expired, moved away: " << path << "\n";
  console.output << std::flush;
  if (done.publication) {
    const ExitCode code = print_publication(console, *done.publication);
    if (code != ExitCode::ok) return code;
  }
  return done.exit_code();
}

ExitCode print_provisioned_json(Console& console, const Provisioned& done) {
  Json json = {{"requests", requests_json(done.requests)}, {"put_away", done.put_away}, {"alarms", done.alarms}};
  if (done.roll) json["roll"] = done.roll->text();
  if (!done.publication) {
    json["result"] = done.exit_code() == ExitCode::ok ? "ok" : "failed";
    print_json(console, json);
    return done.exit_code();
  }
  const ExitCode code = print_publication_json(console, *done.publication, json);
  return code == ExitCode::ok ? done.exit_code() : code;
}

ExitCode run_provision(Box& box, Console& console, const ProvisionCommandOptions& options) {
  ProvisionOptions wanted{.due_only = options.due};
  for (const std::string& name : options.names) {
    const bool wildcard = name.starts_with("*.");
    wanted.names.push_back(wildcard ? "*." + typed_domain(name.substr(2)) : typed_domain(name));
  }
  if (options.due && !is_set_up(box)) return ExitCode::ok;
  Provisioned done;
  try {
    done = provision_certificates(box, wanted, lock_request(console, "tls provision", options.no_wait));
  } catch (const Error& error) {
    const bool silent = options.quiet && !worth_reporting(box, error);
    if (silent) return ExitCode::ok;  // said a short while ago, or another run is at it: the next hour will do
    throw;
  }
  if (console.json) return print_provisioned_json(console, done);
  return options.quiet ? say_alarms(console, done) : print_provisioned(console, done);
}

}  // namespace

std::string requests_text(const std::vector<CertificateRequest>& requests) {
  std::string text;
  for (const CertificateRequest& one : requests) {
    if (one.result == CertificateRequest::Result::skipped &&
        one.log.front().find("valid certificate already") != std::string::npos)
      continue;
    const char* const heading = one.result == CertificateRequest::Result::installed ? "Installed: "
                                : one.result == CertificateRequest::Result::error   ? "FAILED "
                                                                                    : "Left out: ";
    text += heading + joined(one.domains, ", ") + "\n";
    for (const std::string& line : one.log) text += "  " + line + "\n";
  }
  return text;
}

CliCommand tls_provision_command() {
  const auto options = std::make_shared<ProvisionCommandOptions>();
  CliCommand command{.name = "tls provision", .summary = "Get certificates from Let's Encrypt for names that need one"};
  command.details =
      "Asks the authority (ACME_DIRECTORY in /etc/mailinabox.conf; Let's Encrypt by default) for certificates of all\n"
      "names, or of NAMEs, that have none or one of which less than a third of the lifetime is left. Names that DNS\n"
      "does not lead to this box are left out, with the reason; a name that the authority refuses, too, and the rest\n"
      "is asked for again. Nobody loses a certificate that works. What the authority does not find at port 80 is\n"
      "looked for in DNS if this box is the domain's name server, which it must be for a wildcard (`*.DOMAIN`). The\n"
      "box does all this by itself, at the end of setup and every hour, waits longer after each failure, and sends a\n"
      "mail after the second or if a certificate is about to end.";
  command.examples = {"sudo mailinabox tls provision", "sudo mailinabox tls provision www.example.com",
                      "sudo mailinabox tls provision '*.example.com'"};
  command.exit_codes = {"0   done; names may have been left out", "1   the authority or publishing failed",
                        "4   another run holds the lock, or requests certificates", "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.arguments("NAME", options->names, "Only these names", false);
    line.flag("--due", options->due, "Leave alone what was tried lately, as the box does by itself");
    line.flag("--quiet", options->quiet, "Print nothing but what somebody should do something about");
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json = publication_keys({{"requests", "each with domains, result (installed, skipped, error), log"},
                                   {"put_away", "expired files that were moved to STORAGE_ROOT/ssl.expired"},
                                   {"alarms", "what somebody should do something about"},
                                   {"roll", "how far a roll of the key is", false}});
  for (JsonKey& key : command.json) {
    const bool ours = key.key == "requests" || key.key == "put_away" || key.key == "alarms" || key.key == "result";
    key.always = ours;  // the rest if something was installed
  }
  command.run = [options](Box& box, Console& console) { return run_provision(box, console, *options); };
  return command;
}

}  // namespace mailinabox
