#include "box/uuid.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

TEST_CASE("UUID: the one of RFC 9562's appendix", "[box]") {
  CHECK(name_based_uuid("www.example.com") == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  CHECK(name_based_uuid("www.example.org") != name_based_uuid("www.example.com"));
}
