#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

TEST_CASE("encoding: hexadecimal", "[base]") {
  CHECK(to_hex(std::string("\0\x7f\xff", 3)) == "007fff");
  CHECK(to_hex("").empty());
  CHECK(from_hex("007fFF") == std::string("\0\x7f\xff", 3));
  CHECK(from_hex("") == "");
  for (const char* wrong : {"0", "0g", "-1", "+1", " 1", "0x"}) CHECK_FALSE(from_hex(wrong));
}

TEST_CASE("encoding: base64 as in RFC 4648 section 10", "[base]") {
  const auto [bytes, text] = GENERATE(table<const char*, const char*>(
      {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "+/+/"}}));
  CHECK(to_base64(bytes) == text);
  CHECK(from_base64(text) == bytes);
}

TEST_CASE("encoding: what is no base64", "[base]") {
  for (const char* text : {"Z", "Zg=", "Zg", "Zg==\n", " Zg==", "Zm 9v", "=g==", "Zg==Zg==", "====", "===", "Zm9-"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text));
  }
}

TEST_CASE("digest: known ones", "[base]") {
  // sha256sum, sha1sum
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc").size() == 32);
  CHECK(to_hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST_CASE("encoding: base64 for addresses", "[base]") {
  CHECK(to_base64url("").empty());
  CHECK(to_base64url("f") == "Zg");
  CHECK(to_base64url("\xfb\xff\xbf") == "-_-_");
}

TEST_CASE("digest: HMAC as in RFC 4231", "[base]") {
  CHECK(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("digest: in pieces", "[base]") {
  Sha256 digest;
  digest.add("a");
  digest.add("");
  digest.add("bc");
  CHECK(digest.finish_hex() == sha256_hex("abc"));
}
