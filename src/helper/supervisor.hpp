// The helper's own process: takes requests from the front and hands them to processes that answer them. It opens no
// file of the box, and what it reads of a request is its length and name.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "helper/jobs.hpp"
#include "operations/box.hpp"

namespace mailinabox {

struct HelperOptions {
  std::string socket = "/run/mailinabox/helper.sock";
  std::string user = "mailinabox-web";              // who may connect, besides root
  std::string group = "mailinabox-web";             // the socket's
  std::chrono::milliseconds request_limit{10'000};  // from the connection to the request's last byte
  JobStarter* jobs = nullptr;                       // what starts jobs; null: ProcessJobStarter
};

// Listens until SIGTERM or SIGINT. Takes the path over from an older socket. `ready` is called once requests are taken.
// Throws Error if it cannot listen. Requests that are being carried out then go on to their end without it.
void run_helper(const Box& box, const HelperOptions& options, const std::function<void()>& ready);

}  // namespace mailinabox
