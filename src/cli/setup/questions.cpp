#include "cli/setup/questions.hpp"

#include "base/error.hpp"

namespace mailinabox {
namespace {

class Questions {
 public:
  Questions(Dialogue& dialogue, AnswerSheet& sheet) : dialogue_(dialogue), sheet_(sheet) {}

  bool ask_all(bool offer) {
    correct("STORAGE_USER", "The account for the box's web sites and backups");
    correct("STORAGE_ROOT", "The folder for all mail and settings");
    const std::string email = "E-mail address of the first user, who becomes the administrator";
    // The mail address comes before the host name, whose default follows from it.
    const bool host_known = !sheet_.known("PRIMARY_HOSTNAME").empty();
    if (sheet_.wants_first_user() && !host_known) settle("EMAIL_ADDR", email);
    settle("PRIMARY_HOSTNAME", "The full name of this machine, as mail servers will know it");
    settle("PUBLIC_IP", "The public IPv4 address of this machine");
    if (sheet_.wants_first_user()) {
      settle("EMAIL_ADDR", email);
      ask_password();
    }
    const std::string time_zone = "The time zone of this machine";
    sheet_.first_time() ? settle("TIME_ZONE", time_zone) : correct("TIME_ZONE", time_zone);
    correct("PUBLIC_IPV6", "The public IPv6 address of this machine");
    correct("PRIVATE_IP", "This machine's own IPv4 address");
    correct("PRIVATE_IPV6", "This machine's own IPv6 address");
    correct("MTA_STS_MODE", "What other servers do that reach the box without TLS (enforce, testing or none)");
    correct("DNS_FORWARDERS", "Name servers to ask instead of the root servers");
    correct("DNS_VALIDATION", "Whether answers of name servers are validated (yes or no)");
    correct("DISABLE_FIREWALL", "Whether the firewall is left alone (yes or no)");
    correct("SSH_PASSWORDS", "Whether SSH takes passwords (yes, if its own settings say so, or no)");
    if (offer && sheet_.ssh_question()) ask_about_ssh();
    return asked_;
  }

 private:
  void welcome() {
    if (asked_) return;
    asked_ = true;
    if (!sheet_.first_time()) return;
    dialogue_.say(
        "\nWelcome to Mail-in-a-Box.\n\n"
        "This turns the machine into a mail server. It should be a machine that does nothing else.\n"
        "A few questions first; Enter takes the answer in brackets. `sudo mailinabox` can be run again\n"
        "at any time: it keeps your answers and repairs what differs.\n\n");
  }

  // What is not asked for is asked about if it is wrong, or if its default would be.
  void correct(const std::string& key, const std::string& text) {
    const std::string known = sheet_.known(key);
    const std::string value = known.empty() ? sheet_.suggestion(key) : known;
    if (!value.empty() && !sheet_.problem(key, value).empty()) settle(key, text);
  }

  void settle(const std::string& key, const std::string& text) {
    const std::string known = sheet_.known(key);
    std::string suggestion = sheet_.suggestion(key);
    const std::string candidate = known.empty() ? suggestion : known;
    const std::string wrong = candidate.empty() ? std::string() : sheet_.problem(key, candidate);
    if (!known.empty() && wrong.empty()) return;
    welcome();
    if (!wrong.empty()) dialogue_.say("  " + wrong + "\n");
    if (!suggestion.empty() && !sheet_.problem(key, suggestion).empty()) suggestion.clear();
    const std::string prompt = text + (suggestion.empty() ? "" : " [" + suggestion + "]") + ": ";
    while (true) {
      const auto line = dialogue_.ask(prompt);
      if (!line) leave();
      const bool taken = line->find_first_not_of(" \t\r") == std::string::npos;
      const std::string value = sheet_.normal(key, taken ? suggestion : *line);
      const std::string problem = sheet_.problem(key, value);
      if (problem.empty()) return sheet_.give(key, value);
      dialogue_.say("  " + problem + "\n");
    }
  }

  void ask_password() {
    const std::string known = sheet_.known("EMAIL_PW");
    const std::string wrong = known.empty() ? std::string() : sheet_.problem("EMAIL_PW", known);
    if (!known.empty() && wrong.empty()) return;
    welcome();
    if (!wrong.empty()) dialogue_.say("  " + wrong + "\n");
    const std::string email = sheet_.known("EMAIL_ADDR");
    const auto password = ask_new_password(
        dialogue_, "A password for " + email + " (at least 8 characters): ", "The same password again: ");
    if (!password) leave();
    sheet_.give("EMAIL_PW", password->reveal());
  }

  // Nobody is asked whom keys would lock out.
  void ask_about_ssh() {
    welcome();
    dialogue_.say(
        "Log-ins over SSH: every account that can log in has an authorized key, so passwords could be refused, and\n"
        "guessers would have nothing to guess. Say yes only if that key is yours: log in with it from a second "
        "terminal\n"
        "first.\n");
    while (true) {
      const auto line = dialogue_.ask("Refuse passwords over SSH? [y/N] ");
      if (!line) leave();
      const std::string answer = lower_case(trim(*line));
      if (answer == "y" || answer == "yes") return sheet_.give("SSH_PASSWORDS", "no");
      if (answer.empty() || answer == "n" || answer == "no") return sheet_.give("SSH_PASSWORDS", "yes");
    }
  }

  [[noreturn]] static void leave() { throw Error("Setup was cancelled. Nothing has been changed."); }

  Dialogue& dialogue_;
  AnswerSheet& sheet_;
  bool asked_ = false;
};

}  // namespace

bool ask_answers(Dialogue& dialogue, AnswerSheet& sheet, bool offer) {
  return Questions(dialogue, sheet).ask_all(offer);
}

std::string describe(const CompleteAnswers& complete) {
  const Answers& answers = complete.answers;
  std::string text = "\nThis is what will be set up:\n\n";
  const auto line = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) text += "  " + name + std::string(18 - name.size(), ' ') + value + "\n";
  };
  line("Host name", answers.get("PRIMARY_HOSTNAME"));
  line("Public IPv4", answers.get("PUBLIC_IP"));
  line("Public IPv6", answers.get("PUBLIC_IPV6"));
  if (answers.get("PRIVATE_IP") != answers.get("PUBLIC_IP")) line("Own IPv4", answers.get("PRIVATE_IP"));
  if (answers.get("PRIVATE_IPV6") != answers.get("PUBLIC_IPV6")) line("Own IPv6", answers.get("PRIVATE_IPV6"));
  if (complete.first_user) line("First mail user", complete.first_user->email);
  line("Mail and settings", answers.get("STORAGE_ROOT"));
  line("Time zone", complete.time_zone);
  line("SSH", answers.get("SSH_PASSWORDS") == "no" ? "with keys only" : "");
  return text + "\n";
}

}  // namespace mailinabox
