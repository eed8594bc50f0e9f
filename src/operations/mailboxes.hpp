// What lies in the users' mailboxes, without opening them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operations/box.hpp"

namespace mailinabox {

struct MailboxUsage {
  std::optional<std::int64_t> used{};   // bytes
  std::optional<std::int64_t> limit{};  // bytes, as Dovecot last counted with; 0: none
};

// As Dovecot's Maildir++ quota keeps it in the mailbox's `maildirsize`
// (https://www.courier-mta.org/imap/README.maildirquota.html): a line with the limits, then a line "SIZE COUNT" for
// each change. Nothing for a mailbox that has no such file yet.
MailboxUsage mailbox_usage(const Box& box, const Answers& answers, const std::string& email);

// The same of the file's text.
MailboxUsage usage_in_maildirsize(const std::string& text);

struct ArchivedMailbox {
  std::string email{};  // NAME@DOMAIN, after the folders
  std::string path{};
};

// Mailboxes without a user: mail of users that were removed. `users` are those that there are.
std::vector<ArchivedMailbox> archived_mailboxes(const Box& box, const Answers& answers,
                                                const std::vector<std::string>& users);

}  // namespace mailinabox
