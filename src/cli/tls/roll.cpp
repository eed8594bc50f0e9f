#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/report_output.hpp"
#include "cli/tls/tls_commands.hpp"
#include "operations/dns/zones.hpp"
#include "operations/tls/challenge.hpp"

namespace mailinabox {
namespace {

const char* step_word(RollStep step) {
  static constexpr const char* k_words[] = {"none", "publish", "wait", "certify", "turn"};
  return k_words[static_cast<std::size_t>(step)];
}

ExitCode print_roll(Console& console, const RollResult& done) {
  const ExitCode code = done.publication ? done.publication->code : ExitCode::ok;
  if (console.json) {
    const Json json = {{"turned", done.turned}, {"next", step_word(done.step)}, {"text", done.text()}};
    if (done.publication) return print_publication_json(console, *done.publication, json);
    print_json(console, json);
    return code;
  }
  console.output << done.text() << "\n" << std::flush;
  if (done.publication) return print_publication(console, *done.publication);
  return code;
}

ExitCode run_roll(Box& box, Console& console, bool no_wait) {
  const LockRequest lock = lock_request(console, "tls roll", no_wait);
  RollResult done = start_roll(box, lock);
  if (done.step == RollStep::certify) {
    const Provisioned provisioned =
        provision_certificates(box, {.names = {read_models(box).input.primary_hostname}}, lock);
    if (!console.json) console.output << requests_text(provisioned.requests);
    done = provisioned.roll.value_or(RollResult{});
  }
  return print_roll(console, done);
}

ExitCode run_challenge(Box& box, Console& console) {
  const std::string domain = console.variable("CERTBOT_DOMAIN");
  const std::string value = console.variable("CERTBOT_VALIDATION");
  const std::string remaining = console.variable("CERTBOT_REMAINING_CHALLENGES");
  if (domain.empty() || value.empty())
    throw Error("certbot calls this, with CERTBOT_DOMAIN and CERTBOT_VALIDATION in the environment.", ExitCode::usage);
  publish_challenge(box, domain, value, remaining.empty() || remaining == "0", lock_request(console, "tls challenge"));
  return ExitCode::ok;
}

}  // namespace

CliCommand tls_roll_command() {
  const auto no_wait = std::make_shared<bool>(false);
  CliCommand command{.name = "tls roll", .summary = "Replace the box's private key for TLS, without losing mail"};
  command.details =
      "DNS publishes the fingerprints of the box's key and of the next one (TLSA), so that other mail servers know "
      "the\n"
      "key that they must find. This asks for the roles to turn: when every name server has published both for longer\n"
      "than anybody may remember an older answer (a day and an hour), and there is a certificate on the next key that "
      "is\n"
      "worth as much as the present one, the next key takes over, and a new next one is made. It says what it waits "
      "for,\n"
      "and goes on by itself every hour. On a box that has had its next key for a day, it is done at once.";
  command.examples = {"sudo mailinabox tls roll"};
  command.declare = [no_wait](CommandOptions& line) { line.flag("--no-wait", *no_wait, k_no_wait); };
  command.json = publication_keys({{"turned", "true if the key has changed now"},
                                   {"next", "what is next: none, publish, wait, certify"},
                                   {"text", "the same as a sentence or two"}});
  for (JsonKey& key : command.json) key.always = key.key == "turned" || key.key == "next" || key.key == "text";
  command.run = [no_wait](Box& box, Console& console) { return run_roll(box, console, *no_wait); };
  return command;
}

CliCommand tls_challenge_command() {
  CliCommand command{.name = "tls challenge",
                     .summary = "Publish a DNS record that an authority wants to see (for certbot)"};
  command.details =
      "certbot calls it while `mailinabox tls provision` has names validated by DNS. The record\n"
      "_acme-challenge.CERTBOT_DOMAIN with CERTBOT_VALIDATION is put into its zone; the command returns when every\n"
      "name server of the zone has it.";
  command.examples = {"CERTBOT_DOMAIN=example.com CERTBOT_VALIDATION=abc mailinabox tls challenge"};
  command.run = [](Box& box, Console& console) { return run_challenge(box, console); };
  return command;
}

}  // namespace mailinabox
