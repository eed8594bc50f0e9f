#include "cli/setup/decide.hpp"

#include <functional>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "cli/context.hpp"

namespace mailinabox {
namespace {

using Problem = std::function<std::string(const std::string&)>;

// How one answer is found.
struct Question {
  std::string key{};          // of the environment and of the file
  std::string text{};         // "" is never asked
  std::string fallback{};     // offered in brackets; taken where nobody is asked
  std::string automatic{};    // what "auto" in the environment stands for
  std::string provisional{};  // a stored value that is none: it was taken for want of better
  Problem problem{};
  std::function<std::string(const std::string&)> normalize = [](const std::string& given) {
    return std::string(trim(given));
  };
};

std::string problem_with_time_zone(const View& view, const std::string& zone) {
  const std::string zones = "/usr/share/zoneinfo";
  const bool name =
      !zone.empty() && zone.front() != '/' && zone.find("..") == std::string::npos &&
      zone.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-") == std::string::npos;
  // Without tzdata, which setup installs, a name that looks like one is taken.
  if (name && view.files.info(zones).kind == FileKind::absent) return {};
  if (name && view.files.info(zones + "/" + zone).kind != FileKind::absent &&
      view.files.info(zones + "/" + zone).kind != FileKind::directory) {
    return {};
  }
  return zone +
         " is not a time zone of this system. One such as Europe/Berlin or Etc/UTC is expected; they are the "
         "files below " +
         zones + ".";
}

std::string problem_with_forwarders(const std::string& forwarders) {
  if (forwarders == "unknown") return {};
  for (const std::string& address : split_list(forwarders)) {
    if (problem_with_ipv4(address).empty() || problem_with_ipv6(address).empty()) continue;
    return "DNS_FORWARDERS has " + address +
           ". Addresses of name servers with commas between are expected, or nothing.";
  }
  return {};
}

std::string host_name_form(const std::string& text) {
  std::string name = domain_to_ascii(trim(text));
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

class Decider {
 public:
  Decider(Environment& environment, const Answers& stored, const ValueMap& facts, const DecideOptions& options)
      : environment_(environment), stored_(stored), facts_(facts), options_(options) {
    decision_.answers = stored;
  }

  Decision decide() {
    find_storage();
    first_user_ = options_.first_user && storage_is_good() && needs_first_user(environment_, decision_.answers);
    find_names();
    find_addresses();
    find_first_user();
    find_time_zone();
    find_rest();
    if (!problems_.empty()) throw Error(problems(), ExitCode::missing_answers);
    return std::move(decision_);
  }

 private:
  std::string find(const Question& question);
  std::string ask(const Question& question);
  Secret ask_password();
  void welcome();
  void wrong(const std::string& key, const std::string& problem);
  std::string problems() const;

  void keep(const Question& question) {
    const std::string value = find(question);
    if (value.find_first_of(" \t\r\n") == std::string::npos) decision_.answers.set(question.key, value);
  }

  void find_storage() {
    keep({.key = "STORAGE_USER", .fallback = "user-data", .problem = problem_with_storage_user});
    keep({.key = "STORAGE_ROOT",
          .fallback = "/home/" + decision_.answers.get("STORAGE_USER"),
          .problem = problem_with_storage_root});
  }

  // Otherwise there is nowhere to look for users, and the message about it comes anyway.
  bool storage_is_good() const { return problem_with_storage_root(decision_.answers.get("STORAGE_ROOT")).empty(); }

  void find_names();
  void find_addresses();
  void find_first_user();
  void find_time_zone();
  void find_rest();

  std::string email_default() const;

  Environment& environment_;
  const Answers& stored_;
  const ValueMap& facts_;
  const DecideOptions options_;
  Decision decision_{};
  bool first_user_ = false;
  std::string email_{};
  std::vector<std::string> problems_{};
};

void Decider::wrong(const std::string& key, const std::string& problem) { problems_.push_back(key + ": " + problem); }

std::string Decider::problems() const {
  std::string text = "Setup cannot begin, and there is no terminal to ask at:\n";
  for (const std::string& problem : problems_) text += "  " + problem + "\n";
  return text + "Set these as environment variables, or correct them in " + environment_.answers_file + ".";
}

void Decider::welcome() {
  if (decision_.asked) return;
  decision_.asked = true;
  environment_.dialogue.say(
      "\nWelcome to Mail-in-a-Box.\n\n"
      "This turns the machine into a mail server. It should be a machine that does nothing else.\n"
      "A few questions first; Enter takes the answer in brackets. `sudo mailinabox` can be run again\n"
      "at any time: it keeps your answers and repairs what differs.\n\n");
}

std::string Decider::ask(const Question& question) {
  welcome();
  const std::string brackets = question.fallback.empty() ? "" : " [" + question.fallback + "]";
  while (true) {
    const auto line = environment_.dialogue.ask(question.text + brackets + ": ");
    if (!line) throw Error("Setup was cancelled. Nothing has been changed.");
    const std::string value = question.normalize(trim(*line).empty() ? question.fallback : *line);
    const std::string problem = question.problem(value);
    if (problem.empty()) return value;
    environment_.dialogue.say("  " + problem + "\n");
  }
}

std::string Decider::find(const Question& question) {
  std::string value = environment_.variable(question.key);
  if (value == "auto" && !question.automatic.empty()) value = question.automatic;
  if (value == "auto") value.clear();
  if (value.empty() && stored_.get(question.key) != question.provisional) value = stored_.get(question.key);
  value = question.normalize(value);
  const bool askable = options_.may_ask && !question.text.empty();
  if (value.empty())
    return askable ? ask(question) : [&] {
      const std::string fallback = question.normalize(question.fallback);
      if (const std::string problem = question.problem(fallback); !problem.empty()) wrong(question.key, problem);
      return fallback;
    }();
  const std::string problem = question.problem(value);
  if (problem.empty()) return value;
  if (askable) {
    welcome();
    environment_.dialogue.say("  " + problem + "\n");
    return ask(question);
  }
  wrong(question.key, problem);
  return value;
}

// The first mail address comes before the host name, whose default follows from it.
std::string Decider::email_default() const {
  std::string name = decision_.answers.get("PRIMARY_HOSTNAME");
  if (options_.may_ask) {
    if (name.empty()) name = full_machine_name(environment_.view());
    if (name.rfind("box.", 0) == 0 && problem_with_host_name(name.substr(4)).empty()) name.erase(0, 4);
  }
  return name.empty() ? std::string() : "me@" + name;
}

void Decider::find_names() {
  const std::string machine = full_machine_name(environment_.view());
  std::string fallback = machine.empty() ? "box.local.test" : machine;
  const bool known = !environment_.variable("PRIMARY_HOSTNAME").empty() || !stored_.get("PRIMARY_HOSTNAME").empty();
  if (first_user_ && options_.may_ask && !known) {
    // The host name is not known yet, so that a reserved domain is judged later, against it.
    email_ = find(
        {.key = "EMAIL_ADDR",
         .text = "Your first e-mail address, who will be the administrator",
         .fallback = email_default(),
         .problem =
             [](const std::string& text) { return problem_with_email(text, "box." + std::string(domain_part(text))); },
         .normalize = [](const std::string& text) { return lower_case(trim(text)); }});
    const std::string domain(domain_part(email_));
    const bool fits = machine == domain || (machine.size() > domain.size() &&
                                            machine.substr(machine.size() - domain.size() - 1) == "." + domain);
    if (!fits) fallback = "box." + domain;
  }
  keep({.key = "PRIMARY_HOSTNAME",
        .text = "The full name of this machine, as mail servers will know it",
        .fallback = fallback,
        .automatic = fallback,
        .problem = problem_with_host_name,
        .normalize = host_name_form});
}

void Decider::find_addresses() {
  const std::string ipv4 = text_fact(facts_, "private_ip");
  const std::string ipv6 = text_fact(facts_, "private_ipv6");
  keep({.key = "PUBLIC_IP",
        .text = "The public IPv4 address of this machine",
        .fallback = ipv4.empty() ? "127.0.0.1" : ipv4,
        .provisional = "127.0.0.1",
        .problem = problem_with_ipv4});
  keep({.key = "PUBLIC_IPV6", .fallback = public_ipv6(ipv6) ? ipv6 : "", .problem = problem_with_ipv6});
  // The machine's own addresses follow the machine; without a network the last ones stay.
  const auto own = [&](const char* key, const std::string& fact, const Problem& problem) {
    if (!environment_.variable(key).empty() || fact.empty()) {
      keep({.key = key, .problem = problem});
    } else {
      decision_.answers.set(key, fact);
    }
  };
  own("PRIVATE_IP", ipv4, [](const std::string& text) { return text.empty() ? "" : problem_with_ipv4(text); });
  own("PRIVATE_IPV6", ipv6, problem_with_ipv6);
}

Secret Decider::ask_password() {
  welcome();
  while (true) {
    const auto first = environment_.dialogue.ask_secret("A password for " + email_ + " (at least 8 characters): ");
    if (!first) throw Error("Setup was cancelled. Nothing has been changed.");
    if (const std::string problem = problem_with_password(first->reveal()); !problem.empty()) {
      environment_.dialogue.say("  " + problem + "\n");
      continue;
    }
    const auto second = environment_.dialogue.ask_secret("The same password again: ");
    if (!second) throw Error("Setup was cancelled. Nothing has been changed.");
    if (first->reveal() == second->reveal()) return *first;
    environment_.dialogue.say("  The two differ. Please type it twice again.\n");
  }
}

void Decider::find_first_user() {
  if (!first_user_) return;
  const std::string host = decision_.answers.get("PRIMARY_HOSTNAME");
  if (email_.empty()) {
    email_ = find({.key = "EMAIL_ADDR",
                   .text = "Your first e-mail address, who will be the administrator",
                   .fallback = email_default(),
                   .problem = [&](const std::string& text) { return problem_with_email(text, host); },
                   .normalize = [](const std::string& text) { return lower_case(trim(text)); }});
  } else if (const std::string problem = problem_with_email(email_, host); !problem.empty()) {
    wrong("EMAIL_ADDR", problem);
  }
  FirstUser user{.email = email_, .password = Secret(environment_.variable("EMAIL_PW"))};
  if (user.password.empty() && options_.may_ask) {
    user.password = ask_password();
  } else if (user.password.empty()) {
    user.password = random_password(16);
    user.generated = true;
  } else if (const std::string problem = problem_with_password(user.password.reveal()); !problem.empty()) {
    wrong("EMAIL_PW", problem);
  }
  decision_.first_user = std::move(user);
}

void Decider::find_time_zone() {
  const std::string present = text_fact(facts_, "time_zone");
  const bool first_time = stored_.get("PRIMARY_HOSTNAME").empty();
  decision_.time_zone =
      find({.key = "TIME_ZONE",
            .text = first_time ? "The time zone of this machine" : "",
            .fallback = present.empty() ? "Etc/UTC" : present,
            .problem = [&](const std::string& zone) { return problem_with_time_zone(environment_.view(), zone); }});
  decision_.answers.remove("TIME_ZONE");  // the machine keeps it, where `timedatectl` may change it
}

void Decider::find_rest() {
  keep({.key = "MTA_STS_MODE", .fallback = "enforce", .problem = problem_with_mta_sts_mode});
  if (!environment_.variable("DNS_FORWARDERS").empty()) {
    keep({.key = "DNS_FORWARDERS", .problem = problem_with_forwarders});
  }
  for (const char* key : {"DNS_VALIDATION", "DISABLE_FIREWALL"}) {
    const std::string value = environment_.variable(key);
    if (!value.empty()) decision_.answers.set(key, value);
  }
}

}  // namespace

Decision decide(Environment& environment, const Answers& stored, const ValueMap& facts, const DecideOptions& options) {
  return Decider(environment, stored, facts, options).decide();
}

std::string describe(const Decision& decision) {
  const Answers& answers = decision.answers;
  std::string text = "\nThis is what will be set up:\n\n";
  const auto line = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) text += "  " + name + std::string(18 - name.size(), ' ') + value + "\n";
  };
  line("Host name", answers.get("PRIMARY_HOSTNAME"));
  line("Public IPv4", answers.get("PUBLIC_IP"));
  line("Public IPv6", answers.get("PUBLIC_IPV6"));
  if (answers.get("PRIVATE_IP") != answers.get("PUBLIC_IP")) line("Own IPv4", answers.get("PRIVATE_IP"));
  if (answers.get("PRIVATE_IPV6") != answers.get("PUBLIC_IPV6")) line("Own IPv6", answers.get("PRIVATE_IPV6"));
  if (decision.first_user) line("First mail user", decision.first_user->email);
  line("Mail and settings", answers.get("STORAGE_ROOT"));
  line("Time zone", decision.time_zone);
  return text + "\n";
}

}  // namespace mailinabox
