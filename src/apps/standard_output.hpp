// What the program prints, on its way to a descriptor; the first write that fails is remembered.
#pragma once

#include <array>
#include <streambuf>

namespace mailinabox {

class StandardOutput final : public std::streambuf {
 public:
  explicit StandardOutput(int descriptor);  // stays the caller's
  ~StandardOutput() override { finish(); }
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  // Writes what is left. Returns errno of the first write that failed, 0 if all was written. Nothing is written after a
  // failure: half of a text would follow a gap.
  int finish();

 protected:
  int_type overflow(int_type letter) override;
  int sync() override;

 private:
  int descriptor_;
  int error_ = 0;
  std::array<char, 8192> buffer_{};
};

}  // namespace mailinabox
