// Slows down whoever guesses passwords, codes and tokens, without letting strangers lock an owner out.
//
// A failure counts twice: for the network that it comes from (an IPv4 address, or the /64 of an IPv6 address) over all
// accounts, and for the account over all networks. After 10 of a network or 20 of an account within 15 minutes the next
// attempt has to wait: 1 second, and after each further failure twice as long, up to 15 minutes. 15 minutes without a
// failure after a wait end this. What an account has to wait does not hold for networks from which it has logged in
// within the last 90 days.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"

namespace mailinabox {

class Database;

struct ThrottleLimits {
  std::int64_t network_failures = 10;
  std::int64_t account_failures = 20;
  std::chrono::seconds window = std::chrono::minutes(15);
  std::chrono::seconds longest_wait = std::chrono::minutes(15);
  std::chrono::seconds trust = std::chrono::hours(24) * 90;  // of a network after a success
  std::int64_t rows = 100'000;                               // the oldest go
};

class LoginThrottle {
 public:
  // `database` is that of open_session_database().
  explicit LoginThrottle(std::shared_ptr<Database> database, const ThrottleLimits& limits = {});

  // How long this attempt has to wait; 0: it may be made now. `account` is what was typed, whether it exists or not
  // ("" if there is none, as with a token). Writes nothing: an attempt that is refused because of this is no failure.
  std::chrono::seconds wait(const std::string& account, const std::string& address, TimePoint now) const;

  // The same, and if it may be made now, counts it as a failure at once, until succeeded() takes that back: so of many
  // attempts at the same time no more get through than one after the other would.
  std::chrono::seconds begin(const std::string& account, const std::string& address, TimePoint now);

  void failed(const std::string& account, const std::string& address, TimePoint now);

  // Forgets this account's failures from this network, and no others: with an account of one's own nobody gets more
  // attempts at other people's.
  void succeeded(const std::string& account, const std::string& address, TimePoint now);

 private:
  void count_failure(const std::string& account, const std::string& address, TimePoint now);

  std::shared_ptr<Database> database_;
  ThrottleLimits limits_;
};

// "192.0.2.7" is its own network; an IPv6 address gives its /64 ("2001:db8:0:1::/64"), one that is a mapped IPv4
// address
// ("::ffff:192.0.2.7") that. Anything else is returned as it is.
std::string network_of_address(const std::string& address);

}  // namespace mailinabox
