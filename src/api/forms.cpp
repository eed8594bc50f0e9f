#include "api/forms.hpp"

#include "base/text.hpp"

namespace mailinabox {
namespace {

std::string_view path_of(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

// The value of a parameter of a header: boundary="x" or boundary=x.
std::string parameter(std::string_view header, std::string_view name) {
  for (const std::string_view part : split(header, ';')) {
    const std::string_view trimmed = trim(part);
    if (!lower_case(trimmed.substr(0, name.size() + 1)).starts_with(std::string(name) + "=")) continue;
    return std::string(trim(trimmed.substr(name.size() + 1), "\""));
  }
  return {};
}

// One part of a multipart body: its name, from Content-Disposition, and its content.
std::optional<std::pair<std::string, std::string>> part_of_form(std::string_view part) {
  const std::size_t end = part.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string head(part.substr(0, end));
  for (const std::string_view line : lines_of(head)) {
    if (!lower_case(line).starts_with("content-disposition:")) continue;
    const std::string name = parameter(trim(line), "name");
    return std::pair(name, std::string(part.substr(end + 4)));
  }
  return std::nullopt;
}

}  // namespace

std::string percent_decoded(std::string_view text, bool plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte =
        text[i] == '%' && i + 2 < text.size() ? parse_number<unsigned>(text.substr(i + 1, 2), 16) : std::nullopt;
    if (byte) {
      decoded += static_cast<char>(*byte);
      i += 2;
    } else {
      decoded += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::vector<std::string> path_parts(std::string_view target) {
  std::string_view path = path_of(target);
  if (path.starts_with('/')) path.remove_prefix(1);
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) parts.push_back(percent_decoded(part));
  return parts;
}

Form query_of(std::string_view target) {
  const std::size_t begin = target.find('?');
  return begin == std::string_view::npos ? Form{} : parse_form(target.substr(begin + 1));
}

Form parse_form(std::string_view body) {
  Form form;
  for (const std::string_view pair : split(body, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    form.emplace(percent_decoded(pair.substr(0, equals), true), percent_decoded(value, true));
  }
  return form;
}

std::optional<Form> parse_multipart(std::string_view body, std::string_view boundary) {
  if (boundary.empty()) return std::nullopt;
  const std::string separator = "--" + std::string(boundary);
  if (!body.starts_with(separator)) return std::nullopt;
  Form form;
  std::size_t at = separator.size();
  while (at < body.size() && !body.substr(at).starts_with("--")) {
    const std::size_t end = body.find("\r\n" + separator, at);
    if (end == std::string_view::npos) return std::nullopt;
    if (auto part = part_of_form(body.substr(at, end - at))) form.insert(std::move(*part));
    at = end + 2 + separator.size();
  }
  return form;
}

Form form_of(const WebRequest& request) {
  const std::string type = request.header("content-type");
  if (lower_case(type).starts_with("multipart/form-data")) {
    if (auto form = parse_multipart(request.body, parameter(type, "boundary"))) return *form;
    return {};
  }
  return parse_form(request.body);
}

}  // namespace mailinabox
