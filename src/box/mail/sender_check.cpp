#include "box/mail/sender_check.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "box/directory/address.hpp"
#include "box/mail/from_header.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_place = "'%s'";  // the address, in the table's query

// The settings of the file: "name = value", continued by lines that begin with a blank.
std::vector<std::string> table_settings(std::string_view content) {
  std::vector<std::string> settings;
  for (const std::string_view line : lines_of(content)) {
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#') continue;
    if (k_blanks.find(line.front()) != std::string_view::npos && !settings.empty()) {
      settings.back().append(" ").append(text);
    } else {
      settings.emplace_back(text);
    }
  }
  return settings;
}

// Postfix writes the address between the quotes, escaped; a bound parameter is the same text.
std::string bound_query(std::string_view query) {
  std::string bound;
  for (std::size_t i = 0; i < query.size(); ++i) {
    if (query.substr(i, k_place.size()) == k_place) {
      bound += "?1";
      i += k_place.size() - 1;
    } else if (query.substr(i, 2) == "%%") {
      bound += query[i++];
    } else if (query[i] == '%') {
      throw Error(fmt::format("the query has \"{}\", and only '%s' in single quotes is known", query.substr(i, 2)));
    } else {
      bound += query[i];
    }
  }
  return bound;
}

}  // namespace

SenderTable parse_sender_table(std::string_view content) {
  SenderTable table;
  for (const std::string& setting : table_settings(content)) {
    const std::size_t equals = setting.find('=');
    const std::string name(trim(std::string_view(setting).substr(0, equals)));
    const std::string value(equals == std::string::npos ? "" : trim(std::string_view(setting).substr(equals + 1)));
    if (name != "dbpath" && name != "query") {
      throw Error(fmt::format("the setting \"{}\" is not known, only dbpath and query are", name));
    }
    (name == "dbpath" ? table.database : table.query) = name == "query" ? bound_query(value) : value;
  }
  if (table.database.empty() || table.query.empty()) throw Error("dbpath or query is missing");
  return table;
}

void SenderCheck::begin(std::string_view login, std::string_view sender) {
  user_ = lower_case(login);
  sender_ = lower_case(sender);
  first_headers_.clear();
  from_.clear();
  from_headers_ = 0;
  stray_return_ = false;
}

void SenderCheck::header(std::string_view name, std::string_view value) {
  // Some servers take a carriage return alone for the end of a line, and what follows for another header.
  for (std::size_t at = 0; (at = value.find('\r', at)) != std::string_view::npos; ++at) {
    if (value.substr(at, 2) != "\r\n") stray_return_ = true;
  }
  // Blanks before the colon belong to no name, though the standard calls them obsolete. (Postfix removes them.)
  const std::string plain_name = lower_case(trim(name));
  if (plain_name == "from" && from_headers_++ == 0) from_ = value;
  if (first_headers_.size() < 2) first_headers_.push_back(plain_name);
}

std::string SenderCheck::verdict() {
  try {
    return from_user() ? judged() : "";
  } catch (const std::exception& error) {
    return fmt::format("451 4.3.0 Who may send as which address cannot be looked up now, try again later: {}",
                       error.what());
  }
}

std::string SenderCheck::judged() {
  if (stray_return_) {
    return "550 5.7.1 A header has a carriage return within a line, which some servers take for the end of it: have "
           "your mail program leave it out";
  }
  if (from_headers_ == 0) return "550 5.7.1 The message has no From header: have your mail program write one";
  if (from_headers_ > 1) {
    return "550 5.7.1 The message has more than one From header: have your mail program write only one";
  }
  if (!printable_utf8(replaced(replaced(from_, "\n", " "), "\t", " "))) {
    return "550 5.7.1 From has bytes that are neither ASCII nor UTF-8: have your mail program encode the name";
  }
  const auto addresses = from_addresses(from_);
  if (!addresses) {
    return "550 5.7.1 The addresses in From cannot be read without doubt: write it as \"Name\" <name@example.com>";
  }
  for (const std::string& address : *addresses) {
    const std::vector<std::string> logins = logins_of(address);
    if (contains(logins, user_)) continue;
    const std::string text = fmt::format("550 5.7.1 From is {:.120}, as which {:.100} may not send: ", address, user_);
    if (logins.empty()) return text + "this box has no such address. Choose another sender";
    return text + "choose another sender, or have the administrator permit it (mailinabox alias add --help)";
  }
  return "";
}

// Whether somebody has to answer for From: who has logged in, else the user whose address the sender is.
bool SenderCheck::from_user() {
  if (!user_.empty()) return true;
  if (sender_.empty() || passed_on()) return false;
  const std::string local(local_part(sender_));
  const std::string owner = local.substr(0, local.find('+', 1)) + "@" + std::string(domain_part(sender_));
  if (!contains(logins_of(owner), owner)) return false;
  user_ = owner;
  return true;
}

bool SenderCheck::passed_on() const {
  return first_headers_ == std::vector<std::string>{"x-sieve", "x-sieve-redirected-from"};
}

// Who may send as the address; empty if it is nobody's. Postfix would ask again for the address without "+tag" and for
// "@domain" if the first question gave nothing. The query answers for these itself, and gives nothing only if they have
// no row either, so these questions are not needed. An address in quotes, which Postfix would ask about in quotes, is
// not read from a header at all.
std::vector<std::string> SenderCheck::logins_of(std::string_view address) {
  if (!question_) {
    const SenderTable table = load_();
    database_ = connect_database(table.database, Database::Access::read_only);
    question_.emplace(*database_, table.query);
  }
  question_->bind(1, lower_case(address));
  std::vector<std::string> logins;
  while (question_->step()) {
    const std::string row = question_->text(0);
    for (const std::string_view login : words_of(row, ", \t\r\n")) logins.push_back(lower_case(login));
  }
  question_->reset();
  return logins;
}

bool check_senders(std::istream& input, std::ostream& output, std::function<SenderTable()> load) {
  SenderCheck check(std::move(load));
  return serve_milter(input, output, check);
}

}  // namespace mailinabox
