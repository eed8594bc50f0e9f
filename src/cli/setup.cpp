// `mailinabox setup`, from the lock to the last line: lock, answers, what would be done, doing it, the report.
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/closing.hpp"
#include "cli/command.hpp"
#include "cli/migration_text.hpp"
#include "cli/progress.hpp"
#include "cli/report_output.hpp"
#include "cli/setup/questions.hpp"
#include "cli/tls/tls_commands.hpp"
#include "facts/facts.hpp"
#include "operations/answers/resolver.hpp"
#include "operations/hold.hpp"
#include "operations/publish.hpp"
#include "operations/setup.hpp"
#include "operations/suitability.hpp"

namespace mailinabox {
namespace {

struct SetupCommandOptions {
  std::vector<std::string> only{};
  bool yes = false;
  bool no_wait = false;
  bool quiet = false;
  bool replace_lost = false;
};

// Throws if the answer is no.
void confirm_answers(Console& console, const SetupCommandOptions& options, const CompleteAnswers& complete) {
  if (options.yes) return;
  console.dialogue.say(describe(complete));
  const auto answer = console.dialogue.ask("Start? [Y/n] ");
  const bool yes = answer && (answer->empty() || answer->front() == 'y' || answer->front() == 'Y');
  if (!yes) throw Error("Nothing has been changed.");
}

// Signatures run out, and lists of domains must match the users: both go on while a rollback holds the box. Throws what
// was done and how the hold ends.
[[noreturn]] void keep_up_held_box(const Box& box, const HeldLock& lock, const Hold& held) {
  const Publication kept_up = publish(box, lock);
  std::string message = held.text();
  if (kept_up.report.count(Status::changed) > 0) {
    message +=
        " Only what follows from the box's data (zones and their signatures, lists of domains) was brought up to "
        "date.";
  } else if (kept_up.code == ExitCode::ok) {
    message += " Nothing was changed.";
  }
  message += " `sudo mailinabox rollback --release` ends this; `setup --yes` does, too.";
  if (kept_up.code != ExitCode::ok) {
    message += "\nWhat follows from the box's data could not be brought up to date:\n" + kept_up.error +
               failures_text(kept_up.report);
  }
  throw Error(message, ExitCode::missing_answers);
}

// Who rolled the box back does not want the recipes back by chance: a run by itself leaves it.
void ask_to_end_hold(const Box& box, const HeldLock& lock, Console& console, const SetupCommandOptions& options) {
  const auto held = read_hold(box);
  if (!held || options.yes) return;
  if (!console.may_ask()) keep_up_held_box(box, lock, *held);
  const bool whole = options.only.empty();
  console.dialogue.say(held->text() + (whole ? "\nSetup makes it match its recipes again.\n"
                                             : "\nSetup makes it match these recipes again. The box stays held.\n"));
  const auto answer = console.dialogue.ask(whole ? "End the hold? [y/N] " : "Go on? [y/N] ");
  if (answer && (*answer == "y" || *answer == "Y" || *answer == "yes")) return;
  throw Error("Nothing has been changed.");
}

Json setup_json(const SetupResult& result, const std::vector<std::string>& warnings) {
  Json json = report_json(result.report, false);
  if (!result.succeeded()) json["result"] = "failed";
  json["warnings"] = warnings;
  for (const std::string& warning : result.warnings) json["warnings"].push_back(warning);
  json["set_up"] = result.complete_box;
  if (!result.complete_box) {
    json["parts"] = result.parts.done;
    json["missing"] = result.parts.missing;
  }
  json["panel"] = result.panel;
  if (result.fingerprint) json["fingerprint"] = *result.fingerprint;
  if (!result.signed_by.empty()) json["signed_by"] = result.signed_by;
  for (const DoneMigration& done : result.migrations) {
    json["migrations"].push_back({{"number", done.number}, {"summary", done.summary}, {"copy", done.copy}});
  }
  if (result.first_user) {
    json["first_user"] = {{"email", result.first_user->email}};
    if (result.first_user->generated) json["first_user"]["password"] = result.first_user->password.reveal();
  }
  if (!result.first_user_error.empty()) json["first_user"] = {{"error", result.first_user_error}};
  return json;
}

void print_first_user(Console& console, const SetupResult& result) {
  if (!result.first_user) return;
  console.output << "First mail user, also the administrator: " << result.first_user->email << "\n";
  if (!result.first_user->generated) return;
  console.output << "Its password (shown only now): " << result.first_user->password.reveal() << "\n" << std::flush;
  if (console.output) return;
  console.errors << "Its password was generated and could not be shown. Set one: sudo mailinabox user password "
                 << result.first_user->email << std::endl;
}

// What the authority said does not make setup fail: the box works, and tries again by itself.
Provisioned get_certificates(const Box& box, Console& console, const LockRequest& lock, SetupResult& result) {
  Provisioned done;
  if (!result.succeeded() || !result.complete_box || !result.certificates_due) return done;
  if (!console.json) {
    console.errors
        << "Asking for certificates. By installing you have agreed to the authority's terms of service; those "
           "of Let's Encrypt are at https://letsencrypt.org/repository/.\n"
        << std::flush;
  }
  try {
    done = provision_certificates(box, {.due_only = true}, lock);
  } catch (const Error& error) {
    result.warnings.push_back(std::string("No certificates were asked for. ") + error.what());
  }
  if (done.installed()) describe_panel(box, nullptr, result);
  if (done.installed() && done.publication->code != ExitCode::ok) {
    result.warnings.push_back("Certificates were installed, and not everything follows them yet: " +
                              done.publication->error + failures_text(done.publication->report));
  }
  return done;
}

void print_setup(Console& console, const SetupResult& result, const Provisioned& certificates) {
  print_warnings(console, result.warnings);
  console.output << summary_text(result.report) << requests_text(certificates.requests);
  if (!result.succeeded()) {
    console.errors << failures_text(result.report);
    if (!result.first_user_error.empty()) {
      console.errors << "\nFAILED the first mail user\n  " << result.first_user_error << "\n";
    }
  } else if (result.complete_box) {
    console.output << closing_text(result);
  } else {
    console.output << "\n" << parts_text(result.parts) << "Run `sudo mailinabox` for the whole box.\n\n";
  }
  print_first_user(console, result);
  console.output << std::flush;
}

ExitCode run_setup(Box& box, Console& console, const SetupCommandOptions& options, bool& changed) {
  std::vector<std::string> warnings = require_suitable(box);
  print_warnings(console, warnings);
  const LockRequest request = lock_request(console, "setup", options.no_wait);
  std::optional<HeldLock> lock(std::in_place, box, request);
  ask_to_end_hold(box, *lock, console, options);
  const ValueMap facts = gather_facts(box.view());

  // The answers: given, stored, asked for, or a default.
  AnswerSheet sheet(box, facts, {.given = console.variables, .first_user = true, .access = Directory::Access::change});
  bool asked = false;
  if (console.may_ask()) {
    if (sheet.first_time()) check_recipes(box, sheet.stored(), facts);
    asked = ask_answers(console.dialogue, sheet, !options.yes && options.only.empty());
  }
  CompleteAnswers complete = sheet.complete();
  settle_resolver(box, complete.answers, facts, complete.warnings);

  // What would be done, before anything is.
  PreparedSetup prepared =
      prepare_setup(box, *lock, Scope::recipes(options.only), facts, sheet.stored(), std::move(complete));
  const std::optional<Move> moved = prepared.loaded.moved;
  if (moved) console.errors << moved->text() << std::endl;
  if (!prepared.migrations.empty()) {
    console.errors << migrations_text(prepared.loaded.answers().get("STORAGE_ROOT"), prepared.storage_version,
                                      prepared.migrations)
                   << std::flush;
  }
  print_warnings(console, prepared.warnings);
  if (asked) confirm_answers(console, options, prepared.loaded.complete);

  warnings.insert(warnings.end(), prepared.warnings.begin(), prepared.warnings.end());
  const SetupOptions how{.replace_lost = options.replace_lost, .on_migrated = [&console](const DoneMigration& done) {
                           console.errors << done_text(done) << std::endl;
                         }};
  std::unique_ptr<Reporter> progress = make_progress(box.system.clock, console, console.json);
  SetupResult result = set_up(box, *lock, std::move(prepared), how, *progress);
  progress.reset();
  lock.reset();  // an authority takes its time
  Provisioned certificates;
  if (options.only.empty()) certificates = get_certificates(box, console, request, result);

  // An answer alone changes no resource, but is recorded.
  changed =
      result.report.count(Status::changed) > 0 || result.report.generation.has_value() || !certificates.alarms.empty();
  if (console.json) {
    Json json = setup_json(result, warnings);
    if (moved) json["moved"] = move_json(*moved);
    json["certificates"] = requests_json(certificates.requests);
    print_json(console, json);
  } else {
    print_setup(console, result, certificates);
  }
  return result.exit_code();
}

// Keeps what is written to a stream, and writes it at the end unless it is dropped.
class HeldOutput {
 public:
  explicit HeldOutput(std::ostream& stream) : stream_(stream), buffer_(stream.rdbuf(held_.rdbuf())) {}
  ~HeldOutput() {
    stream_.rdbuf(buffer_);
    if (!dropped_) stream_ << held_.str() << std::flush;
  }
  HeldOutput(const HeldOutput&) = delete;
  HeldOutput& operator=(const HeldOutput&) = delete;
  void drop() { dropped_ = true; }

 private:
  std::ostream& stream_;
  std::ostringstream held_{};
  std::streambuf* buffer_;
  bool dropped_ = false;
};

// For cron, which mails whatever is said: nothing unless something changed or failed.
ExitCode run_quietly(Box& box, Console& console, const SetupCommandOptions& options) {
  HeldOutput output(console.output);
  HeldOutput errors(console.errors);
  bool changed = false;
  const ExitCode code = run_setup(box, console, options, changed);
  if (code == ExitCode::ok && !changed) {
    output.drop();
    errors.drop();
  }
  return code;
}

}  // namespace

std::vector<CliCommand> setup_commands() {
  const auto options = std::make_shared<SetupCommandOptions>();
  CliCommand command{.name = "setup", .summary = "Set this machine up as a mail server, or repair it"};
  command.details =
      "Asks for the answers that are missing, then changes what differs from the recipes, and nothing else.\n"
      "On a healthy box it changes nothing and restarts nothing. Answers are kept in /etc/mailinabox.conf.\n"
      "Data of an older release, also of the Mail-in-a-Box that was here before, is taken over: see `mailinabox\n"
      "migrate --help`.\n"
      "\n"
      "Without a terminal, or with NONINTERACTIVE=1, it asks nothing. Answers then come from the environment:\n"
      "  PRIMARY_HOSTNAME           full name of the box (the machine's own, else box.local.test)\n"
      "  PUBLIC_IP, PUBLIC_IPV6     public addresses (from the routing table)\n"
      "  PRIVATE_IP, PRIVATE_IPV6   the machine's own addresses (from the routing table)\n"
      "  STORAGE_USER, STORAGE_ROOT account and directory of all data (user-data, /home/user-data)\n"
      "  EMAIL_ADDR, EMAIL_PW       first mail user (me@PRIMARY_HOSTNAME, a generated password)\n"
      "  TIME_ZONE                  such as Europe/Berlin (as the machine has it)\n"
      "  MTA_STS_MODE               enforce, testing or none\n"
      "  ACME_DIRECTORY             certificate authority: nothing for Let's Encrypt, whose terms of service you "
      "agree\n"
      "                             to by installing; staging, none, or the https:// address of another one\n"
      "  ACME_CA_FILE, ACME_EMAIL   its own certificate's authority (PEM), if it is a private one; an address for it\n"
      "  ACME_EAB_KID               identifier of external account binding; the key is in "
      "/etc/mailinabox/acme-eab.key\n"
      "                             or in ACME_EAB_KEY_FILE\n"
      "  DNS_FORWARDERS             name servers to ask instead of the root servers (found out by trying)\n"
      "  DISABLE_FIREWALL           1: leave the firewall alone\n"
      "  SSH_PASSWORDS              no: SSH refuses passwords, once everyone who can log in has a key and passwords\n"
      "                             come from /etc/shadow only; yes: as sshd's own settings say (the default; on a\n"
      "                             terminal you are asked)\n"
      "The value auto takes the default instead of a stored answer; an empty PUBLIC_IPV6, DNS_FORWARDERS,\n"
      "DISABLE_FIREWALL, SSH_PASSWORDS or ACME_… unsets it. A public address that was the machine's own follows if the "
      "machine "
      "moves.";
  command.examples = {"sudo mailinabox", "sudo NONINTERACTIVE=1 PRIMARY_HOSTNAME=box.example.com mailinabox setup",
                      "sudo mailinabox setup --only postfix,dovecot"};
  command.exit_codes = {
      "0   the box matches its recipes",
      "1   something failed; the report names each failure and its place",
      "3   not this machine: not root, another distribution, packages of two of its releases, too little memory,\n"
      "      a port that another program holds",
      "4   another run holds the lock (--no-wait)",
      "5   a file system is full, or the result cannot be written",
      "6   the package registry or a download cannot be reached",
      "7   another program keeps the package database locked",
      "8   answers are missing or wrong, or a rollback holds the box, and nobody can be asked (only what follows from\n"
      "      the data is brought up to date)",
      "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.list("--only", options->only, "RECIPE", "Only these recipes and what they require (commas between)");
    line.flag("--yes", options->yes,
              "Start without asking whether the answers are right, or whether a rollback may end");
    line.flag("--replace-lost", options->replace_lost, "Make new keys and databases in place of lost ones");
    line.flag("--quiet", options->quiet, "Print nothing unless something changed or failed");
    line.flag("--no-wait", options->no_wait, "End with exit code 4 if another run holds the lock");
  };
  command.json = report_keys({{"warnings", "sentences"},
                              {"moved", "if the machine was upgraded since it was last set up: from, to", false},
                              {"set_up", "whether the whole box has been set up, now or before"},
                              {"parts", "until then: the recipes that have been", false},
                              {"missing", "until then: those that have not", false},
                              {"panel", "addresses at which the control panel will be"},
                              {"fingerprint", "SHA-256 of the certificate there", false},
                              {"signed_by", "who has signed it, unless it is the box itself", false},
                              {"certificates", "what was asked for, as of tls provision"},
                              {"migrations", "that were done, each with number, summary, copy", false},
                              {"first_user", "with email, password if it was generated, or error", false}});
  command.run = [options](Box& box, Console& console) {
    if (options->quiet && !console.json) return run_quietly(box, console, *options);
    bool changed = false;
    return run_setup(box, console, *options, changed);
  };
  return {command};
}

}  // namespace mailinabox
