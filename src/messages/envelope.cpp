#include "messages/envelope.hpp"

#include "base/digest.hpp"

namespace mailinabox {

std::string framed(std::string_view text) {
  std::string frame;
  frame.reserve(text.size() + 4);
  for (const unsigned shift : {24U, 16U, 8U, 0U}) frame += static_cast<char>((text.size() >> shift) & 0xFFU);
  return frame.append(text);
}

std::size_t frame_length(std::string_view header, std::size_t most) {
  std::size_t length = 0;
  for (const char byte : header.substr(0, 4)) length = (length << 8U) | static_cast<unsigned char>(byte);
  if (length > most) throw Error("A message of " + std::to_string(length) + " bytes is longer than allowed.");
  return length;
}

std::string envelope_text(const Envelope& envelope) { return json_text(json_of(envelope), -1); }

Envelope read_envelope(std::string_view text) { return read_json<Envelope>(parse_json(text, "The message")); }

std::string reply_text(const Reply& reply) { return json_text(json_of(reply), -1); }

Reply read_reply(std::string_view text) {
  Reply reply = read_trusted_json<Reply>(parse_json(text, "The reply"));
  if (reply.verdict > Verdict::failed) throw MemberError("verdict", "is not known.");
  return reply;
}

std::string digest_of_json(const Json& json) { return sha256_hex(json_text(json, -1)).substr(0, 32); }

}  // namespace mailinabox
