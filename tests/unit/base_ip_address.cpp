#include "base/ip_address.hpp"

#include "support/catch.hpp"

using namespace mailinabox;

TEST_CASE("IP addresses: both versions, and nothing around them", "[base]") {
  const auto four = parse_ip_address("192.0.2.7");
  REQUIRE(four);
  CHECK(four->version == 4);
  CHECK(four->size() == 4);
  CHECK(four->bytes[3] == 7);
  const auto six = parse_ip_address("2001:DB8::7");
  REQUIRE(six);
  CHECK(six->version == 6);
  CHECK(six->bytes[15] == 7);
  CHECK(six == parse_ip_address("2001:0db8:0::0007"));
  CHECK(four != six);
  for (const char* not_one : {"", "192.0.2", "192.0.2.256", "192.0.2.7 ", " 192.0.2.7", "192.0.2.7/24", "::/0",
                              "fe80::1%eth0", "[::1]", "mail.example.com"}) {
    INFO(not_one);
    CHECK_FALSE(is_ip_address(not_one));
  }
  CHECK_FALSE(is_ip_address(std::string_view("192.0.2.7\0x", 11)));
}
