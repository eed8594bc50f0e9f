#include "recipe/template.hpp"

#include <kainjow/mustache.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "recipe/template_parser.hpp"

namespace mailinabox {
namespace {

// kainjow's parser makes a component of every blank and knows no places, so it never sees the text: it gets a program
// of tags alone, each named by its piece's number ("{{&0}}{{#1}}{{&2}}{{/1}}"), and asks for the pieces through the
// context below. Its rule for lines with nothing but section tags must not apply to the program's one line: the closing
// character, which is taken off again, sees to that.
constexpr char k_end_of_program = '.';

struct ParsedTemplate {
  std::vector<TemplatePiece> pieces{};
  std::vector<kainjow::mustache::data> literals{};  // by piece; empty for tags
  std::unique_ptr<kainjow::mustache::mustache> program{};
  std::size_t first_section = std::string::npos;  // offset of the first section tag
};

std::unique_ptr<ParsedTemplate> compile(std::string_view text) {
  auto parsed = std::make_unique<ParsedTemplate>();
  parsed->pieces = parse_template(text);
  parsed->literals.reserve(parsed->pieces.size());
  std::string program;
  for (std::size_t i = 0; i < parsed->pieces.size(); ++i) {
    const TemplatePiece& piece = parsed->pieces[i];
    const bool literal = piece.kind == TemplatePiece::Kind::literal;
    parsed->literals.push_back(literal ? kainjow::mustache::data(piece.text) : kainjow::mustache::data(true));
    const bool end = piece.kind == TemplatePiece::Kind::end;
    const bool variable = literal || piece.kind == TemplatePiece::Kind::variable;
    if (!variable) parsed->first_section = std::min(parsed->first_section, piece.offset);
    program += "{{";
    program += variable ? '&' : end ? '/' : piece.kind == TemplatePiece::Kind::section ? '#' : '^';
    program += std::to_string(end ? piece.section_begin : i) + "}}";
  }
  program += k_end_of_program;
  parsed->program = std::make_unique<kainjow::mustache::mustache>(program);
  return parsed;
}

struct TransparentHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace

struct Renderer::State {
  explicit State(const Value& value) : context(value) {}

  const Value& context;
  std::vector<std::pair<std::string, const Value*>> variables{};
  std::unordered_map<std::string, std::unique_ptr<ParsedTemplate>, TransparentHash, std::equal_to<>> parsed{};

  using Frames = std::vector<const Value*>;  // open sections, innermost last

  // Where a dotted name leads, and where it does not: the part that is missing and the map that lacks it.
  struct Lookup {
    const Value* value = nullptr;
    std::string_view missing{};
    std::string_view before{};      // the parts that were found, with their dot
    const Value* parent = nullptr;  // nullptr where the first part is missing
  };

  const Value* first_part(std::string_view part, const Frames& frames) const {
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
      if (*frame == nullptr || !(*frame)->is_map()) continue;
      const auto found = (*frame)->as_map().find(part);
      if (found != (*frame)->as_map().end()) return &found->second;
    }
    for (auto variable = variables.rbegin(); variable != variables.rend(); ++variable) {
      if (variable->first == part) return variable->second;
    }
    if (!context.is_map()) return nullptr;
    const auto found = context.as_map().find(part);
    return found == context.as_map().end() ? nullptr : &found->second;
  }

  Lookup look_up(std::string_view name, const Frames& frames) const {
    Lookup result;
    std::size_t dot = name.find('.');
    const Value* value = first_part(name.substr(0, dot), frames);
    if (value == nullptr) return {nullptr, name.substr(0, dot), {}, nullptr};
    while (dot != std::string_view::npos) {
      const std::size_t begin = dot + 1;
      dot = name.find('.', begin);
      const std::string_view part = name.substr(begin, dot == std::string_view::npos ? dot : dot - begin);
      const Value* parent = value;
      value = nullptr;
      if (parent->is_map()) {
        const auto found = parent->as_map().find(part);
        if (found != parent->as_map().end()) value = &found->second;
      }
      if (value == nullptr) return {nullptr, part, name.substr(0, begin), parent};
    }
    result.value = value;
    return result;
  }

  std::string unknown(std::string_view name, const Frames& frames) const;
};

std::string Renderer::State::unknown(std::string_view name, const Frames& frames) const {
  const Lookup lookup = look_up(name, frames);
  std::string message = "unknown name \"" + std::string(name) + "\"";
  if (lookup.parent != nullptr && !lookup.parent->is_map())
    return message + ": \"" + std::string(lookup.before.substr(0, lookup.before.size() - 1)) + "\" has no names in it";
  std::vector<std::string> known;
  const auto add_map = [&known](const Value& value) {
    if (!value.is_map()) return;
    for (const auto& [key, item] : value.as_map()) known.push_back(key);
  };
  if (lookup.parent != nullptr) {
    add_map(*lookup.parent);
  } else {
    for (const Value* frame : frames) {
      if (frame != nullptr) add_map(*frame);
    }
    for (const auto& [key, value] : variables) known.push_back(key);
    add_map(context);
  }
  const std::string nearest = nearest_spelling(std::string(lookup.missing), known);
  if (!nearest.empty()) return message + "; did you mean \"" + std::string(lookup.before) + nearest + "\"?";
  if (lookup.parent == nullptr)
    return message + "; expected a fact, an answer, the platform's or a recipe's variable that is known here";
  message += "; \"" + std::string(lookup.before.substr(0, lookup.before.size() - 1)) + "\" has ";
  for (std::size_t i = 0; i < known.size() && i < 12; ++i) message += (i == 0 ? "" : ", ") + known[i];
  return message + (known.size() > 12 ? ", …" : known.empty() ? "no names" : "");
}

namespace {

struct TextSink {
  std::string text{};
};
TextSink& operator<<(TextSink& sink, const std::string& text) {
  sink.text += text;
  return sink;
}

std::string_view kind_of(const Value& value) { return value.is_list() ? "a list" : "a mapping"; }

// Gives kainjow the pieces by number, and follows which section it is in.
template <typename State>
class StrictContext final : public kainjow::mustache::basic_context<std::string> {
 public:
  using Data = kainjow::mustache::data;

  StrictContext(const State& state, const ParsedTemplate& parsed) : state_(state), parsed_(parsed) {}

  void push(const Data* data) override {
    const auto found = values_.find(data);
    frames_.push_back(found == values_.end() ? nullptr : found->second);
  }
  void pop() override { frames_.pop_back(); }
  const Data* get_partial(const std::string& /*name*/) const override { return nullptr; }

  const Data* get(const std::string& name) const override {
    std::size_t index = 0;
    std::from_chars(name.data(), name.data() + name.size(), index);
    const TemplatePiece& piece = parsed_.pieces[index];
    if (piece.kind == TemplatePiece::Kind::literal) return &parsed_.literals[index];
    const Value& value = resolve(piece);
    if (piece.kind == TemplatePiece::Kind::variable) return text_of(piece, value);
    return section_of(value);
  }

 private:
  const Value& resolve(const TemplatePiece& piece) const {
    if (piece.text == ".") {
      const auto frame = std::find_if(frames_.rbegin(), frames_.rend(), [](const Value* value) { return value; });
      if (frame == frames_.rend()) throw TemplateFault{piece.offset, "{{.}} stands outside of a section"};
      return **frame;
    }
    const Value* value = state_.look_up(piece.text, frames_).value;
    if (value == nullptr) throw TemplateFault{piece.offset, state_.unknown(piece.text, frames_)};
    return *value;
  }

  const Data* text_of(const TemplatePiece& piece, const Value& value) const {
    if (value.is_list() || value.is_map())
      throw TemplateFault{piece.offset, "\"" + piece.text + "\" is " + std::string(kind_of(value)) +
                                            "; expected a text here (lists take a section: {{#" + piece.text + "}}…)"};
    text_ = value.is_string() ? Data(value.as_string()) : Data(value.text());
    return &text_;
  }

  const Data* section_of(const Value& value) const {
    static const Data k_false(false);
    if (!value.truthy()) return &k_false;
    if (!value.is_list()) {
      const Data* data = &sections_.emplace_back(true);
      values_[data] = &value;
      return data;
    }
    Data& list = sections_.emplace_back(Data::type::list);
    for (std::size_t i = 0; i < value.as_list().size(); ++i) list.push_back(Data(true));
    for (std::size_t i = 0; i < value.as_list().size(); ++i) values_[&list.list_value()[i]] = &value.as_list()[i];
    return &list;
  }

  const State& state_;
  const ParsedTemplate& parsed_;
  std::vector<const Value*> frames_{};
  mutable Data text_{true};                                         // the variable being printed
  mutable std::deque<Data> sections_{};                             // what was handed out for sections
  mutable std::unordered_map<const Data*, const Value*> values_{};  // what they stand for
};

Position advance(Position where, std::string_view passed) {
  const std::size_t newline = passed.rfind('\n');
  if (newline == std::string_view::npos) {
    where.column += static_cast<int>(passed.size());
  } else {
    where.line += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    where.column = static_cast<int>(passed.size() - newline);
  }
  return where;
}

}  // namespace

Renderer::Renderer(const Value& context) : state_(std::make_unique<State>(context)) {}
Renderer::~Renderer() = default;

void Renderer::push(std::string name, const Value& value) { state_->variables.emplace_back(std::move(name), &value); }
void Renderer::pop() { state_->variables.pop_back(); }

std::string Renderer::render(std::string_view text, Sections sections) {
  if (text.find("{{") == std::string_view::npos) return std::string(text);
  auto found = state_->parsed.find(text);
  if (found == state_->parsed.end()) found = state_->parsed.emplace(text, compile(text)).first;
  ParsedTemplate& parsed = *found->second;
  if (sections == Sections::refused && parsed.first_section != std::string::npos)
    throw TemplateFault{parsed.first_section,
                        "sections are allowed in `content` and in template files only; expected {{name}}"};
  StrictContext<State> context(*state_, parsed);
  TextSink sink;
  parsed.program->render(context, sink);
  sink.text.pop_back();
  return std::move(sink.text);
}

std::string Renderer::render(std::string_view text, const Position& where) {
  try {
    return render(text, Sections::allowed);
  } catch (const TemplateFault& fault) {
    throw RecipeError(advance(where, text.substr(0, fault.offset)), fault.message);
  }
}

const Value* Renderer::find(std::string_view dotted_name) const { return state_->look_up(dotted_name, {}).value; }

std::string Renderer::unknown_name(std::string_view dotted_name) const { return state_->unknown(dotted_name, {}); }

}  // namespace mailinabox
