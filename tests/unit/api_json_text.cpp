// What goes between the processes as text without a tree: the same as with one.
#include "messages/json_text.hpp"

#include "api/original.hpp"
#include "messages/envelope.hpp"
#include "messages/json_form.hpp"
#include "messages/messages.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

namespace {

const std::vector<std::string> k_texts = {"",
                                          "plain",
                                          "with \"quotes\" and \\ at the end\\",
                                          "lines\r\nand\ttabs",
                                          std::string("a\0b\x1f\x7f", 5),
                                          "Grüße, 日本, 😀",
                                          "no UTF-8: \xff\xc3(",
                                          "[{\"a\": 1}]",
                                          "\\u0041"};

// The text is what a tree gives, and what is read from it what is read with one.
void check_same(const Shape& shape, const void* value) {
  const std::string text = json_text_of(shape, value);
  CHECK(text == json_text(json_of(shape, value), -1));
  const Json tree = parse_json(text, "The text");
  const auto from_tree = shape.create();
  read_json(shape, from_tree.get(), tree, Source::helper);
  for (const std::string& written : {text, json_text(tree, 3)}) {  // the second has blanks between
    const auto from_text = shape.create();
    read_trusted_text(shape, from_text.get(), written);
    CHECK(json_of(shape, from_text.get()) == json_of(shape, from_tree.get()));
    CHECK(json_of(shape, from_text.get()) == tree);
  }
}
template <typename Type>
void check_same(const Type& value) {
  check_same(shape_of<Type>(), &value);
}

}  // namespace

TEST_CASE("JSON text: structs with members of every type", "[api]") {
  for (const std::string& text : k_texts) {
    check_same(UserInfo{.email = text, .privileges = {text, "admin"}, .quota = text, .used_bytes = -1});
    check_same(UserPageInfo{.users = {{.email = text}, {}}, .total = INT64_MAX, .next = text});
    check_same(AliasInfo{.address = text, .permitted_senders = std::vector<std::string>{text}, .automatic = true});
    check_same(LogIn{});
    check_same(LoggedIn{.email = text, .privileges = {}, .session = Secret(text)});
    check_same(ZoneList{.zones = {{.zone = text, .records = {{.name = text, .value = text}, {}}}, {}}});
    check_same(JobInfo{.result = {{"a", {1, nullptr, text, {{"b", "]}\","}}}}}});
  }
  check_same(UserPageInfo{.total = INT64_MIN});
}

// Empty, or with a value in every member: what a result may be.
TEST_CASE("JSON text: the empty result of every message", "[api]") {
  for (const MessageDeclaration* message : all_messages()) {
    INFO(message->name);
    check_same(*message->result, message->result->create().get());
  }
}

TEST_CASE("JSON text: what is not the struct's JSON is refused", "[api]") {
  const std::string whole = json_text_of(UserPageInfo{.users = {{.email = "a\"b", .used_bytes = 7}}, .total = 1});
  for (std::size_t end = 0; end < whole.size(); ++end) {
    INFO(whole.substr(0, end));
    CHECK_THROWS_AS(read_trusted_text<UserPageInfo>(whole.substr(0, end)), Error);
  }
  for (const char* more : {"x", ",", "}", "{}", "\""})
    CHECK_THROWS_AS(read_trusted_text<UserPageInfo>(whole + more), Error);
  for (const char* wrong : {"[]", "null", "{\"names\":{}}", "{\"names\":[1]}", "{\"names\":\"a\"}", "{}",
                            "{\"names\":[\"a\",]}", "{\"names\":[,]}", "{\"names\":[\"\\x\"]}", "{names:[]}"}) {
    INFO(wrong);
    CHECK_THROWS_AS(read_trusted_text<NameList>(wrong), Error);
  }
  for (const char* unknown : {"1", "null", "\"]\"", "[[], {\"a\": \"}\"}]", "{\"names\": [\"b\"]}", "-1.5e3", "true"}) {
    INFO(unknown);
    const std::string text = "{\"more\": " + std::string(unknown) + " , \"names\":[\"a\"], \"z\":" + unknown + "}";
    CHECK(read_trusted_text<NameList>(text).names == std::vector<std::string>{"a"});
  }
}

TEST_CASE("replies: the result goes behind the first line as it is", "[api]") {
  const Reply reply{.verdict = Verdict::done, .text = "two\nlines", .entity_tag = "x", .data = "{\"a\":\n1}"};
  const Reply read = read_reply(reply_text(reply));
  CHECK(read.verdict == Verdict::done);
  CHECK(read.text == reply.text);
  CHECK(read.data == reply.data);
  CHECK(read_reply(reply_text({.verdict = Verdict::missing})).data == "");
  for (const Reply& sent : {reply, Reply{.verdict = Verdict::missing}})
    CHECK(framed_reply_head(sent) + sent.data == framed(reply_text(sent)));
  for (const char* wrong : {"", "\n", "{}\n{}", "{\"verdict\":0,\"verdict\":0}\n", "{\"verdict\":0}",
                            "{\"verdict\":99}\n", "{\"verdict\":-1}\n"})
    CHECK_THROWS_AS(read_reply(wrong), Error);
}

TEST_CASE("JSON text: lists of the original's API are indented as a tree is", "[api]") {
  for (const std::string& text : k_texts) {
    IndentedJson json;
    json.open('[');
    for (int i = 0; i < 2; ++i) {
      json.open('[');
      json.text(text);
      json.open('[');
      json.close(']');
      json.open('{');
      json.member("a", text);
      json.member("b", text);
      json.close('}');
      json.close(']');
    }
    json.close(']');
    const SortedJson item = {text, SortedJson::array(), {{"a", text}, {"b", text}}};
    CHECK(json.take() == SortedJson::array({item, item}).dump(2, ' ', true, SortedJson::error_handler_t::replace));
  }
}

TEST_CASE("frames: whole ones are taken, longer ones and two at a time are refused", "[api]") {
  const std::string frame = framed("text");
  for (std::size_t size = 0; size < frame.size(); ++size) CHECK_FALSE(unframed(frame.substr(0, size), 100));
  CHECK(unframed(frame, 4) == std::optional<std::string>("text"));
  CHECK(unframed(framed(""), 4) == std::optional<std::string>(""));
  CHECK_THROWS_AS(unframed(frame, 3), Error);
  CHECK_THROWS_AS(unframed(frame + "x", 100), Error);
}
