// The management daemon as it runs: the helper and the front in processes of their own, over a box in a temporary
// directory, asked through their sockets.
//
//   ApiBox box;
//   RunningDaemon daemon(box.box);
//   CHECK(daemon.http({.target = "/system/version", .headers = ApiBox::basic(k_api_key, "")}).status == 200);
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/front.hpp"
#include "helper/supervisor.hpp"
#include "os/descriptor.hpp"
#include "support/api_box.hpp"
#include "support/temporary_folder.hpp"

namespace mailinabox::test {

inline constexpr std::chrono::milliseconds k_patience{20'000};

// Looks again and again until it is so. False if it is not in time.
bool comes_true(const std::function<bool()>& condition, std::chrono::milliseconds limit = k_patience);

// A process that does one thing, and is ended with this object. What it writes to standard error goes to `log`.
class TestProcess {
 public:
  // `work` calls ready(text) once; the constructor waits for that.
  using Work = std::function<void(const std::function<void(const std::string& text)>& ready)>;
  TestProcess(const std::string& log, const Work& work);
  ~TestProcess() { kill(); }
  TestProcess(const TestProcess&) = delete;
  TestProcess& operator=(const TestProcess&) = delete;

  int id() const { return id_; }
  const std::string& told() const { return told_; }
  bool lives() const;
  void kill();
  void stop();  // by SIGTERM; waits for its end
  std::size_t descriptors() const;
  std::vector<int> children() const;

 private:
  void end(int signal_number);
  int id_ = 0;
  std::string told_{};
};

// A client's connection, to a Unix socket or a port of this machine.
class TestConnection {
 public:
  explicit TestConnection(const std::string& path);
  explicit TestConnection(std::uint16_t port);

  // What could be sent before the other side closed it.
  std::size_t send(std::string_view bytes) const;
  void shutdown_write() const;
  void reset();  // closes it so that the other side gets an error
  void close() { descriptor_.reset(); }
  bool valid() const { return descriptor_.valid(); }

  // Reads until the text contains this, or the end. Everything read so far is in text().
  bool read_until(std::string_view part, std::chrono::milliseconds limit = k_patience);
  // Reads to the end. False if that does not come in time.
  bool read_to_end(std::chrono::milliseconds limit = k_patience);
  // Reads a frame of the helper's, or to the end: it keeps connections of questions that only look.
  bool read_frame(std::chrono::milliseconds limit = k_patience);
  const std::string& text() const { return text_; }

 private:
  enum class Part : std::uint8_t { some, end, late };
  Part read_part(std::chrono::steady_clock::time_point until);
  Descriptor descriptor_{};
  std::string text_{};
};

// With which programs on the machine ask.
inline const Headers k_own_key = ApiBox::basic(k_api_key, "");

// Parts of HTTP's answers as they came.
ApiResponse parsed_response(const std::string& text);
std::string http_text(const ApiRequest& request, const std::string& more_headers = "Connection: close\r\n");

// Jobs in processes that are forked, instead of started as the program.
class ForkedJobs final : public JobStarter {
 public:
  JobInfo start(const Box& box, const JobRequest& request) override;
};

class RunningDaemon {
 public:
  explicit RunningDaemon(const Box& box, HttpLimits limits = {},
                         std::chrono::milliseconds request_limit = std::chrono::milliseconds(10'000));
  ~RunningDaemon();
  RunningDaemon(const RunningDaemon&) = delete;
  RunningDaemon& operator=(const RunningDaemon&) = delete;

  void start_helper();
  void start_front();  // at the port of before
  TestProcess& helper() { return *helper_; }
  TestProcess& front() { return *front_; }
  const std::string& socket() const { return socket_; }
  std::size_t waiting_at_socket() const;  // connections that the helper has not taken
  std::uint16_t port() const { return port_; }

  // The answer to a frame; "" if there is none.
  std::string ask(const std::string& text) const;
  ApiResponse http(const ApiRequest& request) const;
  // A body in JSON at /api/v1, with the box's own key.
  ApiResponse call(const std::string& method, const std::string& path, const Json& body = nullptr) const;
  // What the helper and its processes have logged.
  std::string log() const;

 private:
  const Box& box_;
  TemporaryFolder folder_{};
  std::string socket_;
  std::uint16_t port_ = 0;
  HttpLimits limits_;
  std::chrono::milliseconds request_limit_;
  ForkedJobs jobs_{};
  std::unique_ptr<TestProcess> helper_{};
  std::unique_ptr<TestProcess> front_{};
};

// The same box with a clock that goes: what waits for a lock or for a job then waits as long as it takes.
class BoxInTime {
 public:
  explicit BoxInTime(TestCommandLine& of);
  Box box;

 private:
  RealClock clock_{};
  System system_;
};

}  // namespace mailinabox::test
