// What comes over the socket between front and helper, of any bytes: envelopes, replies, and the fields of every
// message and result. What is read is written in UTF-8 and read again as the same; everything else is refused with an
// Error.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "messages/envelope.hpp"
#include "messages/json_form.hpp"
#include "messages/messages.hpp"

using namespace mailinabox;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

template <typename Work>
void or_refused(const Work& work) {
  try {
    work();
  } catch (const MemberError& error) {
    require(valid_utf8(error.what()) && valid_utf8(error.member()));
  } catch (const Error& error) {
    require(valid_utf8(error.what()));
  }
}

// Writes what read(text) gives, and reads that.
template <typename Read, typename Write>
void check_there_and_back(const std::string& text, const Read& read, const Write& write) {
  or_refused([&] {
    const std::string written = write(read(text));
    require(valid_utf8(written));
    require(write(read(written)) == written);
  });
}

Json read_and_written(const Shape& shape, const Json& json, Source source) {
  const ErasedValue value = shape.create();
  read_json(shape, value.get(), json, source);
  return json_of(shape, value.get());
}

void check_members(const Shape& shape, const Json& json) {
  for (const Source source : {Source::stranger, Source::helper}) {
    or_refused([&] {
      const Json written = read_and_written(shape, json, source);
      require(read_and_written(shape, written, source) == written);
    });
  }
}

void check_frame(const std::string& text) {
  const std::string frame = framed(text);
  require(frame.size() == text.size() + 4 && frame_length(frame, k_most_request) == text.size());
  or_refused([&] { require(frame_length(text, k_most_reply) <= k_most_reply); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_frame(text);
  check_there_and_back(text, read_envelope, envelope_text);
  check_there_and_back(text, read_reply, reply_text);
  or_refused([&] {
    const Json json = parse_json(text, "The text");
    if (!json.is_object()) return;
    for (const MessageDeclaration* message : all_messages()) {
      check_members(*message->message, json);
      check_members(*message->result, json);
    }
  });
  return 0;
}
