#include "operations/tls/order.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/certificate.hpp"
#include "crypto/key.hpp"
#include "crypto/signing_request.hpp"
#include "operations/models/certificates.hpp"

namespace mailinabox {
namespace {

// Of orders that failed. certbot's timer, which has nothing to renew, writes its log elsewhere.
constexpr const char* k_logs = "/var/log/mailinabox";
constexpr const char* k_log = "/var/log/mailinabox/letsencrypt.log";
constexpr std::size_t k_largest_log = 1024 * 1024;
// certbot gives it to a shell. Beside the program, as on the path of recipes.
constexpr const char* k_hook =
    "/usr/bin/env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin mailinabox tls challenge";

std::string order_folder(const Box& box) { return box.state_directory + "/tls-order"; }

std::string request_text(const Box& box, const Order& order) {
  const auto file = box.system.files.read(order.private_key);
  const Key key = key_from_pem(file ? file->content : "");
  if (!key) throw Error("No certificate can be requested: " + order.private_key + " has no key that can be read.");
  std::vector<std::string> names;
  for (const std::string& name : order.names) names.push_back("DNS:" + name);
  return make_signing_request(key, names).pem;
}

// What no other process may see stands in a file, not on the command line. It is also there so that certbot does not
// read /etc/letsencrypt/cli.ini, which is for certificates of others.
std::string certbot_settings(const AcmeSettings& settings) {
  std::string text = "max-log-backups = 0\n";
  if (settings.key_id.empty()) return text;
  return text + "eab-kid = " + settings.key_id + "\neab-hmac-key = " + settings.key.reveal() + "\n";
}

Command certbot_command(const Box& box, const Answers& answers, const AcmeSettings& settings, const Order& order) {
  const std::string folder = order_folder(box);
  const std::string account = certificate_folder(answers) + "/lets_encrypt";
  Command command{.argv = {"certbot",
                           "certonly",
                           "--non-interactive",
                           "-c",
                           box.system.files.real_path(folder + "/certbot.ini"),
                           "--agree-tos",
                           "--no-eff-email",
                           "--server",
                           settings.directory,
                           "--config-dir",
                           account,
                           "--logs-dir",
                           folder + "/log",
                           "--csr",
                           folder + "/request.pem",
                           "--cert-path",
                           folder + "/certificate.pem",
                           "--chain-path",
                           folder + "/chain.pem",
                           "--fullchain-path",
                           folder + "/whole.pem"},
                  .timeout = std::chrono::minutes(20)};
  const auto add = [&](std::vector<std::string> words) {
    command.argv.insert(command.argv.end(), words.begin(), words.end());
  };
  if (settings.email.empty()) {
    add({"--register-unsafely-without-email"});
  } else {
    add({"--email", settings.email});
  }
  if (order.validation == Validation::http) {
    add({"--webroot", "--webroot-path", account + "/webroot"});
  } else {
    add({"--manual", "--preferred-challenges", "dns", "--manual-auth-hook", k_hook});
  }
  if (!settings.authorities.empty()) command.environment["REQUESTS_CA_BUNDLE"] = settings.authorities;
  return command;
}

std::string text_of(const Box& box, const std::string& path) {
  const auto file = box.system.files.read(path);
  return file ? file->content : "";
}

// One file for all: a run makes several orders, and the log of each may be the one that somebody needs.
// "" if it cannot be kept: on a full disk, what the authority said is still worth knowing.
std::string keep_log(const Box& box, const std::string& text) {
  FileSystem& files = box.system.files;
  try {
    files.make_directory(k_logs, {.mode = 0700});
    if (files.info(k_log).size > k_largest_log) files.rename(k_log, k_log + std::string(".1"));
    files.append(k_log, text, {.mode = 0600});
  } catch (const Error&) {
    return {};
  }
  return k_log;
}

std::string no_record_path(const Box& box) { return order_folder(box) + "/no-record"; }

}  // namespace

OrderResult place_order(const Box& box, const Answers& answers, const AcmeSettings& settings, const Order& order) {
  FileSystem& files = box.system.files;
  const std::string folder = order_folder(box);
  files.remove(folder, true);
  files.make_directory(folder, {.mode = 0700});
  files.write(folder + "/directory", settings.directory, {.mode = 0600});
  files.write(folder + "/request.pem", request_text(box, order), {.mode = 0600});
  files.write(folder + "/certbot.ini", certbot_settings(settings), {.mode = 0600});
  const CommandResult done = box.system.commands.run(certbot_command(box, answers, settings, order));
  files.remove(folder + "/certbot.ini");
  OrderResult result;
  if (done.exit_code == 0) {
    result.chain = pending_certificate(box).chain;
    if (!result.chain.empty()) return result;
  }
  if (done.exit_code == 127) {
    result.problem.detail = "it cannot be started (" + std::string(trim(done.err)) + "); is its package installed?";
    return result;
  }
  const std::string log = text_of(box, folder + "/log/letsencrypt.log");
  result.log = keep_log(box, log);
  result.no_record = text_of(box, no_record_path(box));
  result.problem = acme_problem(order.names, done.out + "\n" + done.err, log);
  if (done.timed_out) result.problem.detail = "it was not done within 20 minutes";
  return result;
}

PendingCertificate pending_certificate(const Box& box) {
  std::string text = text_of(box, order_folder(box) + "/whole.pem");
  std::size_t begun = 0;
  for (std::size_t at = text.find("-----BEGIN "); at != std::string::npos; at = text.find("-----BEGIN ", at + 1))
    ++begun;
  const bool whole = trim(text).ends_with("-----END CERTIFICATE-----") && certificates_from_pem(text).size() == begun;
  if (!whole) return {};
  return {.chain = std::move(text), .directory = text_of(box, order_folder(box) + "/directory")};
}

void clear_order(const Box& box) { box.system.files.remove(order_folder(box), true); }

void tell_order(const Box& box, const std::string& why_no_record) {
  if (box.system.files.info(order_folder(box)).kind == FileKind::directory)
    box.system.files.write(no_record_path(box), why_no_record, {.mode = 0600});
}

}  // namespace mailinabox
