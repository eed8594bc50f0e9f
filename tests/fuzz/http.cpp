// What a client sends on a connection, of any bytes, through the real server and every route; before it, up to the
// first NUL, what the helper replies (a digit that is the verdict, then lines for its texts). Each request has exactly
// one response, with headers of one line each and a status that is documented; whatever goes to the helper can be read
// there; and no exception escapes, not even one that the server would turn into a 500.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "api/front.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "fuzz/filled.hpp"
#include "messages/json_form.hpp"
#include "messages/json_text.hpp"
#include "messages/messages.hpp"

using namespace mailinabox;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// ---- The helper's side ----------------------------------------------------------------------------------------------

Reply reply_to(const MessageDeclaration& message, const Envelope& envelope, const std::string& source) {
  fuzz::Pieces pieces(source);
  try {
    static_cast<void>(read_json(*message.message, envelope.fields));
  } catch (const MemberError& error) {
    return {.verdict = Verdict::refused, .text = error.what(), .member = error.member()};
  }
  const std::string verdict = pieces.next();
  Reply reply{.verdict = verdict.empty() ? Verdict::done
                                         : static_cast<Verdict>(static_cast<unsigned char>(verdict.front()) % 10U)};
  if (reply.verdict == Verdict::done) {
    reply.entity_tag = pieces.next();
    reply.data = json_text_of(*message.result, fuzz::filled(*message.result, pieces).get());
  } else {
    reply.retry_after = parse_number<std::int64_t>(pieces.next()).value_or(0);
    reply.member = pieces.next();
    reply.text = pieces.next();
  }
  return reply;
}

// As it comes over the socket.
Reply helper_reply(const Envelope& sent, const std::string& source) {
  const std::string text = envelope_text(sent);
  require(valid_utf8(text) && text.size() <= k_most_request);
  require(text.starts_with("{\"message\":\"" + sent.message + "\""));
  const Envelope envelope = read_envelope(text);  // a front that sends another one has a fault: nothing may be thrown
  const MessageDeclaration* message = find_message(envelope.message);
  require(message != nullptr);
  return read_reply(reply_text(reply_to(*message, envelope, source)));
}

// ---- The server's side ----------------------------------------------------------------------------------------------

struct Answered {
  std::string method{};
  int responses = 0;
  bool events = false;
};

// The server's exchange, but for the helper.
class FuzzExchange final : public Exchange {
 public:
  FuzzExchange(std::shared_ptr<Exchange> real, Answered& answered, const std::string& source)
      : real_(std::move(real)), answered_(answered), source_(source) {}

  const WebRequest& request() const override { return real_->request(); }
  void respond(WebResponse response) override {
    ++answered_.responses;
    real_->respond(std::move(response));
  }
  void ask(const Envelope& envelope, std::function<void(Reply reply)> then) override {
    then(helper_reply(envelope, source_));
  }
  void begin_events() override {
    ++answered_.responses;
    answered_.events = true;
    real_->begin_events();
  }
  void send_events(std::string text) override { real_->send_events(std::move(text)); }
  void end_events() override { real_->end_events(); }
  bool client_has_gone() const override { return waits_ > 3; }
  void after(std::chrono::milliseconds /*delay*/, std::function<void()> then) override {
    ++waits_;
    then();
    if (answered_.events && client_has_gone()) real_->end_events();
  }

 private:
  std::shared_ptr<Exchange> real_;
  Answered& answered_;
  const std::string& source_;
  int waits_ = 0;
};

HttpHandler watched_handler(std::vector<std::unique_ptr<Answered>>& answered, const std::string& source) {
  static const HttpHandler handler = front_handler({.hosts = {"box.example.com"}, .version = "1.2.3"});
  return [&](const std::shared_ptr<Exchange>& exchange) {
    answered.push_back(std::make_unique<Answered>(Answered{.method = exchange->request().method}));
    try {
      handler(std::make_shared<FuzzExchange>(exchange, *answered.back(), source));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s %s: %s\n", exchange->request().method.c_str(), exchange->request().target.c_str(),
                   error.what());
      __builtin_trap();
    }
    require(answered.back()->responses == 1);
  };
}

// ---- The client's side ----------------------------------------------------------------------------------------------

// Until the server has closed the connection. In a thread of its own, as a response may be longer than what the kernel
// keeps; not instrumented, so that the same inputs cover the same code.
__attribute__((no_sanitize("coverage"))) void read_all(int socket, std::string& text) {
  std::array<char, 65536> bytes{};
  for (ssize_t size = 0; (size = read(socket, bytes.data(), bytes.size())) > 0;)
    text.append(bytes.data(), static_cast<std::size_t>(size));
}

std::string responses_to(const std::string& bytes, const HttpHandler& handler) {
  std::array<int, 2> ends{};
  require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  require(write(ends[0], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  require(shutdown(ends[0], SHUT_WR) == 0);
  std::string text;
  std::thread reader(read_all, ends[0], std::ref(text));
  serve_connection(ends[1], "203.0.113.9", {}, handler);
  reader.join();
  close(ends[0]);
  return text;
}

const std::set<int> k_statuses = {200, 201, 202, 204, 304, 400, 401, 403, 404,
                                  405, 409, 412, 413, 421, 429, 431, 500, 503};

struct Head {
  int status = 0;
  std::optional<std::size_t> length{};
};

void check_header(std::string_view line, Head& head) {
  const std::size_t colon = line.find(": ");
  require(colon != std::string_view::npos && colon > 0);
  require(std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon),
                      [](char c) { return is_letter(c) || c == '-'; }));
  require(std::all_of(line.begin(), line.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7F; }));
  if (line.substr(0, colon) != "Content-Length") return;
  require(!head.length);
  head.length = parse_number<std::size_t>(line.substr(colon + 2));
  require(head.length.has_value());
}

// Takes the head from the front of the text.
Head take_head(std::string_view& text) {
  Head head;
  const std::size_t end = text.find("\r\n\r\n");
  require(end != std::string_view::npos);
  std::string_view lines = text.substr(0, end + 2);
  text.remove_prefix(end + 4);
  for (bool first = true; !lines.empty(); first = false) {
    const std::size_t line_end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, line_end);
    lines.remove_prefix(line_end + 2);
    if (first) {
      require(line.starts_with("HTTP/1.1 ") && line.size() > 12 && line[12] == ' ');
      head.status = parse_number<int>(line.substr(9, 3)).value_or(0);
      require(k_statuses.count(head.status) == 1);
    } else {
      check_header(line, head);
    }
  }
  return head;
}

// One for each request, and perhaps a last one for what is no request.
void check_responses(std::string_view text, const std::vector<std::unique_ptr<Answered>>& answered) {
  for (const auto& one : answered) {
    const Head head = take_head(text);
    const bool bodiless = head.status == 204 || head.status == 304;  // neither has a length (RFC 9110 section 8.6)
    require(head.length.has_value() == (!one->events && !bodiless));
    if (one->events) return;  // the rest, until the connection ends
    if (one->method == "HEAD" || bodiless) continue;
    require(text.size() >= *head.length);
    require(valid_utf8(text.substr(0, *head.length)));
    text.remove_prefix(*head.length);
  }
  if (text.empty()) return;
  const Head head = take_head(text);
  require(head.status == 400 || head.status == 413 || head.status == 431);
  require(text.size() == head.length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t nul = input.find('\0');
  const std::string source = nul == std::string::npos ? "" : input.substr(0, nul);
  const std::string bytes = nul == std::string::npos ? input : input.substr(nul + 1);
  std::vector<std::unique_ptr<Answered>> answered;
  check_responses(responses_to(bytes, watched_handler(answered, source)), answered);
  return 0;
}
