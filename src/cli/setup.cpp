#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "cli/command.hpp"
#include "cli/context.hpp"
#include "cli/migrate/migration_text.hpp"
#include "cli/models/models.hpp"
#include "cli/models/secondary_addresses.hpp"
#include "cli/progress.hpp"
#include "cli/report_output.hpp"
#include "cli/resolver.hpp"
#include "cli/setup/closing.hpp"
#include "cli/setup/decide.hpp"
#include "cli/setup/first_user.hpp"
#include "cli/setup/network_check.hpp"
#include "cli/setup/preflight.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

struct SetupOptions {
  std::vector<std::string> only{};
  bool json = false;
  bool yes = false;
  bool no_wait = false;
  bool quiet = false;
  bool replace_lost = false;
};

class Setup {
 public:
  Setup(Environment& environment, const SetupOptions& options) : environment_(environment), options_(options) {}

  ExitCode run() {
    platform_ = preflight(environment_);
    environment_.acquire_lock("mailinabox setup", !options_.no_wait, [this](const std::string& holder) {
      environment_.errors << "Waiting for another run to end: " << holder << std::endl;
    });
    stored_ = read_answers(environment_);
    facts_ = gather_facts(environment_.view());
    find_answers();
    announce_migrations();  // throws for data of a newer release
    models_ = gather_models(environment_, decision_.answers, first_user());
    Catalog catalog = load();
    if (stored_.get("PRIMARY_HOSTNAME").empty()) {
      network_warnings_ = network_warnings(environment_, decision_.answers, facts_);
      print_warnings(environment_, network_warnings_);
    }
    if (!confirmed()) return ExitCode::failed;
    migrations_ = migrate_storage(environment_.system, decision_.answers, [this](const DoneMigration& done) {
      environment_.errors << done_text(done) << std::endl;
    });
    if (!migrations_.empty()) {
      models_ = gather_models(environment_, decision_.answers, first_user());  // from where the data is now
      catalog = load();
    }
    store_answers();
    if (options_.replace_lost) journal()->see({});
    Report report = converge(catalog);
    settle_users();
    report = follow_models(std::move(report));
    remember_secondary_addresses(environment_, models_.secondary_addresses);
    changed_ = report.count(Status::changed) > 0;
    finish(report);
    return user_error_.empty() ? report.exit_code() : ExitCode::failed;
  }

  bool changed() const { return changed_; }

 private:
  std::string first_user() const { return decision_.first_user ? decision_.first_user->email : std::string(); }

  Catalog load() const {
    const Value context = make_context(decision_.answers, facts_, decision_.time_zone, models_.values);
    const Catalog catalog = load_catalog(environment_.view().files, environment_.sources, context, platform_);
    return options_.only.empty() ? catalog : only(catalog, options_.only);
  }

  std::unique_ptr<Journal> journal() const {
    return make_file_journal(environment_.system.files, environment_.system.clock, environment_.state_directory,
                             environment_.version);
  }

  Report converge(const Catalog& catalog) const {
    const bool terminal = environment_.errors_terminal && !options_.json;
    const std::unique_ptr<Reporter> progress =
        make_progress(environment_, terminal ? ProgressStyle::terminal : ProgressStyle::plain);
    return apply(catalog, environment_.system, *journal(), *progress, "setup");
  }

  // A first run makes what the models follow from: the first user's domain, keys, a certificate. What follows from
  // them is done here, so that the next run finds nothing to do. A failure is not tried again.
  Report follow_models(Report report) {
    constexpr int k_most_runs = 3;
    for (int run = 1; run < k_most_runs && !report.failed(); ++run) {
      BoxModels models = gather_models(environment_, decision_.answers);
      const bool same = models.values == models_.values;
      models_ = std::move(models);
      if (same) break;
      report = together(report, converge(load()));
    }
    return report;
  }

  void find_answers() {
    const DecideOptions wanted{
        .may_ask = environment_.variable("NONINTERACTIVE").empty() && environment_.dialogue.available(),
        .first_user = true};
    if (wanted.may_ask && stored_.get("PRIMARY_HOSTNAME").empty()) check_recipes_first();
    decision_ = decide(environment_, stored_, facts_, wanted);
    settle_resolver(environment_, decision_.answers, facts_);
  }

  // A mistake in a recipe should not show only after all the questions.
  void check_recipes_first() const {
    Answers sample = stored_;
    for (const auto& [key, value] :
         {std::pair("STORAGE_USER", "user-data"), std::pair("STORAGE_ROOT", "/home/user-data"),
          std::pair("PRIMARY_HOSTNAME", "box.local.test"), std::pair("PUBLIC_IP", "127.0.0.1"),
          std::pair("MTA_STS_MODE", "enforce")}) {
      if (sample.get(key).empty()) sample.set(key, value);
    }
    (void)load_catalog(environment_.view().files, environment_.sources,
                       make_context(sample, facts_, "Etc/UTC", sample_models(sample).values), platform_);
  }

  bool confirmed() const {
    if (!decision_.asked || options_.yes) return true;
    environment_.dialogue.say(describe(decision_));
    const auto answer = environment_.dialogue.ask("Start? [Y/n] ");
    if (answer && (answer->empty() || answer->front() == 'y' || answer->front() == 'Y')) return true;
    environment_.dialogue.say("Nothing has been changed.\n");
    return false;
  }

  void announce_migrations() const {
    const std::vector<PlannedMigration> planned = plan_migrations(environment_.view(), decision_.answers);
    if (planned.empty()) return;
    const auto present = storage_version(environment_.view(), decision_.answers);
    environment_.errors << migrations_text(decision_.answers, present, planned) << std::flush;
  }

  void store_answers() const {
    const std::string text = decision_.answers.render();
    const auto before = environment_.system.files.read(environment_.answers_file);
    if (before && before->content == text) return;
    environment_.system.files.write(environment_.answers_file, text, FileAttributes{});
  }

  // Without the directory its recipe has failed, and the report says so.
  void settle_users() {
    const auto database = environment_.system.files.info(directory_path(decision_.answers));
    if (database.kind != FileKind::regular) return;
    const bool renamed = stored_.get("PRIMARY_HOSTNAME") != decision_.answers.get("PRIMARY_HOSTNAME");
    try {
      if (decision_.first_user) {
        user_made_ = make_first_user(environment_, decision_.answers, *decision_.first_user);
      } else {
        follow_host_name(environment_, decision_.answers, renamed);
      }
    } catch (const Error& error) {
      user_error_ = error.what();
    }
  }

  void finish(const Report& report) const {
    const Closing closing = make_closing(environment_, decision_.answers);
    const bool good = !report.failed() && user_error_.empty();
    if (!options_.json) print_warnings(environment_, models_.warnings);
    if (options_.json) {
      environment_.output << json(report, closing, good).dump(2) << std::endl;
      return;
    }
    environment_.output << summary_text(report);
    if (!good) {
      environment_.errors << failures_text(report);
      if (!user_error_.empty()) environment_.errors << "\nFAILED the first mail user\n  " << user_error_ << "\n";
    } else {
      environment_.output << closing_text(closing);
    }
    tell_user();
    environment_.output << std::flush;
  }

  void tell_user() const {
    if (!user_made_) return;
    environment_.output << "First mail user, also the administrator: " << decision_.first_user->email << "\n";
    if (decision_.first_user->generated) {
      environment_.output << "Its password (shown only now): " << decision_.first_user->password.reveal() << "\n";
    }
  }

  nlohmann::ordered_json json(const Report& report, const Closing& closing, bool good) const {
    nlohmann::ordered_json json = report_json(report, false);
    if (!good) json["result"] = "failed";
    json["warnings"] = network_warnings_;
    for (const std::string& warning : models_.warnings) json["warnings"].push_back(warning);
    json["panel"] = closing.panel;
    if (closing.fingerprint) json["fingerprint"] = *closing.fingerprint;
    for (const DoneMigration& done : migrations_) {
      json["migrations"].push_back({{"number", done.number}, {"summary", done.summary}, {"copy", done.copy}});
    }
    if (user_made_) {
      json["first_user"] = {{"email", decision_.first_user->email}};
      if (decision_.first_user->generated) json["first_user"]["password"] = decision_.first_user->password.reveal();
    }
    if (!user_error_.empty()) json["first_user"] = {{"error", user_error_}};
    return json;
  }

  Environment& environment_;
  const SetupOptions& options_;
  std::string platform_{};
  Answers stored_{};
  ValueMap facts_{};
  Decision decision_{};
  std::vector<DoneMigration> migrations_{};
  BoxModels models_{};
  bool user_made_ = false;
  std::string user_error_{};
  std::vector<std::string> network_warnings_{};
  bool changed_ = false;
};

// Keeps what is written to a stream, and gives it back when told, or when an exception passes by.
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

// For cron, which mails whatever is said: nothing where nothing changed or failed.
ExitCode run_quietly(Environment& environment, const SetupOptions& options) {
  HeldOutput output(environment.output);
  HeldOutput errors(environment.errors);
  Setup setup(environment, options);
  const ExitCode code = setup.run();
  if (code == ExitCode::ok && !setup.changed()) {
    output.drop();
    errors.drop();
  }
  return code;
}

}  // namespace

std::vector<CliCommand> setup_commands() {
  const auto options = std::make_shared<SetupOptions>();
  CliCommand command{.name = "setup", .summary = "Set this machine up as a mail server, or repair it"};
  command.details =
      "Asks what it does not know yet, then makes the machine what the recipes say, and nothing else.\n"
      "On a healthy box it changes nothing and restarts nothing. Answers are kept in /etc/mailinabox.conf.\n"
      "Data of an older release, also of the Mail-in-a-Box that was here before, is taken over: see `mailinabox\n"
      "migrate --help`.\n"
      "\n"
      "Without a terminal, or with NONINTERACTIVE=1, it asks nothing. Answers then come from the environment:\n"
      "  PRIMARY_HOSTNAME           full name of the box (auto: the machine's own, else box.local.test)\n"
      "  PUBLIC_IP, PUBLIC_IPV6     public addresses (auto: from the routing table)\n"
      "  PRIVATE_IP, PRIVATE_IPV6   the machine's own addresses (from the routing table)\n"
      "  STORAGE_USER, STORAGE_ROOT account and directory of all data (user-data, /home/user-data)\n"
      "  EMAIL_ADDR, EMAIL_PW       first mail user (me@PRIMARY_HOSTNAME, a generated password)\n"
      "  TIME_ZONE                  such as Europe/Berlin (as the machine has it)\n"
      "  MTA_STS_MODE               enforce, testing or none\n"
      "  DNS_FORWARDERS             name servers to ask instead of the root servers (found out by trying)\n"
      "  DISABLE_FIREWALL           1: leave the firewall alone";
  command.examples = {"sudo mailinabox", "sudo NONINTERACTIVE=1 PRIMARY_HOSTNAME=box.example.com mailinabox setup",
                      "sudo mailinabox setup --only postfix,dovecot"};
  command.exit_codes = {"0   the box is as the recipes say",
                        "1   something failed; the report says what and where",
                        "3   not this machine: not root, another distribution, too little memory",
                        "4   another run holds the lock (--no-wait)",
                        "5   a file system is full",
                        "6   the package registry or a download cannot be reached",
                        "7   another program keeps the package database locked",
                        "8   answers are missing or wrong, and nobody can be asked",
                        "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.list("--only", options->only, "RECIPE", "Only these recipes and what they require (commas between)");
    line.flag("--json", options->json, "Print the result as one JSON object");
    line.flag("--yes", options->yes, "Start without asking whether the answers are right");
    line.flag("--replace-lost", options->replace_lost,
              "Make keys and databases anew that were there and are gone for good");
    line.flag("--quiet", options->quiet, "Say nothing where nothing changed or failed");
    line.flag("--no-wait", options->no_wait, "End with exit code 4 where another run holds the lock");
  };
  command.run = [options](Environment& environment) {
    return with_json_errors(environment, options->json, [&] {
      if (options->quiet && !options->json) return run_quietly(environment, *options);
      return Setup(environment, *options).run();
    });
  };
  return {command};
}

}  // namespace mailinabox
