#include "messages/envelope.hpp"

#include "base/digest.hpp"
#include "messages/json_form.hpp"
#include "messages/json_text.hpp"

namespace mailinabox {
namespace {

std::string digest_of_text(std::string_view text) { return sha256_hex(text).substr(0, 32); }

}  // namespace

namespace {

// Of a frame, with room for the text.
std::string frame_header(std::size_t length, std::size_t room) {
  std::string frame;
  frame.reserve(room + 4);
  for (const unsigned shift : {24U, 16U, 8U, 0U}) frame += static_cast<char>((length >> shift) & 0xFFU);
  return frame;
}

}  // namespace

std::string framed(std::string_view text) { return frame_header(text.size(), text.size()).append(text); }

std::size_t frame_length(std::string_view header, std::size_t most) {
  std::size_t length = 0;
  for (const char byte : header.substr(0, 4)) length = (length << 8U) | static_cast<unsigned char>(byte);
  if (length > most) throw Error("A message of " + std::to_string(length) + " bytes is longer than allowed.");
  return length;
}

std::optional<std::string> unframed(std::string_view received, std::size_t most) {
  if (received.size() < 4) return std::nullopt;
  const std::size_t length = frame_length(received, most);
  received.remove_prefix(4);
  if (received.size() > length) throw Error("There is more than one request on a connection.");
  if (received.size() < length) return std::nullopt;
  return std::string(received);
}

std::string envelope_text(const Envelope& envelope) { return json_text_of(envelope); }

Envelope read_envelope(std::string_view text) { return read_json<Envelope>(parse_json(text, "The message")); }

// JSON on one line has no line end in it.
std::string reply_text(const Reply& reply) {
  std::string text = json_text_of(reply);
  text.reserve(text.size() + 1 + reply.data.size());
  return text.append(1, '\n').append(reply.data);
}

std::string framed_reply_head(const Reply& reply) {
  const std::string line = json_text_of(reply) + '\n';
  return frame_header(line.size() + reply.data.size(), line.size()).append(line);
}

Reply read_reply(std::string text) {
  const std::size_t end = text.find('\n');
  if (end == std::string::npos) throw Error("The reply has no end of its first line.");
  auto reply = read_trusted_text<Reply>(std::string_view(text).substr(0, end));
  reply.data = std::move(text.erase(0, end + 1));
  if (reply.verdict > Verdict::failed) throw MemberError("verdict", "is not known.");
  return reply;
}

std::string entity_tag_of(const Shape& shape, const void* result, std::string_view text) {
  if (!shape.has_measured_members()) return digest_of_text(text);
  Json state = json_of(shape, result);
  for (const Member& member : shape.members) {
    if (member.measured) state.erase(member.name);
  }
  return digest_of_text(json_text(state, -1)) + "-" + digest_of_text(text);
}

}  // namespace mailinabox
