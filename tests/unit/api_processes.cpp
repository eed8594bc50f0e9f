// The daemon's two programs as processes, each beside a stand-in for the other: what goes over which connection.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>

#include "api/front.hpp"
#include "base/text.hpp"
#include "helper/supervisor.hpp"
#include "messages/envelope.hpp"
#include "messages/json_form.hpp"
#include "messages/json_text.hpp"
#include "messages/messages.hpp"
#include "os/descriptor.hpp"
#include "support/api_box.hpp"
#include "support/temporary_folder.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr int k_soon_ms = 20'000;  // what should happen has happened by then
constexpr int k_quiet_ms = 300;    // what should not would have happened by then

// A program of its own: work(ready) calls ready(number) once it can be spoken to.
class Child {
 public:
  explicit Child(const std::function<void(const std::function<void(int)>&)>& work) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const Descriptor said(ends[0]);
    Descriptor says(ends[1]);
    process_ = ::fork();
    if (process_ == 0) {
      work([&](int number) { static_cast<void>(::write(says.number(), &number, sizeof number)); });
      ::_exit(0);
    }
    says.reset();
    REQUIRE(::read(said.number(), &number_, sizeof number_) == sizeof number_);
  }
  ~Child() { end(SIGTERM); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int number() const { return number_; }
  void end(int signal) {
    if (process_ > 0 && ::kill(process_, signal) == 0) ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

 private:
  pid_t process_ = 0;
  int number_ = 0;
};

bool readable(const Descriptor& socket, int within_ms) {
  pollfd waiting{socket.number(), POLLIN, 0};
  return ::poll(&waiting, 1, within_ms) > 0;
}

// What comes until `whole` finds it to be whole or the other end closes.
std::string received(const Descriptor& socket, const std::function<bool(const std::string&)>& whole) {
  std::string text;
  std::array<char, 65536> part{};
  while (!whole(text)) {
    REQUIRE(readable(socket, k_soon_ms));
    const ssize_t size = ::recv(socket.number(), part.data(), part.size(), 0);
    if (size <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
  return text;
}

void send_text(const Descriptor& socket, const std::string& text) {
  REQUIRE(::send(socket.number(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

std::string received_frame(const Descriptor& socket) {
  const std::string frame = received(socket, [](const auto& text) { return unframed(text, k_most_reply).has_value(); });
  return frame.empty() ? "" : *unframed(frame, k_most_reply);
}

bool has_closed(const Descriptor& socket) {
  char byte = 0;
  return readable(socket, k_soon_ms) && ::recv(socket.number(), &byte, 1, 0) <= 0;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

// ---- The helper, asked by a stand-in for the front ------------------------------------------------------------------

class RunningHelper {
 public:
  Descriptor connection() const {
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = address_of(path_);
    REQUIRE(::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return socket;
  }
  void kill() { child_.end(SIGKILL); }

 private:
  ApiBox box_{};
  TemporaryFolder folder_{};
  std::string path_ = folder_ / "helper.sock";
  Child child_{[this](const auto& ready) {
    run_helper(box_.box, {.socket = path_, .user = "nobody here", .group = "nobody here"}, [&] { ready(1); });
  }};
};

template <typename MessageType>
std::string question(const MessageType& message) {
  return framed(envelope_text({.message = MessageType::k_name,
                               .credential = {.scheme = "basic", .user = k_api_key},
                               .from = "198.51.100.7",
                               .fields = json_of(message)}));
}

const std::string k_look = question(GetVersion{});
const std::string k_change = question(SetQuota{.email = "anna@example.com", .quota = "5G"});

Verdict answered(const Descriptor& connection, const std::string& frame) {
  send_text(connection, frame);
  const std::string text = received_frame(connection);
  REQUIRE(text != "");
  const Reply reply = read_reply(text);
  if (reply.verdict != Verdict::done) UNSCOPED_INFO(reply.text);
  return reply.verdict;
}

}  // namespace

TEST_CASE("helper: looks may follow each other on a connection, a change has one of its own", "[api]") {
  const RunningHelper helper;
  const Descriptor looking = helper.connection();
  for (int i = 0; i < 3; ++i) CHECK(answered(looking, k_look) == Verdict::done);
  send_text(looking, k_look.substr(0, 7));  // in pieces
  CHECK_FALSE(readable(looking, k_quiet_ms));
  CHECK(answered(looking, k_look.substr(7)) == Verdict::done);

  const Descriptor changing = helper.connection();
  CHECK(answered(changing, k_change) == Verdict::done);
  CHECK(has_closed(changing));
  CHECK(answered(looking, k_look) == Verdict::done);
}

TEST_CASE("helper: a reader changes nothing, whatever follows a look", "[api]") {
  const RunningHelper helper;
  const Descriptor connection = helper.connection();
  CHECK(answered(connection, k_look) == Verdict::done);
  send_text(connection, k_change);
  CHECK(has_closed(connection));
  const Descriptor other = helper.connection();
  send_text(other, question(GetUser{.email = "anna@example.com"}));
  CHECK(read_trusted_text<UserInfo>(read_reply(received_frame(other)).data).quota == "0");
}

TEST_CASE("helper: two requests at once, or one that is too long, end the connection", "[api]") {
  const RunningHelper helper;
  const std::string too_long = {'\x7f', '\x7f', '\x7f', '\x7f'};
  for (const std::string& wrong : {k_look + k_look, too_long, k_look + "x"}) {
    const Descriptor fresh = helper.connection();
    send_text(fresh, wrong);
    CHECK(has_closed(fresh));
    const Descriptor kept = helper.connection();
    CHECK(answered(kept, k_look) == Verdict::done);
    send_text(kept, wrong);
    CHECK(has_closed(kept));
  }
  const Descriptor long_look = helper.connection();
  CHECK(answered(long_look, question(PageOfUsers{.search = std::string(200'000, 'x')})) == Verdict::refused);
  CHECK(has_closed(long_look));
}

TEST_CASE("helper: more connections than readers wait for one that ends", "[api]") {
  const RunningHelper helper;
  std::vector<Descriptor> connections;
  for (std::size_t i = 0; i < 2 * k_looks_at_once; ++i) {
    connections.push_back(helper.connection());
    CHECK(answered(connections.back(), k_look) == Verdict::done);
  }
  const Descriptor waiting = helper.connection();
  send_text(waiting, k_look);
  CHECK_FALSE(readable(waiting, k_quiet_ms));
  CHECK(answered(helper.connection(), k_change) == Verdict::done);  // waits for no reader
  connections.pop_back();
  CHECK(read_reply(received_frame(waiting)).verdict == Verdict::done);
}

TEST_CASE("helper: readers end with it", "[api]") {
  RunningHelper helper;
  const Descriptor connection = helper.connection();
  CHECK(answered(connection, k_look) == Verdict::done);
  CHECK_FALSE(readable(connection, k_quiet_ms));
  helper.kill();
  CHECK(has_closed(connection));
}

// ---- The front, before a stand-in for the helper --------------------------------------------------------------------

namespace {

class RunningFront {
 public:
  RunningFront() {
    listen();
    child_.emplace([this](const auto& ready) {
      listener_.reset();
      const FrontOptions options{.server = {.port = 0, .helper_socket = path_}, .version = "1"};
      run_front(options, [&](std::uint16_t port) { ready(port); });
    });
  }

  // A client that has asked for something.
  Descriptor asked(const std::string& method, const std::string& target) const {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(child_->number()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    send_text(socket, method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return socket;
  }

  // The front's next connection.
  Descriptor taken() const {
    REQUIRE(is_asked());
    return Descriptor(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  bool is_asked(int within_ms = k_soon_ms) const { return readable(listener_, within_ms); }

 private:
  void listen() {
    const sockaddr_un address = address_of(path_);
    REQUIRE(::bind(listener_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.number(), 128) == 0);
  }

  TemporaryFolder folder_{};
  std::string path_ = folder_ / "helper.sock";
  Descriptor listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::optional<Child> child_{};
};

void reply_to(const Descriptor& connection) {
  CHECK(received_frame(connection) != "");
  send_text(connection, framed(reply_text({.verdict = Verdict::done, .data = "{\"names\":[\"a.example\"]}"})));
}

std::string response(const Descriptor& client) {
  return received(client, [](const auto&) { return false; });
}

const std::string k_names = "/api/v1/domains";
const char* const k_ok = "HTTP/1.1 200 OK\r\n";

}  // namespace

TEST_CASE("front: looks go over one connection as long as it is there", "[api]") {
  const RunningFront front;
  const Descriptor first = front.asked("GET", k_names);
  Descriptor connection = front.taken();
  reply_to(connection);
  CHECK(response(first).ends_with("\r\n\r\n{\"names\":[\"a.example\"]}\n"));

  const Descriptor second = front.asked("GET", "/mail/domains");
  reply_to(connection);
  CHECK(response(second).ends_with("\r\n\r\na.example\n"));
  CHECK_FALSE(front.is_asked(0));

  // It has ended meanwhile, or ends instead of an answer: the question goes out once more.
  connection.reset();
  const Descriptor third = front.asked("GET", k_names);
  connection = front.taken();
  reply_to(connection);
  CHECK_THAT(response(third), StartsWith(k_ok));
  const Descriptor fourth = front.asked("GET", k_names);
  CHECK(received_frame(connection) != "");
  connection.reset();
  reply_to(front.taken());
  CHECK_THAT(response(fourth), StartsWith(k_ok));
}

TEST_CASE("front: on a new connection that ends a look is asked again once, and no change ever", "[api]") {
  const RunningFront front;
  for (const char* method : {"GET", "POST"}) {
    const bool looks = method == std::string("GET");
    const Descriptor client = front.asked(method, looks ? k_names : "/api/v1/zones");
    for (int i = 0; i < (looks ? 2 : 1); ++i) CHECK(received_frame(front.taken()) != "");
    CHECK_THAT(response(client), StartsWith("HTTP/1.1 500 "));
    CHECK_FALSE(front.is_asked(0));
  }
}

TEST_CASE("front: a change has a connection of its own, and waits for no look", "[api]") {
  const RunningFront front;
  std::vector<Descriptor> clients;
  std::vector<Descriptor> connections;
  for (std::size_t i = 0; i < k_looks_at_once; ++i) {
    clients.push_back(front.asked("GET", k_names));
    connections.push_back(front.taken());
  }
  clients.push_back(front.asked("GET", k_names));
  CHECK_FALSE(front.is_asked(k_quiet_ms));
  const Descriptor changes = front.asked("POST", "/api/v1/zones");
  const Descriptor changing = front.taken();
  reply_to(changing);
  CHECK_THAT(response(changes), StartsWith(k_ok));
  CHECK(has_closed(changing));

  reply_to(connections[1]);
  CHECK_THAT(response(clients[1]), StartsWith(k_ok));
  reply_to(connections[1]);  // of the one that has waited
  CHECK_THAT(response(clients.back()), StartsWith(k_ok));
  CHECK_FALSE(front.is_asked(0));
}
