// Whether a message that a user hands in has a From header as which this user may send.
//
// Postfix judges the envelope's sender (reject_authenticated_sender_login_mismatch), but people see From, and our DKIM
// signature vouches for it. Both are judged by the same question to the same table, so they do not differ: nobody's
// address, also one of another server, is refused here as it is there.
//
// Mail that a user's Sieve script makes (a notification, a reply while on holiday) comes without a login, with the user
// as its sender: the same holds for it. Of what programs of the machine send, it concerns what has a user's address as
// its sender. What a script only passes on (redirect) keeps its author: Dovecot says so in the first two headers,
// before anything that the script could write.
//
// Other headers with addresses are not judged: DMARC, filters and mail programs go by From. Sender says who has sent a
// message for those in From, and Resent-From who passes it on; neither makes up for a From of somebody else. So what
// others have written can be forwarded, but not sent again as if it came from them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/milter.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {

// The table of smtpd_sender_login_maps, as a file for sqlite_table(5) says where it is.
struct SenderTable {
  std::string database{};  // a path
  std::string query{};     // with ?1 for the address; its rows are logins, or several with commas
};

// Reads such a file. Throws Error if it has no dbpath or query, or a setting or "%…" that this program does not know:
// then its answers could be others than those that Postfix gets.
SenderTable parse_sender_table(std::string_view content);

// The filter. If nobody has logged in and the sender is no user, there is nobody to compare with, and the message goes
// on: whether it is taken at all is decided by Postfix.
class SenderCheck final : public MilterFilter {
 public:
  // `load` is called for the first address, and until it succeeds.
  explicit SenderCheck(std::function<SenderTable()> load) : load_(std::move(load)) {}

  void begin(std::string_view login, std::string_view sender) override;
  void header(std::string_view name, std::string_view value) override;
  // "550 5.7.1 …", or "451 4.3.0 …" if the table cannot be asked. Throws nothing.
  std::string verdict() override;

 private:
  std::string judged();
  bool from_user();
  bool passed_on() const;
  std::vector<std::string> logins_of(std::string_view address);

  std::function<SenderTable()> load_;
  std::shared_ptr<Database> database_{};
  std::optional<Statement> question_{};
  std::string user_{};                        // who has logged in
  std::string sender_{};                      // of the envelope
  std::vector<std::string> first_headers_{};  // the names of two
  std::string from_{};                        // the first From header
  int from_headers_ = 0;
  bool stray_return_ = false;
};

// Serves one connection of a server with such a filter, as serve_milter() does.
bool check_senders(std::istream& input, std::ostream& output, std::function<SenderTable()> load);

}  // namespace mailinabox
