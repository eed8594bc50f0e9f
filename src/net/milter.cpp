#include "net/milter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace mailinabox {
namespace {

// Ten times what Postfix passes on of a header (header_size_limit is 102400), so that there is room for administrators
// who have raised that, and for the 64 KB pieces of a body. Nobody's claim makes us reserve more.
constexpr std::uint32_t k_longest_packet = 1024 * 1024;
constexpr std::size_t k_longest_reply = 400;  // a line of SMTP has 512 bytes (RFC 5321 section 4.5.3.1.5)
constexpr std::uint32_t k_version = 6;

constexpr char k_negotiate = 'O';
constexpr char k_macros = 'D';
constexpr char k_sender = 'M';
constexpr char k_header = 'L';
constexpr char k_end_of_message = 'E';
constexpr char k_abort = 'A';
constexpr char k_quit = 'Q';
constexpr char k_next_connection = 'K';
// Steps of a session that are only to be acknowledged: connection, HELO, recipient, DATA, unknown command, end of the
// headers, piece of the body.
constexpr std::string_view k_steps_without_interest = "CHRTUNB";

constexpr char k_continue = 'c';
constexpr char k_reply = 'y';

constexpr std::uint32_t k_chooses_macros = 1U << 8;
constexpr std::uint32_t k_no_header_replies = 1U << 7;
// No connection, HELO, recipients, body, end of headers, unknown commands, DATA.
constexpr std::uint32_t k_unwanted_steps = 1U << 0 | 1U << 1 | 1U << 3 | 1U << 4 | 1U << 6 | 1U << 8 | 1U << 9;
constexpr std::uint32_t k_macros_of_sender = 2;  // the number of the step whose macros are chosen

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(at, 4)) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string number_bytes(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

// The texts of a packet, each of which must end with NUL.
std::optional<std::vector<std::string_view>> texts_of(std::string_view data) {
  if (data.empty()) return std::vector<std::string_view>();
  if (data.back() != '\0') return std::nullopt;
  return split(data.substr(0, data.size() - 1), '\0');
}

// "%" is doubled: libmilter's replies are formats, and servers undo that.
std::string reply_text(std::string_view verdict) {
  std::string text;
  for (const char c : verdict.substr(0, k_longest_reply)) {
    if (c == '%') text += c;
    text += c >= ' ' && c <= '~' ? c : '?';
  }
  return text;
}

class MilterConnection {
 public:
  MilterConnection(std::istream& input, std::ostream& output, MilterFilter& filter)
      : input_(input), output_(output), filter_(filter) {}

  bool serve() {
    for (;;) {
      std::array<char, 4> head{};
      input_.read(head.data(), head.size());
      if (input_.gcount() == 0) return true;  // the server has closed the connection
      if (!input_) return false;
      const std::uint32_t size = number_at({head.data(), head.size()}, 0);
      if (size == 0 || size > k_longest_packet) return false;
      std::string packet(size, '\0');
      if (!input_.read(packet.data(), static_cast<std::streamsize>(size))) return false;
      if (packet.front() == k_quit) return true;
      if (!answer(packet.front(), std::string_view(packet).substr(1))) return false;
    }
  }

 private:
  bool answer(char command, std::string_view data) {
    switch (command) {
      case k_negotiate:
        return negotiate(data);
      case k_macros:
        return note_login(data);
      case k_sender:
        return begin_message(data);
      case k_header:
        return take_header(data);
      case k_end_of_message:
        return end_message();
      case k_abort:
      case k_next_connection:  // the next client comes over this connection
        in_message_ = false;
        login_.clear();
        return true;
      default:
        return k_steps_without_interest.find(command) != std::string_view::npos && send(k_continue);
    }
  }

  // Only what the server offers may be asked for.
  bool negotiate(std::string_view data) {
    if (data.size() < 12) return false;
    const std::uint32_t version = std::min(number_at(data, 0), k_version);
    const std::uint32_t actions = number_at(data, 4) & k_chooses_macros;
    const std::uint32_t steps = number_at(data, 8) & (k_unwanted_steps | k_no_header_replies);
    if (version < 2) return false;
    silent_headers_ = (steps & k_no_header_replies) != 0;
    std::string reply = number_bytes(version) + number_bytes(actions) + number_bytes(steps);
    // So the login comes whatever the server's milter_mail_macros says: without it nothing could be judged.
    if (actions != 0) reply += number_bytes(k_macros_of_sender) + "{auth_authen}" + '\0';
    return send(k_negotiate, reply);
  }

  // The letter of the command that the macros belong to, then names and values in turn. They come before the command.
  bool note_login(std::string_view data) {
    if (data.empty()) return false;
    if (data.front() != k_sender) return true;
    const auto texts = texts_of(data.substr(1));
    if (!texts || texts->size() % 2 != 0) return false;
    login_.clear();
    for (std::size_t i = 0; i < texts->size(); i += 2) {
      if ((*texts)[i] == "{auth_authen}" || (*texts)[i] == "auth_authen") login_ = (*texts)[i + 1];
    }
    return true;
  }

  // The envelope's sender in angle brackets, then parameters such as SIZE=.
  bool begin_message(std::string_view data) {
    const auto texts = texts_of(data);
    if (!texts || texts->empty()) return false;
    std::string_view sender = texts->front();
    if (sender.starts_with('<') && sender.ends_with('>')) sender = sender.substr(1, sender.size() - 2);
    filter_.begin(std::exchange(login_, ""), sender);
    in_message_ = true;
    return send(k_continue);
  }

  bool take_header(std::string_view data) {
    const auto texts = texts_of(data);
    if (!in_message_ || !texts || texts->size() != 2) return false;
    filter_.header((*texts)[0], (*texts)[1]);
    return silent_headers_ || send(k_continue);
  }

  bool end_message() {
    if (!std::exchange(in_message_, false)) return false;
    const std::string verdict = filter_.verdict();
    return verdict.empty() ? send(k_continue) : send(k_reply, reply_text(verdict) + '\0');
  }

  bool send(char command, const std::string& data = "") {
    output_ << number_bytes(static_cast<std::uint32_t>(data.size() + 1)) << command << data << std::flush;
    return output_.good();
  }

  std::istream& input_;
  std::ostream& output_;
  MilterFilter& filter_;
  std::string login_{};  // of the message that begins next
  bool in_message_ = false;
  bool silent_headers_ = false;
};

}  // namespace

bool serve_milter(std::istream& input, std::ostream& output, MilterFilter& filter) {
  return MilterConnection(input, output, filter).serve();
}

}  // namespace mailinabox
