// Questions to the helper: a frame there and a frame back over its Unix socket, as messages/envelope.hpp has them.
#pragma once

#define BOOST_ASIO_DISABLE_CO_AWAIT 1  // 1.74 forgets an include for it

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/envelope.hpp"

namespace mailinabox {

class HelperClient {
 public:
  using Then = std::function<void(Reply)>;

  // `wait`: for a helper that is being restarted.
  HelperClient(boost::asio::io_context& context, std::string socket, std::chrono::milliseconds wait)
      : context_(context), path_(std::move(socket)), wait_(wait) {}

  // then(reply), from the context's loop; if there is no helper, or if it ends without a reply, the reply says so. What
  // changes something goes over a connection of its own. What looks goes over one that is kept, k_looks_at_once at a
  // time. It is asked again if the kept one turns out to have ended, and once more if the helper is ended before it has
  // replied.
  void ask(const Envelope& envelope, Then then);

 private:
  class Question;

  void begin_look(const std::shared_ptr<Question>& question);
  // One has been answered; its connection may be kept.
  void end_look(boost::asio::local::stream_protocol::socket socket);

  boost::asio::io_context& context_;
  std::string path_;
  std::chrono::milliseconds wait_;
  std::vector<boost::asio::local::stream_protocol::socket> idle_{};
  std::deque<std::shared_ptr<Question>> waiting_{};
  std::size_t looking_ = 0;
};

}  // namespace mailinabox
