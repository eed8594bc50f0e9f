// The milter protocol on the filter's side, up to version 6: a mail server reports an SMTP session step by step, and
// the filter says what becomes of each message. Defined by Sendmail's libmilter (mfdef.h); Postfix speaks it as its
// MILTER_README says.
//
// A packet is a length of four bytes (the highest first), a letter that names the command, and the command's data,
// mostly texts that each end with a NUL byte. The length counts the letter and the data.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <string_view>

namespace mailinabox {

// What a filter looks at. All texts are bytes as the client has sent them.
class MilterFilter {
 public:
  virtual ~MilterFilter() = default;

  // A message begins. `login` is the user that has logged in ({auth_authen}), "" if nobody has; `sender` the
  // envelope's, without angle brackets, "" for a bounce. Whatever was seen of a message before is void.
  virtual void begin(std::string_view login, std::string_view sender) = 0;
  // A header of the message, with "\n" and blanks where it continues on another line.
  virtual void header(std::string_view name, std::string_view value) = 0;
  // The message is complete. "" takes it; anything else refuses it and is the reply to the client, such as "550 5.7.1
  // Reason". What is not printable ASCII is replaced by "?", and what is behind 400 bytes is cut off.
  virtual std::string verdict() = 0;
};

// Serves one connection, on which one message follows another, until the server ends it. False if it was cut off within
// a packet, or if what arrives is not this protocol: the server then treats its message as with a filter that failed.
// Each reply is flushed before the next packet is read. Passes on what the filter throws.
bool serve_milter(std::istream& input, std::ostream& output, MilterFilter& filter);

}  // namespace mailinabox
