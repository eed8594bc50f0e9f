#include "api/http_server.hpp"

#include "api/helper_client.hpp"  // first: it says something to Boost's headers

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using Failure = boost::system::error_code;

constexpr std::chrono::milliseconds k_accept_again{100};
constexpr std::uint64_t k_most_body = 1U << 20U;
constexpr std::uint32_t k_most_header = 16U << 10U;
constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";

WebRequest plain_request(const http::request<http::string_body>& parsed, const std::string& peer) {
  WebRequest request{.method = std::string(parsed.method_string()),
                     .target = std::string(parsed.target()),
                     .body = parsed.body(),
                     .peer = peer};
  for (const auto& field : parsed)
    request.headers.emplace_back(lower_case(std::string(field.name_string())), std::string(field.value()));
  return request;
}

// One line, whatever a reply of the helper has in it: a line end would begin another header.
std::string header_value(std::string value) {
  std::replace_if(
      value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return value;
}

struct ServerState {
  const HttpServerOptions& options;
  const HttpHandler& handler;
  std::size_t connections = 0;
  asio::io_context context{1};  // goes first but one, with the connections that it keeps alive
  HelperClient helper{context, options.helper_socket, options.limits.helper};
};

// A client's connection, and the request on it that is being answered.
class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerState& state, Tcp::socket socket, std::string peer)
      : state_(state), stream_(std::move(socket)), peer_(std::move(peer)) {
    ++state_.connections;
  }
  ~Connection() override { --state_.connections; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read(std::chrono::milliseconds limit) {
    responded_ = false;
    request_ = {};
    parser_.emplace();
    parser_->body_limit(k_most_body);
    parser_->header_limit(k_most_header);
    stream_.expires_after(limit);
    // A first byte, then the rest in its own time: between requests a client may be quiet for longer.
    if (buffer_.size() > 0) {
      read_request();
      return;
    }
    stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](Failure failure, std::size_t size) {
      if (failure) return;
      self->buffer_.commit(size);
      self->read_request();
    });
  }

  const WebRequest& request() const override { return request_; }

  void respond(WebResponse response) override {
    if (responded_) return;
    responded_ = true;
    const auto status = static_cast<http::status>(response.status);
    http::response<http::string_body> message{status, 11};
    // Answers are for who asked, at that moment; a page says otherwise.
    message.set(http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) {
      if (name == "Cache-Control") message.set(name, header_value(value));
      if (name != "Cache-Control") message.insert(name, header_value(value));
    }
    if (!response.type.empty()) message.set(http::field::content_type, response.type);
    message.keep_alive(keep_alive_);
    if (status != http::status::no_content && status != http::status::not_modified)
      message.content_length(response.body.size());
    if (!head()) message.body() = std::move(response.body);
    write(std::move(message));
  }

  void ask(const Envelope& envelope, std::function<void(Reply)> then) override {
    state_.helper.ask(envelope, [self = shared_from_this(), then = std::move(then)](Reply reply) {
      self->guarded([&] { then(std::move(reply)); });
    });
  }

  void begin_events() override {
    responded_ = true;
    keep_alive_ = false;
    write_raw(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n");
    if (head()) end_events();
  }
  void send_events(std::string text) override {
    if (!head()) write_raw(std::move(text));
  }
  void end_events() override {
    ending_ = true;
    if (!writing_) close();
  }
  bool client_has_gone() const override { return gone_; }

  void after(std::chrono::milliseconds delay, std::function<void()> then) override {
    auto timer = std::make_shared<asio::steady_timer>(state_.context, delay);
    timer->async_wait([timer, self = shared_from_this(), then = std::move(then)](Failure failure) {
      if (!failure) self->guarded(then);
    });
  }

 private:
  const HttpLimits& limits() const { return state_.options.limits; }
  bool head() const { return request_.method == "HEAD"; }

  // One limit for all of it: it does not help to send a byte now and then.
  void read_request() {
    stream_.expires_after(limits().request);
    http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](Failure failure, std::size_t) {
      self->proceed(failure, [&] { self->answer_expectation(); });
    });
  }

  // A client may send a body only after it has been asked for it (RFC 9110 section 10.1.1).
  void answer_expectation() {
    const auto& header = parser_->get();
    if (parser_->is_done() || header.version() < 11 || !beast::iequals(header[http::field::expect], "100-continue"))
      return read_body();
    asio::async_write(stream_, asio::buffer(k_continue.data(), k_continue.size()),
                      [self = shared_from_this()](Failure failure, std::size_t) {
                        self->proceed(failure, [&] { self->read_body(); });
                      });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](Failure failure, std::size_t) {
      self->proceed(failure, [&] { self->handle(); });
    });
  }

  void proceed(Failure failure, const std::function<void()>& next) {
    if (failure) {
      refuse(failure);
    } else {
      next();
    }
  }

  void refuse(Failure failure) {
    const bool too_long = failure == http::error::body_limit;
    const bool long_header = failure == http::error::header_limit;
    const bool malformed = failure.category() == make_error_code(http::error::bad_method).category();
    if (!malformed || failure == http::error::end_of_stream || failure == http::error::partial_message) {
      close();
      return;
    }
    keep_alive_ = false;
    refused_ = true;
    respond({.status = too_long      ? 413
                       : long_header ? 431
                                     : 400,
             .body = too_long      ? "The request's body is longer than 1 MB.\n"
                     : long_header ? "The request's header is longer than 16 KB.\n"
                                   : "This is not a request of HTTP.\n"});
  }

  void handle() {
    stream_.expires_never();
    keep_alive_ = parser_->get().version() >= 11 && parser_->get().keep_alive();
    request_ = plain_request(parser_->release(), peer_);
    guarded([this] { state_.handler(shared_from_this()); });
  }

  // One request's fault is not the others'.
  void guarded(const std::function<void()>& work) {
    try {
      work();
    } catch (const std::exception&) {
      respond({.status = 500, .body = "The management service has a fault.\n"});
    }
  }

  void write(http::response<http::string_body> message) {
    auto kept = std::make_shared<http::response<http::string_body>>(std::move(message));
    auto serializer = std::make_shared<http::response_serializer<http::string_body>>(*kept);
    stream_.expires_after(limits().response);
    const auto done = [self = shared_from_this(), kept, serializer](Failure failure, std::size_t) {
      if (!failure && self->refused_) {
        self->read_rest();
      } else if (failure || !self->keep_alive_) {
        self->close();
      } else {
        self->read(self->limits().idle);
      }
    };
    if (head()) {
      http::async_write_header(stream_, *serializer, done);
    } else {
      http::async_write(stream_, *serializer, done);
    }
  }

  void write_raw(std::string text) {
    waiting_ += text;
    if (writing_ || gone_ || waiting_.empty()) return;
    writing_ = true;
    sending_ = std::exchange(waiting_, {});
    stream_.expires_after(limits().response);
    asio::async_write(stream_, asio::buffer(sending_), [self = shared_from_this()](Failure failure, std::size_t) {
      self->writing_ = false;
      if (failure) self->gone_ = true;
      if (!self->waiting_.empty()) {
        self->write_raw({});
      } else if (self->ending_) {
        self->close();
      } else {
        self->stream_.expires_never();
      }
    });
  }

  // A client that still sends what was refused would hear of a broken connection before it reads why: the kernel resets
  // one that is closed with something unread.
  void read_rest() {
    Failure ignored;
    stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    stream_.expires_after(limits().rest);
    discard();
  }
  void discard() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(65536), [self = shared_from_this()](Failure failure, std::size_t) {
      if (failure) return self->close();
      self->discard();
    });
  }

  void close() {
    gone_ = true;
    Failure ignored;
    stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    stream_.close();
  }

  ServerState& state_;
  beast::tcp_stream stream_;
  std::string peer_;
  beast::flat_buffer buffer_{};
  std::optional<http::request_parser<http::string_body>> parser_{};
  WebRequest request_{};
  std::string waiting_{};
  std::string sending_{};
  bool responded_ = false;
  bool refused_ = false;
  bool keep_alive_ = false;
  bool writing_ = false;
  bool ending_ = false;
  bool gone_ = false;
};

std::string peer_of(const Tcp::socket& socket) {
  Failure failure;
  const auto peer = socket.remote_endpoint(failure);
  return failure ? "" : peer.address().to_string();
}

class Listener {
 public:
  explicit Listener(ServerState& state)
      : state_(state), acceptor_(state.context), timer_(state.context), signals_(state.context) {
    const Tcp::endpoint endpoint(asio::ip::make_address(state.options.address), state.options.port);
    Failure failure;
    acceptor_.open(endpoint.protocol(), failure);
    if (!failure) acceptor_.set_option(Tcp::acceptor::reuse_address(true), failure);
    if (!failure) acceptor_.bind(endpoint, failure);
    if (!failure) acceptor_.listen(128, failure);
    if (failure) {
      throw SystemError("listen at", state.options.address + " port " + std::to_string(state.options.port),
                        failure.value());
    }
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.async_wait([this](Failure, int) { state_.context.stop(); });
    accept();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept() {
    acceptor_.async_accept([this](Failure failure, Tcp::socket socket) {
      if (failure) return accept_later();
      const std::string peer = peer_of(socket);
      if (state_.connections < state_.options.most_connections)
        std::make_shared<Connection>(state_, std::move(socket), peer)->read(state_.options.limits.request);
      accept();
    });
  }

  // There is no descriptor left, for example: whoever waits is taken when one is free.
  void accept_later() {
    timer_.expires_after(k_accept_again);
    timer_.async_wait([this](Failure failure) {
      if (!failure) accept();
    });
  }

  ServerState& state_;
  Tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  asio::signal_set signals_;
};

}  // namespace

void serve_http(const HttpServerOptions& options, const HttpHandler& handler,
                const std::function<void(std::uint16_t port)>& ready) {
  ServerState state{.options = options, .handler = handler};
  const Listener listener(state);
  ready(listener.port());
  state.context.run();
}

void serve_connection(int socket, const std::string& peer, const HttpServerOptions& options,
                      const HttpHandler& handler) {
  ServerState state{.options = options, .handler = handler};
  Tcp::socket stream(state.context);
  Failure failure;
  stream.assign(Tcp::v4(), socket, failure);
  if (failure) throw SystemError("serve", "a connection", failure.value());
  std::make_shared<Connection>(state, std::move(stream), peer)->read(options.limits.request);
  state.context.run();
}

}  // namespace mailinabox
