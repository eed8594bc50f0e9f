#include "box/dns/record_forms.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "box/dns/record_syntax.hpp"
#include "net/dns.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_longest_data = 4096;   // of one value, as text
constexpr std::size_t k_longest_string = 255;  // RFC 1035 section 3.3

bool whole_bytes(std::string_view digits) {
  return !digits.empty() && digits.size() % 2 == 0 &&
         digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// How many digits a digest of this type has; nothing if any number is possible.
std::optional<std::size_t> digest_size(std::string_view type, std::string_view digest_type) {
  if (type == "DS") return digest_type == "1" ? 40 : digest_type == "4" ? 96 : 64;
  if (digest_type == "1") return 64;
  if (digest_type == "2") return 128;
  return std::nullopt;
}

// What libldns does not look at: ports, keys given twice, keys without their value, and mandatory keys that are
// missing.
bool good_parameters(const std::vector<std::string>& words) {
  std::set<std::string> keys;
  std::string mandatory;
  for (const std::string& word : words) {
    const std::string key = word.substr(0, word.find('='));
    const std::string value = unquoted(word.substr(std::min(key.size() + 1, word.size()))).value_or("");
    if (!keys.insert(key).second) return false;
    if (value.empty() && key != "no-default-alpn" && !key.starts_with("key")) return false;
    if (key == "port" && !parse_number<std::uint16_t>(value)) return false;
    if (key == "mandatory") mandatory = value;
  }
  if (mandatory.empty()) return true;
  const std::vector<std::string_view> wanted = split(mandatory, ',');
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](std::string_view key) { return key != "mandatory" && keys.contains(std::string(key)); });
}

// Degrees that are on the globe.
bool good_location(const std::vector<std::string>& words) {
  const auto side =
      std::find_if(words.begin(), words.end(), [](const auto& word) { return word == "N" || word == "S"; });
  if (words.empty() || words.end() - side < 2) return false;
  const auto latitude = parse_number<unsigned>(words.front());
  const auto longitude = parse_number<unsigned>(*(side + 1));
  return latitude && longitude && *latitude <= 90 && *longitude <= 180;
}

// Reads one value's words by the form of its type.
class RowReader {
 public:
  RowReader(const RecordForm& form, TargetNames names, std::vector<std::string> words)
      : form_(form), names_(names), words_(std::move(words)) {}

  // The value; "" if a field is missing, too much or not as its form says.
  std::string value() {
    for (const DataField field : form_.fields) {
      if (field == DataField::none) break;
      if (at_ == words_.size() && field != DataField::parameters) return "";
      if (!read(field)) return "";
    }
    return at_ == words_.size() ? joined(result_, " ") : "";
  }

 private:
  bool read(DataField field) {
    switch (field) {
      case DataField::number_8:
        return read_number(255);
      case DataField::number_16:
        return read_number(65535);
      case DataField::host:
        return read_name(false);
      case DataField::host_or_root:
        return read_name(true);
      case DataField::text:
        return read_text();
      case DataField::hexadecimal:
      case DataField::base64:
        return read_bytes(field == DataField::hexadecimal);
      case DataField::parameters:
        return good_parameters(take_rest());
      case DataField::location:
        return good_location(take_rest());
      case DataField::none:
        break;
    }
    return false;
  }

  bool read_number(unsigned most) {
    const auto number = parse_number<unsigned>(words_[at_++]);
    if (!number || *number > most) return false;
    result_.push_back(std::to_string(*number));
    return true;
  }

  bool read_name(bool or_root) {
    const std::string& word = words_[at_++];
    result_.push_back(or_root && word == "." ? word : target_name(word, names_));
    return !result_.back().empty();
  }

  bool read_text() {
    const auto bytes = unquoted(words_[at_++]);
    const bool long_one = form_.type == "URI";  // it is no character-string (RFC 7553 section 4.4)
    if (!bytes || (!long_one && bytes->size() > k_longest_string)) return false;
    result_.push_back(quoted_string(*bytes));
    return true;
  }

  bool read_bytes(bool hexadecimal) {
    std::string digits;
    while (at_ < words_.size()) digits += words_[at_++];
    result_.push_back(digits);
    if (!hexadecimal) return true;  // libldns judges it
    const auto size = digest_size(form_.type, result_[2]);
    return whole_bytes(digits) && (!size || digits.size() == *size);
  }

  std::vector<std::string> take_rest() {
    std::vector<std::string> rest(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
    at_ = words_.size();
    result_.insert(result_.end(), rest.begin(), rest.end());
    return rest;
  }

  const RecordForm& form_;
  TargetNames names_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  std::vector<std::string> result_{};
};

// The place of the name among the value's words; nothing if there is none.
std::optional<std::size_t> place_of_name(const RecordForm& form) {
  const auto place = std::find_if(form.fields.begin(), form.fields.end(), [](DataField field) {
    return field == DataField::host || field == DataField::host_or_root;
  });
  if (place == form.fields.end()) return std::nullopt;
  return static_cast<std::size_t>(place - form.fields.begin());
}

}  // namespace

std::span<const RecordForm> record_forms() {
  using F = DataField;
  static constexpr std::array k_forms = {
      RecordForm{"CNAME", {F::host}, "A CNAME record is the full name of a host, as in: www.example.net."},
      RecordForm{"DS",
                 {F::number_16, F::number_8, F::number_8, F::hexadecimal},
                 "A DS record is key tag, algorithm, digest type (1 SHA-1, 2 SHA-256, 4 SHA-384) and the digest in "
                 "hexadecimal digits."},
      RecordForm{"HTTPS",
                 {F::number_16, F::host_or_root, F::parameters},
                 "An HTTPS record is a priority, the full name of a host (. for the record's own name) and parameters, "
                 "as in: 1 . alpn=h2,h3"},
      RecordForm{"LOC",
                 {F::location},
                 "A LOC record is latitude, longitude and altitude, as in: 52 22 23.000 N 4 53 32.000 E -2.00m"},
      RecordForm{"MX",
                 {F::number_16, F::host_or_root},
                 "An MX record is a preference and the full name of a mail server, as in: 10 mail.example.com."},
      RecordForm{"NAPTR",
                 {F::number_16, F::number_16, F::text, F::text, F::text, F::host_or_root},
                 "A NAPTR record is order, preference, flags, service, regular expression and a full name (or .), as "
                 "in: 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" ."},
      RecordForm{"NS", {F::host}, "An NS record is the full name of a name server, as in: ns1.example.net."},
      RecordForm{"OPENPGPKEY", {F::base64}, "An OPENPGPKEY record is a public key in base64."},
      RecordForm{"PTR", {F::host}, "A PTR record is the full name of a host, as in: host.example.com."},
      RecordForm{"SMIMEA",
                 {F::number_8, F::number_8, F::number_8, F::hexadecimal},
                 "An SMIMEA record is usage, selector, matching type (0 all, 1 SHA-256, 2 SHA-512) and certificate "
                 "data in hexadecimal digits."},
      RecordForm{"SRV",
                 {F::number_16, F::number_16, F::number_16, F::host_or_root},
                 "An SRV record is priority, weight, port and the full name of a host, as in: 0 5 5060 "
                 "sip.example.com."},
      RecordForm{"SVCB",
                 {F::number_16, F::host_or_root, F::parameters},
                 "An SVCB record is a priority, the full name of a host (. for the record's own name) and parameters, "
                 "as in: 1 dns.example.com. alpn=dot port=853"},
      RecordForm{"TLSA",
                 {F::number_8, F::number_8, F::number_8, F::hexadecimal},
                 "A TLSA record is usage, selector, matching type (0 all, 1 SHA-256, 2 SHA-512) and certificate data "
                 "in hexadecimal digits."},
      RecordForm{"URI",
                 {F::number_16, F::number_16, F::text},
                 "A URI record is priority, weight and an address in quotes, as in: 10 1 \"https://www.example.com/\""},
  };
  return k_forms;
}

const RecordForm* record_form(std::string_view type) {
  for (const RecordForm& form : record_forms()) {
    if (form.type == type) return &form;
  }
  return nullptr;
}

std::string checked_fields(const RecordForm& form, std::string_view value, TargetNames names) {
  const std::string type(form.type);
  const bool readable = value.size() <= k_longest_data;
  auto words = readable ? data_words(value) : std::nullopt;
  const std::string checked = words ? RowReader(form, names, std::move(*words)).value() : "";
  // Names that are not ASCII are now, and nothing else may be.
  const bool printable = is_ascii(checked) && printable_utf8(checked) && checked.size() <= k_longest_data;
  if (checked.empty() || !printable || !printed_dns_data(type, checked))
    throw InvalidValue("value", "Invalid value. " + std::string(form.expected));
  return checked;
}

std::string complete_value(const std::string& type, const std::string& value, const std::string& zone) {
  const RecordForm* form = record_form(type);
  const auto place = form == nullptr ? std::nullopt : place_of_name(*form);
  auto words = place ? data_words(value) : std::nullopt;
  if (!words || *place >= words->size()) return value;
  std::string& name = (*words)[*place];
  if (name.ends_with('.')) return value;
  name = (name == "@" ? "" : name + ".") + zone + ".";
  return joined(*words, " ");
}

}  // namespace mailinabox
