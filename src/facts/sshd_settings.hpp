// sshd's configuration, as it will have it from its files and options at the next start (sshd(8), sshd_config(5)).
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "os/system.hpp"

namespace mailinabox {

struct SshdLine {
  std::string key{};  // in lower case
  std::vector<std::string> values{};
  bool conditional = false;  // below a Match, so not for everybody
};

struct SshdSettings {
  std::string file = "/etc/ssh/sshd_config";
  std::vector<std::string> option_ports{};  // -p, which count in place of Port
  std::vector<SshdLine> lines{};            // in sshd's order, of which the first of a key counts
  bool reads_drop_ins = false;              // k_sshd_drop_in is read, unless it is for some only
  std::size_t before_drop_in = 0;           // how many lines come before those of k_sshd_drop_in, if that is read

  // The first value that counts for everybody, in lower case; `otherwise` if there is none.
  std::string value(std::string_view key, std::string_view otherwise) const;
  // Whether a Match has a line with this key.
  bool depends(std::string_view key) const;
  // Whether k_sshd_drop_in cannot decide what a key is for everybody: a line before it does, or one below a Match.
  bool decided_elsewhere(std::string_view key) const;
  // Whether there is a line with one of these keys, below a Match or not.
  bool has_any(std::initializer_list<std::string_view> keys) const;
};

inline constexpr const char* k_sshd = "/usr/sbin/sshd";
// What setup writes. It is not among the lines: they are what sshd would do without it.
inline constexpr const char* k_sshd_drop_in = "/etc/ssh/sshd_config.d/10-mailinabox.conf";

SshdSettings sshd_settings(const View& view);

}  // namespace mailinabox
