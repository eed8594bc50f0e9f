#include <sstream>
#include <streambuf>
#include <vector>

#include "net/milter.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace std::string_literals;

namespace {

std::string milter_packet(const std::string& content) {
  const std::size_t size = content.size();
  std::string packet;
  for (const int shift : {24, 16, 8, 0}) packet += static_cast<char>(size >> shift & 0xff);
  return packet + content;
}

// Writes down what it is given, and refuses as it is told.
struct NotedMessages final : MilterFilter {
  void begin(std::string_view login, std::string_view sender) override {
    noted.append("[").append(login).append(sender.empty() ? "" : " ").append(sender).append("]");
  }
  void header(std::string_view name, std::string_view value) override {
    noted.append(name).append("=").append(value).append(";");
  }
  std::string verdict() override {
    noted += ".";
    return refusal;
  }
  std::string noted{};
  std::string refusal{};
};

struct MilterTalk {
  NotedMessages filter{};
  std::string replies{};
  bool serve(const std::vector<std::string>& packets, const std::string& rest = "") {
    std::string all;
    for (const std::string& packet : packets) all += milter_packet(packet);
    std::istringstream input(all + rest);
    std::ostringstream output;
    const bool good = serve_milter(input, output, filter);
    replies = output.str();
    return good;
  }
};

// As Postfix 3.7 offers it: version 6, all actions and steps.
const std::string k_offer = "O\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"s;
const std::string k_login = "DM{auth_type}\0PLAIN\0{auth_authen}\0me@box.example\0"s;
const std::string k_from = "LFrom\0me@box.example\0"s;

// Hands out one packet at a time and, like Postfix, waits for the reply to the one before.
class PoliteServer final : public std::streambuf {
 public:
  PoliteServer(std::vector<std::string> packets, const std::ostringstream& replies)
      : packets_(std::move(packets)), replies_(replies) {}

  int underflow() override {
    if (next_ > 0) {
      const bool answers = packets_[next_ - 1][4] != 'D' && packets_[next_ - 1][4] != 'L';
      CHECK((replies_.str().size() > seen_) == answers);
      seen_ = replies_.str().size();
    }
    if (next_ == packets_.size()) return traits_type::eof();
    std::string& packet = packets_[next_++];
    setg(packet.data(), packet.data(), packet.data() + packet.size());
    return traits_type::to_int_type(packet.front());
  }

 private:
  std::vector<std::string> packets_;
  const std::ostringstream& replies_;
  std::size_t next_ = 0;
  std::size_t seen_ = 0;
};

}  // namespace

TEST_CASE("milter: two messages over one connection, with the steps that are wanted and the macro of the login",
          "[net]") {
  MilterTalk talk;
  CHECK(talk.serve({k_offer, k_login, "M<me@box.example>\0"s, k_from, "LTo\0you@example.org\0"s, "DE"s, "E",
                    "M<me@box.example>\0"s, "LFrom\0a\n b\0"s, "E", "Q"},
                   "never read"));
  CHECK(talk.filter.noted ==
        "[me@box.example me@box.example]From=me@box.example;To=you@example.org;.[ me@box.example]From=a\n b;.");
  const std::string chosen = "O\0\0\0\6\0\0\1\0\0\0\3\xdb\0\0\0\2{auth_authen}\0"s;
  CHECK(talk.replies ==
        milter_packet(chosen) + milter_packet("c") + milter_packet("c") + milter_packet("c") + milter_packet("c"));
}

TEST_CASE("milter: each packet is answered before the next is awaited", "[net]") {
  std::vector<std::string> packets;
  for (const std::string& content : {k_offer, k_login, "M<me@box.example>\0"s, k_from, "E"s})
    packets.push_back(milter_packet(content));
  NotedMessages filter;
  std::ostringstream output;
  PoliteServer server(packets, output);
  std::istream input(&server);
  CHECK(serve_milter(input, output, filter));
}

TEST_CASE("milter: a server that offers less gets a reply to every step", "[net]") {
  MilterTalk talk;
  CHECK(talk.serve({"O\0\0\0\2\0\0\0\x3f\0\0\0\x7f"s, "Chost\0"s, "Hhost\0"s, "M<>\0"s, "R<you@example.org>\0"s, "T",
                    k_from, "N", "Bbody\r\n", "U", "E"}));
  std::string expected = milter_packet("O\0\0\0\2\0\0\0\0\0\0\0\x5b"s);
  for (int step = 0; step < 10; ++step) expected += milter_packet("c");
  CHECK(talk.replies == expected);
  CHECK(talk.filter.noted == "[]From=me@box.example;.");
}

TEST_CASE("milter: a refusal is one line of ASCII, in which a percent sign means itself", "[net]") {
  MilterTalk talk;
  talk.filter.refusal = "550 5.7.1 100% \r\n250 m\xc3\xbcll";
  CHECK(talk.serve({"M<>\0"s, "E", "Q"}));
  CHECK(talk.replies == milter_packet("c") + milter_packet("y550 5.7.1 100%% ??250 m??ll\0"s));
  talk.filter.refusal = "550 " + std::string(1000, 'x');
  CHECK(talk.serve({"M<>\0"s, "E"}));
  CHECK(talk.replies == milter_packet("c") + milter_packet("y550 " + std::string(396, 'x') + '\0'));
}

TEST_CASE("milter: a login belongs to one message", "[net]") {
  MilterTalk talk;
  SECTION("the message was given up") {
    CHECK(talk.serve({k_login, "M<>\0"s, k_from, "A", "M<>\0"s, "E"}));
    CHECK(talk.filter.noted == "[me@box.example]From=me@box.example;[].");
  }
  SECTION("another client comes over the connection") {
    CHECK(talk.serve({k_login, "K", "M<>\0"s, "E"}));
    CHECK(talk.filter.noted == "[].");
  }
  SECTION("the next message's macros have none") {
    CHECK(talk.serve({k_login, "DM{auth_type}\0\0"s, "DRauth_authen\0x\0"s, "M<>\0"s, "E"}));
    CHECK(talk.filter.noted == "[].");
  }
  SECTION("the sender has parameters, or no brackets") {
    CHECK(talk.serve({"M<me@box.example>\0SIZE=5\0"s, "E", "Mme@box.example\0"s, "E"}));
    CHECK(talk.filter.noted == "[ me@box.example].[ me@box.example].");
  }
  SECTION("the name has no braces") {
    CHECK(talk.serve({"DMauth_authen\0me\0"s, "M<>\0"s, "E"}));
    CHECK(talk.filter.noted == "[me].");
  }
}

TEST_CASE("milter: what is cut off or not the protocol ends the connection, without a verdict", "[net]") {
  MilterTalk talk;
  CHECK(talk.serve({}));
  const std::vector<std::string> ends = {"\0\0"s,               // within the length
                                         "\0\0\0\0"s,           // nothing
                                         "\0\0\0\x09Labc"s,     // less than its length
                                         "\xff\xff\xff\xffL"s,  // 4 GB
                                         "\0\x10\0\1L"s,        // more than 1 MB
                                         milter_packet("?"),    // no command
                                         milter_packet("O\0\0\0\6"s),
                                         milter_packet("O\0\0\0\1\0\0\0\0\0\0\0\0"s),
                                         milter_packet("D"),
                                         milter_packet("DMname"),
                                         milter_packet("DMname\0"s),
                                         milter_packet("LFrom\0me"s),
                                         milter_packet("LFrom\0me\0you\0"s),
                                         milter_packet("L")};
  for (const std::string& end : ends) {
    CAPTURE(end);
    talk.filter.noted.clear();
    CHECK_FALSE(talk.serve({"M<>\0"s}, end + milter_packet("E")));
    CHECK(talk.filter.noted == "[]");
    CHECK(talk.replies == milter_packet("c"));
  }
  CHECK_FALSE(talk.serve({k_from}));
  CHECK_FALSE(talk.serve({"E"}));
}
