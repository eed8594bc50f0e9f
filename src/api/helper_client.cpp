#include "api/helper_client.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

#include "base/error.hpp"
#include "messages/messages.hpp"

namespace mailinabox {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using Failure = boost::system::error_code;

constexpr std::chrono::seconds k_helper_limit{3660};  // a change may wait for an hour for another run
constexpr std::chrono::milliseconds k_helper_retry{10};

Reply ended_reply() {
  return {.verdict = Verdict::failed,
          .text =
              "The management service was ended in the middle of this request. Look whether what it asked for has "
              "been done before you send it again; the machine's log says more."};
}

}  // namespace

class HelperClient::Question : public std::enable_shared_from_this<Question> {
 public:
  Question(HelperClient& client, std::string frame, bool looks, Then then)
      : client_(client),
        socket_(client.context_),
        timer_(client.context_),
        frame_(std::move(frame)),
        looks_(looks),
        may_ask_again_(looks),
        then_(std::move(then)) {}

  void begin() {
    until_ = std::chrono::steady_clock::now() + client_.wait_;
    connect();
  }

  void begin_on(Local::socket socket) {
    until_ = std::chrono::steady_clock::now() + client_.wait_;
    socket_ = std::move(socket);
    kept_ = true;
    send();
  }

 private:
  void connect() {
    socket_.async_connect(Local::endpoint(client_.path_), [self = shared_from_this()](Failure failure) {
      if (failure) {
        self->retry();
      } else {
        self->send();
      }
    });
  }

  void retry() {
    socket_.close();
    if (std::chrono::steady_clock::now() > until_) {
      finish({.verdict = Verdict::unavailable,
              .text = "The management service is not running. It is started again by itself; if not, on the machine: "
                      "sudo mailinabox setup",
              .retry_after = 5});
      return;
    }
    timer_.expires_after(k_helper_retry);
    timer_.async_wait([self = shared_from_this()](Failure failure) {
      if (!failure) self->connect();
    });
  }

  void send() {
    timer_.expires_after(k_helper_limit);
    timer_.async_wait([self = shared_from_this()](Failure failure) {
      if (!failure) self->socket_.close();
    });
    asio::async_write(socket_, asio::buffer(frame_), [self = shared_from_this()](Failure failure, std::size_t) {
      if (failure) {
        self->fail();
      } else {
        self->receive();
      }
    });
  }

  // The length, and mostly the whole reply with it.
  void receive() {
    socket_.async_read_some(asio::buffer(part_), [self = shared_from_this()](Failure failure, std::size_t size) {
      if (failure) return self->fail();
      self->reply_.append(self->part_.data(), size);
      if (self->reply_.size() < 4) return self->receive();
      self->receive_rest();
    });
  }

  void receive_rest() {
    std::size_t length = 0;
    try {
      length = frame_length(reply_, k_most_reply);
    } catch (const Error&) {
      return finish(ended_reply());
    }
    const std::size_t have = std::min(reply_.size() - 4, length);
    reply_.erase(0, 4);
    reply_.resize(length);
    if (have == length) return finish(parsed());
    asio::async_read(socket_, asio::buffer(reply_.data() + have, length - have),
                     [self = shared_from_this()](Failure failure, std::size_t) {
                       if (failure) return self->fail();
                       self->finish(self->parsed());
                     });
  }

  Reply parsed() {
    try {
      Reply reply = read_reply(std::move(reply_));
      whole_ = true;
      return reply;
    } catch (const Error&) {
      return ended_reply();
    }
  }

  // No reply, or not all of it. A connection that was kept may have ended before the question.
  void fail() {
    timer_.cancel();
    reply_.clear();
    if (std::exchange(kept_, false)) {
      socket_.close();
      connect();
    } else if (std::exchange(may_ask_again_, false) && std::chrono::steady_clock::now() < until_) {
      retry();
    } else {
      finish(ended_reply());
    }
  }

  // First the next one, so that the helper works while this one's response is made.
  void finish(Reply reply) {
    timer_.cancel();
    Failure ignored;
    if (!looks_ || !whole_) socket_.close(ignored);
    if (looks_) client_.end_look(std::move(socket_));
    if (then_) std::exchange(then_, nullptr)(std::move(reply));
  }

  HelperClient& client_;
  Local::socket socket_;
  asio::steady_timer timer_;
  std::string frame_;
  std::string reply_{};
  std::array<char, 16384> part_{};
  bool looks_;
  bool may_ask_again_;
  bool kept_ = false;   // from an earlier question
  bool whole_ = false;  // has been read without a fault
  Then then_;
  std::chrono::steady_clock::time_point until_{};
};

void HelperClient::ask(const Envelope& envelope, Then then) {
  const bool looks = effect_of_message(envelope.message) == Effect::look;
  const auto question = std::make_shared<Question>(*this, framed(envelope_text(envelope)), looks, std::move(then));
  if (!looks) {
    question->begin();
  } else if (looking_ < k_looks_at_once) {
    begin_look(question);
  } else {
    waiting_.push_back(question);
  }
}

void HelperClient::begin_look(const std::shared_ptr<Question>& question) {
  ++looking_;
  if (idle_.empty()) return question->begin();
  Local::socket socket = std::move(idle_.back());
  idle_.pop_back();
  question->begin_on(std::move(socket));
}

void HelperClient::end_look(Local::socket socket) {
  --looking_;
  if (socket.is_open()) idle_.push_back(std::move(socket));
  if (waiting_.empty()) return;
  const std::shared_ptr<Question> next = std::move(waiting_.front());
  waiting_.pop_front();
  begin_look(next);
}

}  // namespace mailinabox
