#include "operations/answers/answer_sheet.hpp"

#include <array>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/directory/password.hpp"
#include "operations/answers/ssh_warning.hpp"
#include "operations/answers/storage_place.hpp"
#include "operations/context.hpp"

namespace mailinabox {
namespace {

std::string problem_with_time_zone(const View& view, const std::string& zone) {
  const std::string zones = "/usr/share/zoneinfo";
  const bool name =
      !zone.empty() && zone.size() < 256 && zone.front() != '/' && zone.find("..") == std::string::npos &&
      zone.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-") == std::string::npos;
  // Without tzdata, which setup installs, a name that looks like one is taken.
  if (name && view.files.info(zones).kind == FileKind::absent) return {};
  // There are tables and lists in that folder, too, such as `leapseconds`.
  if (name && view.files.info(zones + "/" + zone).kind != FileKind::directory) {
    const auto file = view.files.read(zones + "/" + zone);
    if (file && file->content.starts_with("TZif")) return {};
  }
  return zone +
         " is not a time zone of this system. One such as Europe/Berlin or Etc/UTC is expected; they are the "
         "files below " +
         zones + ".";
}

std::string problem_with_forwarders(const std::string& forwarders, const std::function<bool(const std::string&)>& own) {
  if (forwarders == "unknown") return {};
  for (const std::string& address : split_list(forwarders)) {
    if (address == "127.0.0.1" || address == "::1" || own(address))
      return "DNS_FORWARDERS has " + address +
             ", which is this machine: its resolver would ask itself. Expected other machines' addresses, or nothing.";
    if (problem_with_ipv4(address).empty() || problem_with_ipv6(address).empty()) continue;
    return "DNS_FORWARDERS has " + address +
           ". Addresses of name servers with commas between are expected, or nothing.";
  }
  return {};
}

std::string problem_with_ssh_passwords(const std::string& value) {
  if (value.empty() || value == "yes" || value == "no") return {};
  return "\"" + value + "\" is neither yes (as sshd's own settings say) nor no (keys only).";
}

bool yes_fact(const ValueMap& facts, std::string_view name) {
  const auto found = facts.find(name);
  return found != facts.end() && found->second.truthy();
}

// The file keeps the word; whatever is not one of these no would be a yes.
std::string problem_with_switch(const std::string& key, const std::string& value) {
  static constexpr std::array<std::string_view, 6> k_words = {"1", "yes", "true", "0", "no", "false"};
  if (contains(k_words, lower_case(value))) return {};
  return key + " is " + value + ". Expected 1, yes or true, or 0, no or false.";
}

constexpr const char* k_auto = "auto";

// Answers that may be empty: an empty value given for one run unsets them.
constexpr std::array<std::string_view, 11> k_may_be_empty = {
    "PUBLIC_IPV6",    "DNS_FORWARDERS", "DNS_VALIDATION", "DISABLE_FIREWALL", "SSH_PASSWORDS",    "EMAIL_PW",
    "ACME_DIRECTORY", "ACME_CA_FILE",   "ACME_EMAIL",     "ACME_EAB_KID",     "ACME_EAB_KEY_FILE"};

// About the certificate authority: each is kept if it is given, and unset by an empty value.
constexpr std::array<const char*, 5> k_of_authority = {"ACME_DIRECTORY", "ACME_CA_FILE", "ACME_EMAIL", "ACME_EAB_KID",
                                                       "ACME_EAB_KEY_FILE"};

// The public address of a machine that has this address itself.
std::string public_form(const std::string& key, const std::string& own) {
  return key == "PUBLIC_IP" || public_ipv6(own) ? own : "";
}

bool is_public(const std::string& address) { return public_ipv4(address) || public_ipv6(address); }

std::string host_name_form(const std::string& text) {
  std::string name = domain_to_ascii(trim(text));
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

}  // namespace

AnswerSheet::AnswerSheet(const Box& box, const ValueMap& facts, AnswerRequest request)
    : box_(box), facts_(facts), request_(std::move(request)), stored_(read_answers(box)) {
  complete_.answers = stored_;
  settle_storage();
}

void AnswerSheet::give(const std::string& key, const std::string& value) {
  request_.given[key] = value;
  if (key.starts_with("STORAGE_")) settle_storage();
}

// They come before all other answers: there may be a directory of users there, which says what else is to be asked.
void AnswerSheet::settle_storage() {
  problems_.clear();
  keep("STORAGE_USER");
  keep("STORAGE_ROOT");
  open_directory();
}

// A wrong STORAGE_ROOT is reported with the other problems; nobody's database is looked for there.
void AnswerSheet::open_directory() {
  const std::string root = complete_.answers.get("STORAGE_ROOT");
  directory_.reset();
  first_user_ = false;
  if (request_.no_directory || !problem("STORAGE_ROOT", root).empty()) return;
  const std::string path = directory_path(complete_.answers);
  if (box_.system.files.info(path).kind == FileKind::regular) {
    const std::string host = known("PRIMARY_HOSTNAME");
    directory_ = std::make_shared<Directory>(box_.system.files.real_path(path), host, request_.access);
  }
  first_user_ = request_.first_user && (directory_ == nullptr || directory_->empty());
}

std::optional<std::string> AnswerSheet::given(const std::string& key) const {
  const auto given = request_.given.find(key);
  if (given == request_.given.end() || (given->second.empty() && !contains(k_may_be_empty, key))) return std::nullopt;
  return given->second;
}

// What "auto" stands for. An address that was found before stays without a network, and a public one if the machine's
// own is not public: a router stands between, and which address that has cannot be found out from here.
std::string AnswerSheet::found(const std::string& key) const {
  if (key == "EMAIL_ADDR" || key == "EMAIL_PW" || key.starts_with("PRIVATE_")) return {};
  if (!key.starts_with("PUBLIC_")) return fallback(key);
  const std::string own = own_address(key);
  const bool offline = own_address("PUBLIC_IP").empty() && own_address("PUBLIC_IPV6").empty();
  const bool behind_router = (!own.empty() || key == "PUBLIC_IP") && !is_public(own) && is_public(stored_.get(key));
  return offline || behind_router ? stored_.get(key) : public_form(key, own);
}

// The machine's present address that belongs to PUBLIC_IP or PUBLIC_IPV6; "" without one.
std::string AnswerSheet::own_address(const std::string& key) const {
  return text_fact(facts_, key == "PUBLIC_IP" ? "private_ip" : "private_ipv6");
}

// True if one of the machine's interfaces has it.
bool AnswerSheet::is_own(const std::string& address) const {
  const auto all = facts_.find("own_addresses");
  return all != facts_.end() && all->second.is_list() && contains(all->second.as_list(), Value(address));
}

// A public address that was the machine's own moves with the machine, but not from a public address to one that others
// cannot reach (a tunnel is up, or a router now stands before it), and not while the machine has the old one, too.
std::string AnswerSheet::stored_public(const std::string& key) const {
  const std::string stored = stored_.get(key);
  const std::string before = stored_.get(key == "PUBLIC_IP" ? "PRIVATE_IP" : "PRIVATE_IPV6");
  const std::string own = own_address(key);
  if (own.empty() || before.empty() || own == before || stored != public_form(key, before)) return stored;
  if (is_own(before) || (is_public(before) && !is_public(own))) return stored;
  return public_form(key, own);
}

std::string AnswerSheet::known(const std::string& key) const {
  if (const auto value = given(key)) return normal(key, *value == k_auto ? found(key) : *value);
  return normal(key, key == "PUBLIC_IP" || key == "PUBLIC_IPV6" ? stored_public(key) : stored_.get(key));
}

std::string AnswerSheet::fallback(const std::string& key) const {
  if (key == "STORAGE_USER") return "user-data";
  if (key == "STORAGE_ROOT") return "/home/" + complete_.answers.get("STORAGE_USER");
  if (key == "PRIMARY_HOSTNAME") {
    const std::string machine = full_machine_name(box_.view());
    return machine.empty() ? "box.local.test" : machine;
  }
  if (key == "EMAIL_ADDR") return "me@" + complete_.answers.get("PRIMARY_HOSTNAME");
  const std::string own = text_fact(facts_, "private_ip");
  if (key == "PUBLIC_IP") return own.empty() ? "127.0.0.1" : own;
  const std::string own_ipv6 = text_fact(facts_, "private_ipv6");
  if (key == "PUBLIC_IPV6") return public_ipv6(own_ipv6) ? own_ipv6 : "";
  const std::string zone = text_fact(facts_, "time_zone");
  if (key == "TIME_ZONE") return zone.empty() ? "Etc/UTC" : zone;
  return key == "MTA_STS_MODE" ? "enforce" : "";
}

std::string AnswerSheet::suggestion(const std::string& key) const {
  const std::string machine = full_machine_name(box_.view());
  const std::string host = known("PRIMARY_HOSTNAME");
  if (key == "EMAIL_ADDR") {
    std::string name = host.empty() ? machine : host;
    if (name.rfind("box.", 0) == 0 && problem_with_host_name(name.substr(4)).empty()) name.erase(0, 4);
    return name.empty() ? std::string() : "me@" + name;
  }
  if (key == "PRIMARY_HOSTNAME" && first_user_) {
    const std::string domain(domain_part(known("EMAIL_ADDR")));
    const bool fits = domain.empty() || machine == domain || machine.ends_with("." + domain);
    if (!fits) return "box." + domain;
  }
  return fallback(key);
}

std::string AnswerSheet::problem(const std::string& key, const std::string& value) const {
  if (key.starts_with("STORAGE_")) return problem_with_storage(key, value);
  if (key == "PRIMARY_HOSTNAME") return problem_with_host_name(value);
  if (key == "PUBLIC_IP") return problem_with_ipv4(value);
  if (key == "PRIVATE_IP") return value.empty() ? "" : problem_with_ipv4(value);
  if (key == "PUBLIC_IPV6" || key == "PRIVATE_IPV6") return problem_with_ipv6(value);
  if (key == "DISABLE_FIREWALL" || key == "DNS_VALIDATION") return problem_with_switch(key, value);
  if (key == "TIME_ZONE") return problem_with_time_zone(box_.view(), value);
  if (key == "MTA_STS_MODE") return problem_with_mta_sts_mode(value);
  if (key == "DNS_FORWARDERS") {
    return problem_with_forwarders(value, [&](const std::string& address) { return is_own(address); });
  }
  if (key == "SSH_PASSWORDS") return problem_with_ssh_passwords(value);
  if (key.starts_with("ACME_")) return problem_with_authority(key, value);
  if (key == "EMAIL_PW") return problem_with_password(value);
  if (key != "EMAIL_ADDR") return {};
  // Asked before the host name is known, it is judged as if that were the usual one.
  std::string host = known("PRIMARY_HOSTNAME");
  if (host.empty()) host = complete_.answers.get("PRIMARY_HOSTNAME");
  return problem_with_email(value, host.empty() ? "box." + std::string(domain_part(value)) : host);
}

// What the place is like on this machine is asked once the name is one that can be asked about.
std::string AnswerSheet::problem_with_storage(const std::string& key, const std::string& value) const {
  if (key == "STORAGE_USER") {
    const std::string wrong = problem_with_storage_user(value);
    if (!wrong.empty() || value == stored_.get(key)) return wrong;
    const std::string root = known("STORAGE_ROOT");
    return problem_with_storage_account(box_.view(), value, root.empty() ? "/home/" + value : root);
  }
  const std::string wrong = problem_with_storage_root(value);
  if (!wrong.empty()) return wrong;
  const std::string unfit = storage_place(value).problem;
  // If the disk of a box is away, another place is no advice.
  return unfit.empty() || (value == stored_.get(key) && is_set_up(box_)) ? "" : unfit;
}

std::string AnswerSheet::normal(const std::string& key, const std::string& value) const {
  if (key == "PRIMARY_HOSTNAME") return host_name_form(value);
  if (key == "EMAIL_PW") return value;
  return key == "EMAIL_ADDR" || key == "SSH_PASSWORDS" ? lower_case(trim(value)) : std::string(trim(value));
}

// False for a PUBLIC_IPV6 that was left empty although the machine has such an address.
bool AnswerSheet::may_default(const std::string& key) const {
  if (key != "PUBLIC_IPV6") return true;
  const auto value = given(key);
  return value ? value == k_auto : !stored_.find(key) || !public_ipv6(stored_.get("PRIVATE_IPV6"));
}

std::string AnswerSheet::settle(const std::string& key) {
  std::string value = known(key);
  if (value.empty() && may_default(key)) value = fallback(key);
  const std::string wrong = problem(key, value);
  if (!wrong.empty()) problems_.push_back(key + ": " + wrong);
  return value;
}

void AnswerSheet::keep(const std::string& key) {
  const std::string value = settle(key);
  if (value.find_first_of(" \t\r\n") == std::string::npos) complete_.answers.set(key, value);
}

// The machine's own addresses follow the machine; without a network the last ones stay.
void AnswerSheet::settle_own_address(const std::string& key) {
  const std::string fact = own_address(key == "PRIVATE_IP" ? "PUBLIC_IP" : "PUBLIC_IPV6");
  const auto value = given(key);
  if ((value && value != k_auto) || fact.empty()) {
    keep(key);
  } else {
    complete_.answers.set(key, fact);
  }
}

void AnswerSheet::settle_if_given(const std::string& key) {
  const auto value = given(key);
  if (!value) return;
  complete_.answers.remove(key);
  if (value->empty() || *value == k_auto) return;
  const std::string wrong = problem(key, *value);
  if (!wrong.empty()) problems_.push_back(key + ": " + wrong);
  if (wrong.empty()) complete_.answers.set(key, normal(key, *value));
}

void AnswerSheet::settle_optional() {
  // These two are found out together, by trying (settle_resolver()).
  const auto forwarders = given("DNS_FORWARDERS");
  if (forwarders == k_auto) {
    complete_.answers.remove("DNS_FORWARDERS");
    complete_.answers.remove("DNS_VALIDATION");
  } else if (forwarders) {
    const std::string wrong = problem("DNS_FORWARDERS", *forwarders);
    if (!wrong.empty()) problems_.push_back("DNS_FORWARDERS: " + wrong);
    if (wrong.empty()) {
      const std::string normal_form = normal("DNS_FORWARDERS", *forwarders);
      // Whether signatures come through other servers is found out anew.
      if (normal_form != stored_.get("DNS_FORWARDERS")) complete_.answers.remove("DNS_VALIDATION");
      complete_.answers.set("DNS_FORWARDERS", normal_form);
    }
  }
  for (const char* key : {"DNS_VALIDATION", "DISABLE_FIREWALL"}) settle_if_given(key);
  for (const char* key : k_of_authority) settle_if_given(key);
  const std::string passwords = settle("SSH_PASSWORDS");
  complete_.answers.remove("SSH_PASSWORDS");
  if (passwords == "yes" || passwords == "no") complete_.answers.set("SSH_PASSWORDS", passwords);
}

bool AnswerSheet::ssh_question() const {
  return known("SSH_PASSWORDS").empty() && yes_fact(facts_, "ssh_passwords") && ssh_keys_suffice(facts_);
}

// What cannot be known from here: whether a public address that is not the machine's own is still right.
void AnswerSheet::compare_address(const std::string& key) {
  const std::string address = complete_.answers.get(key);
  const std::string own = own_address(key);
  const std::string stored = stored_.get(key);
  const std::string own_before = stored_.get(key == "PUBLIC_IP" ? "PRIVATE_IP" : "PRIVATE_IPV6");
  const std::string name = key == "PUBLIC_IP" ? "public address" : "public IPv6 address";
  const auto value = given(key);
  if (own.empty() || stored.empty() || (address == stored && (address == own || is_own(address)))) return;
  if (value == k_auto && address == stored) {
    complete_.warnings.push_back("This machine's own address " + own + " is not public, so " + key +
                                 "=auto keeps the " + name + " " + address + ". If that is wrong, run `sudo " + key +
                                 "=ADDRESS mailinabox setup`.");
  }
  if (own_before.empty() || value) return;
  if (address != stored) {
    complete_.warnings.push_back("The box's " + name + " is now " + address + ", before " + stored +
                                 ": the machine has moved. Its name servers' addresses at the registrar and its "
                                 "reverse DNS entry at the provider must follow.");
  } else if (own != own_before) {
    complete_.warnings.push_back(
        "This machine's own address is now " + own + ", before " + own_before + ". The box's " + name + " stays " +
        address + ". If others reach it elsewhere now, run `sudo " + key + "=ADDRESS mailinabox setup`.");
  } else if (is_public(own)) {
    complete_.warnings.push_back("This machine has the " + name + " " + own + ", but DNS sends others to " + address +
                                 " (" + key + "). If that is a mistake, run `sudo " + key + "=auto mailinabox setup`.");
  }
}

void AnswerSheet::settle_first_user() {
  if (!first_user_) return;
  FirstUser user{.email = settle("EMAIL_ADDR"), .password = Secret(known("EMAIL_PW"))};
  if (user.password.empty()) {
    user.password = random_password(16);
    user.generated = true;
  } else if (const std::string wrong = problem("EMAIL_PW", user.password.reveal()); !wrong.empty()) {
    problems_.push_back("EMAIL_PW: " + wrong);
  }
  complete_.first_user = std::move(user);
}

CompleteAnswers AnswerSheet::complete() {
  keep("PRIMARY_HOSTNAME");
  keep("PUBLIC_IP");
  keep("PUBLIC_IPV6");
  settle_own_address("PRIVATE_IP");
  settle_own_address("PRIVATE_IPV6");
  settle_first_user();
  complete_.time_zone = settle("TIME_ZONE");
  complete_.answers.remove("TIME_ZONE");  // the machine keeps it, and `timedatectl` may change it
  keep("MTA_STS_MODE");
  settle_optional();
  if (!problems_.empty()) throw Error(problems(), ExitCode::missing_answers);
  complete_.warnings = storage_place(complete_.answers.get("STORAGE_ROOT")).warnings;
  compare_address("PUBLIC_IP");
  compare_address("PUBLIC_IPV6");
  if (std::string warning = ssh_warning(complete_.answers, facts_); !warning.empty()) {
    complete_.warnings.push_back(std::move(warning));
  }
  complete_.address_assumed = known("PUBLIC_IP").empty() && text_fact(facts_, "private_ip").empty();
  if (directory_ != nullptr) {
    complete_.directory = std::make_shared<Directory>(*directory_, complete_.answers.get("PRIMARY_HOSTNAME"));
  }
  return std::move(complete_);
}

// Who may not look below STORAGE_ROOT sees the answers of a box, which were judged when they were stored.
StoragePlace AnswerSheet::storage_place(const std::string& path) const {
  if (request_.no_directory) return {};
  return look_at_storage_place(box_.view(), path, complete_.answers.get("STORAGE_USER"));
}

std::string AnswerSheet::problems() const {
  std::string text = "These answers are missing or wrong, and there is no terminal to ask at:\n";
  for (const std::string& problem : problems_) text += "  " + problem + "\n";
  return text + "Set these as environment variables, or correct them in " + box_.answers_file + ".";
}

}  // namespace mailinabox
