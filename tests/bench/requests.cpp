// Sends a request again and again over connections that stay open, and prints how long the answers took, as one JSON
// object: median, 99th percentile and longest in ms, requests a second, and the answers' status (0: not the same for
// all).
//
// requests PORT CLIENTS COUNT METHOD PATH [HEADER]… [-- BODY]     at 127.0.0.1; COUNT for all clients together; "%d" in
//                                                                 the path or body is the request's number

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Wanted {
  int port = 0;
  int count = 0;
  std::string method{};
  std::string path{};
  std::string headers{};
  std::string body{};
};

std::string numbered(std::string text, int number) {
  if (const std::size_t at = text.find("%d"); at != std::string::npos) text.replace(at, 2, std::to_string(number));
  return text;
}

int connected(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::exit(70);
  return socket;
}

// Reads one answer; returns its status.
int answer(int socket) {
  std::string text;
  char part[65536];
  std::size_t end = 0;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t size = recv(socket, part, sizeof part, 0);
    if (size <= 0) return 0;
    text.append(part, static_cast<std::size_t>(size));
  }
  const std::size_t field = text.find("Content-Length: ");
  const std::size_t length = field < end ? std::strtoul(text.c_str() + field + 16, nullptr, 10) : 0;
  while (text.size() < end + 4 + length) {
    const ssize_t size = recv(socket, part, sizeof part, 0);
    if (size <= 0) return 0;
    text.append(part, static_cast<std::size_t>(size));
  }
  return std::atoi(text.c_str() + 9);
}

struct Measured {
  std::vector<double> milliseconds{};
  int status = -1;
};

void client(const Wanted& wanted, std::atomic<int>& next, Measured& measured) {
  const int socket = connected(wanted.port);
  for (int number = next++; number < wanted.count; number = next++) {
    const std::string body = numbered(wanted.body, number);
    const std::string request = wanted.method + " " + numbered(wanted.path, number) +
                                " HTTP/1.1\r\nHost: localhost\r\n" + wanted.headers +
                                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    const auto begin = std::chrono::steady_clock::now();
    if (send(socket, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) break;
    const int status = answer(socket);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    measured.milliseconds.push_back(took.count());
    measured.status = measured.status == -1 || measured.status == status ? status : 0;
    if (status == 0) break;
  }
  close(socket);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 64;
  Wanted wanted{.port = std::atoi(argv[1]), .count = std::atoi(argv[3]), .method = argv[4], .path = argv[5]};
  int at = 6;
  for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) wanted.headers += std::string(argv[at]) + "\r\n";
  if (at + 1 < argc) wanted.body = argv[at + 1];
  const auto clients = static_cast<std::size_t>(std::atoi(argv[2]));
  std::atomic<int> next{0};
  std::vector<Measured> measured(clients);
  std::vector<std::thread> threads;
  const auto begin = std::chrono::steady_clock::now();
  for (Measured& one : measured) threads.emplace_back([&wanted, &next, &one] { client(wanted, next, one); });
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  std::vector<double> all;
  int status = measured.front().status;
  for (const Measured& one : measured) {
    all.insert(all.end(), one.milliseconds.begin(), one.milliseconds.end());
    if (one.status != -1 && one.status != status) status = 0;
  }
  std::sort(all.begin(), all.end());
  if (all.empty()) return 70;
  const double median = all[all.size() / 2];
  const double p99 = all[std::min(all.size() - 1, all.size() * 99 / 100)];
  std::printf("{\"median\": %.3f, \"p99\": %.3f, \"longest\": %.3f, \"rate\": %.0f, \"status\": %d}\n", median, p99,
              all.back(), static_cast<double>(all.size()) / wall.count(), status);
  return 0;
}
