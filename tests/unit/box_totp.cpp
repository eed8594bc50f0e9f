#include <array>

#include "base/error.hpp"
#include "box/access/qr_code.hpp"
#include "box/access/totp.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

// The key of RFC 6238's test vectors, "12345678901234567890".
const Secret k_rfc_secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");

std::uint32_t number_at(const std::string& bytes, std::size_t position) {
  std::uint32_t number = 0;
  for (std::size_t k = 0; k < 4; ++k) number = number << 8U | static_cast<unsigned char>(bytes.at(position + k));
  return number;
}

// The data of the picture's chunks, each checked as far as its frame goes.
std::vector<std::pair<std::string, std::string>> chunks_of(const std::string& png) {
  REQUIRE(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  std::vector<std::pair<std::string, std::string>> chunks;
  for (std::size_t at = 8; at < png.size();) {
    const std::size_t size = number_at(png, at);
    chunks.emplace_back(png.substr(at + 4, 4), png.substr(at + 8, size));
    at += 12 + size;
  }
  return chunks;
}

}  // namespace

TEST_CASE("totp: the codes of RFC 6238", "[box]") {
  // Appendix B has eight digits; an app shows the last six.
  constexpr std::array<std::pair<std::int64_t, const char*>, 5> k_codes = {
      {{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}}};
  for (const auto& [seconds, code] : k_codes) {
    CAPTURE(seconds);
    const TimePoint now = time_at(seconds);
    CHECK(totp_code(k_rfc_secret, totp_step_at(now)) == code);
    CHECK(totp_step(k_rfc_secret, code, now) == seconds / 30);
  }
  // 20000000000 seconds, in the year 2603, is later than the clock's type can hold.
  CHECK(totp_code(k_rfc_secret, 20000000000 / 30) == "353130");
}

TEST_CASE("totp: one step before and after is good, too", "[box]") {
  const TimePoint now = time_at(1795420800);  // a step begins
  const std::int64_t step = totp_step_at(now);
  CHECK(totp_step_begins(step) == now);
  for (const std::int64_t good : {step - 1, step, step + 1}) {
    CHECK(totp_step(k_rfc_secret, totp_code(k_rfc_secret, good), now) == good);
  }
  for (const std::int64_t bad : {step - 2, step + 2}) {
    CHECK_FALSE(totp_step(k_rfc_secret, totp_code(k_rfc_secret, bad), now));
  }
  const std::string code = totp_code(k_rfc_secret, step);
  CHECK(totp_step(k_rfc_secret, " " + code.substr(0, 3) + " " + code.substr(3) + "\n", now) == step);
  for (const std::string& wrong : {std::string(), code.substr(1), code + "0", std::string("abcdef")}) {
    CHECK_FALSE(totp_step(k_rfc_secret, wrong, now));
  }
}

TEST_CASE("totp: secrets", "[box]") {
  const Secret secret = new_totp_secret();
  CHECK(secret.reveal().size() == 32);
  CHECK(problem_with_totp_secret(secret).empty());
  CHECK(secret.reveal() != new_totp_secret().reveal());
  CHECK(problem_with_totp_secret(Secret("gezdgnbvgy3tqojqgezdgnbvgy3tqojq")).empty());
  CHECK(totp_code(Secret("gezdgnbvgy3tqojqgezdgnbvgy3tqojq"), 1) == "287082");
  CHECK(problem_with_totp_secret(Secret()) == "No secret provided.");
  CHECK(problem_with_totp_secret(Secret("  ")) == "No secret provided.");
  CHECK(problem_with_totp_secret(Secret("GEZDGNBV")) == "Secret should be a 32 characters base32 string");
  CHECK(problem_with_totp_secret(Secret("1EZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")) == "Non-base32 digit found");
  CHECK_THROWS_AS(totp_code(Secret("1EZDGNBVGY3TQOJQ"), 1), Error);
}

TEST_CASE("totp: the address that apps read", "[box]") {
  CHECK(totp_uri(Secret("ABC"), "me+x@example.com", "box.example.com") ==
        "otpauth://totp/box.example.com%20Mail-in-a-Box%20Control%20Panel:me%2Bx%40example.com?secret=ABC"
        "&issuer=box.example.com%20Mail-in-a-Box%20Control%20Panel");
}

TEST_CASE("qr code: a picture of the right size, with its finder pattern", "[box]") {
  const auto chunks = chunks_of(qr_code_png("otpauth://totp/x"));
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[0].first == "IHDR");
  CHECK(chunks[1].first == "IDAT");
  CHECK(chunks[2] == std::pair<std::string, std::string>("IEND", ""));
  const std::uint32_t side = number_at(chunks[0].second, 0);
  CHECK(number_at(chunks[0].second, 4) == side);
  CHECK(side % 4 == 0);
  const std::size_t line = 1 + (side + 7) / 8;
  // zlib's header, one stored block with its header, Adler-32.
  CHECK(chunks[1].second.size() == 2 + 5 + line * side + 4);
  const std::string lines = chunks[1].second.substr(7, line * side);
  const auto black = [&](std::size_t module_x, std::size_t module_y) {
    const std::size_t x = (module_x + 4) * 4;
    const auto byte = static_cast<unsigned char>(lines[(module_y + 4) * 4 * line + 1 + x / 8]);
    return (byte & (0x80U >> x % 8)) == 0;
  };
  const std::array<const char*, 8> finder = {"#######.", "#.....#.", "#.###.#.", "#.###.#.",
                                             "#.###.#.", "#.....#.", "#######.", "........"};
  for (std::size_t y = 0; y < finder.size(); ++y) {
    for (std::size_t x = 0; x < 8; ++x) CHECK(black(x, y) == (finder[y][x] == '#'));
  }
}

TEST_CASE("qr code: the longest text needs several blocks, a longer one is refused", "[box]") {
  const auto chunks = chunks_of(qr_code_png(std::string(2331, 'x')));
  const std::uint32_t side = number_at(chunks[0].second, 0);
  CHECK(side == (177 + 8) * 4);
  CHECK(chunks[1].second.size() == 2 + 2 * 5 + (1 + (side + 7) / 8) * side + 4);
  CHECK_THROWS_AS(qr_code_png(std::string(2332, 'x')), Error);
}
