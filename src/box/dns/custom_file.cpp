// Reads and writes custom.yaml.

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/yaml_pieces.hpp"
#include "box/dns/custom_records.hpp"
#include "box/dns/names.hpp"
#include "box/dns/record_data.hpp"
#include "box/dns/secondary_entries.hpp"
#include "box/dns/yaml_scalar.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_left_out = "; this entry is ignored until it is corrected";

std::string opening_comment_of(std::string_view text) {
  std::string comment;
  std::string pending;  // blank lines belong to it if the comment continues
  for (const std::string_view line : lines_with_ends(text)) {
    const std::size_t first = line.find_first_not_of(" \t\r\n");
    pending += line;
    if (first == std::string_view::npos) continue;
    if (line[first] != '#') break;
    comment += pending;
    pending.clear();
  }
  if (!comment.empty() && comment.back() != '\n') comment += '\n';
  return comment;
}

}  // namespace

// Fills the records from the file's text.
class CustomFile {
 public:
  CustomFile(CustomRecords& records, std::string_view file) : records_(records), file_(intern_file(file)) {}

  void read(const std::string& text) {
    records_.opening_comment_ = opening_comment_of(text);
    YamlEntries file =
        read_yaml_entries(text, *file_, "a domain name, a colon and its records", "of domain names to records");
    for (YamlFault& fault : file.faults) {
      const std::string_view which = fault.repeated ? ", and only that one counts; keep one" : "";
      report_unreadable(fault.where, fault.message.append(which));
    }
    for (const YamlEntry& entry : file.entries) {
      first_line_ = entry.first_line;
      if (entry.key->text == k_secondary_key) {
        read_secondary(*entry.value);
      } else {
        read_name(*entry.key, *entry.value);
      }
    }
    leave_out_crowded_aliases();
    records_.refresh();
  }

 private:
  Position at(const YamlNode& node) const { return {file_, node.line + first_line_, node.column}; }

  void report(const Position& where, const std::string& message) { records_.problems_.push_back({where, message}); }

  // For entries that render() cannot write again.
  void report_unreadable(const Position& where, const std::string& message) {
    report(where, message + std::string(k_left_out));
    if (records_.unreadable_.empty()) records_.unreadable_ = records_.problems_.back().text();
  }

  void read_name(const YamlNode& key, const YamlNode& value) {
    const std::string name = canonical_name(key.text);
    if (!valid_record_name(name)) {
      report_unreadable(at(key), "\"" + key.text +
                                     "\" cannot be the name of a record; expected a full domain name without a "
                                     "final dot, such as www.example.com");
    } else if (value.is_scalar()) {
      read_value(name, "A", value);
    } else if (value.is_list()) {
      report_unreadable(at(value), "expected an IPv4 address or a mapping of record types to values, found a list");
    } else {
      for (std::size_t i = 0; i + 1 < value.children.size(); i += 2)
        read_type(name, value.children[i].text, value.children[i + 1]);
    }
  }

  void read_type(const std::string& name, std::string type, const YamlNode& values) {
    type = upper_case(type);
    if (!values.is_list()) return read_value(name, type, values);
    for (const YamlNode& value : values.children) read_value(name, type, value);
  }

  void read_value(const std::string& name, const std::string& type, const YamlNode& node) {
    if (!node.is_scalar()) {
      report_unreadable(at(node), "expected a text or a list of texts as the value of " + name + " " + type +
                                      ", found " + std::string(describe(node)));
      return;
    }
    // A YAML block ends with a line end. Blanks may be part of a TXT record's text.
    const std::string value(type == "TXT" ? trim(node.text, "\r\n") : trim(node.text));
    CustomRecords::Entry entry{{name, type, value}};
    try {
      if (value.empty()) throw Error("No value for the record provided.");
      entry.record.value = checked_value(type, value, TargetNames::as_written);
      if (type == "TXT" && value.front() == '"' && value.size() > 1 && value.back() == '"') {
        report(at(node),
               name +
                   " TXT: its quotation marks are served as part of the text, as this file has texts without. If "
                   "they are those of a zone file, `sudo mailinabox dns set " +
                   name + " TXT 'VALUE'` takes them away.");
      }
    } catch (const Error& error) {
      entry.usable = false;
      report(at(node), name + " " + type + ": " + error.what() + std::string(k_left_out));
    }
    const CustomRecord& record = entry.record;
    if (!seen_.insert(record.name + '\n' + record.type + '\n' + record.value).second) return;
    records_.entries_.push_back(std::move(entry));
    places_.push_back(at(node));
  }

  void read_secondary(const YamlNode& value) {
    if (value.is_scalar()) {
      for (const std::string& text : split_secondary_entries(value.text)) {
        try {
          add_secondary_entry(records_.secondary_, checked_secondary_entry_of_file(text));
        } catch (const Error& error) {
          report_unreadable(at(value), std::string(k_secondary_key) + ": " + error.what());
        }
      }
    } else if (value.is_list()) {
      for (const YamlNode& item : value.children) read_secondary(item);
    } else if (const YamlNode* addresses = value.find("A")) {
      read_secondary(*addresses);
    } else {
      report_unreadable(at(value), "expected host names and \"xfr:\" entries, separated by blanks");
    }
  }

  // A zone with a CNAME beside other records does not load. The other records are worth more than the alias.
  void leave_out_crowded_aliases() {
    NameMap<int> records_at;
    for (const CustomRecords::Entry& entry : records_.entries_) {
      if (entry.usable) ++records_at[entry.record.name];
    }
    for (std::size_t i = 0; i < records_.entries_.size(); ++i) {
      CustomRecords::Entry& entry = records_.entries_[i];
      const CustomRecord& record = entry.record;
      if (!entry.usable || record.type != "CNAME" || records_at[record.name] < 2) continue;
      entry.usable = false;
      --records_at[record.name];
      report(places_[i],
             record.name +
                 " CNAME: a name with a CNAME can have no other record (RFC 1034 section 3.6.2), but this one does" +
                 std::string(k_left_out));
    }
  }

  CustomRecords& records_;
  const std::string* file_;
  std::vector<Position> places_{};  // of the entries
  NameSet seen_{};                  // entries as one text
  int first_line_ = 0;              // of the piece being read
};

CustomRecords CustomRecords::parse(std::string_view text, std::string_view file) {
  CustomRecords records;
  CustomFile(records, file).read(std::string(text));
  return records;
}

std::string CustomRecords::render() const {
  std::string text = opening_comment_;
  std::vector<std::string> names;
  NameMap<std::vector<const CustomRecord*>> by_name;
  for (const Entry& entry : entries_) {
    auto& group = by_name[entry.record.name];
    if (group.empty()) names.push_back(entry.record.name);
    group.push_back(&entry.record);
  }
  for (const std::string& name : names) {
    const auto& group = by_name.at(name);
    text += yaml_text(name) + ":";
    if (group.size() == 1 && group.front()->type == "A") {
      text += " " + yaml_text(group.front()->value) + "\n";
      continue;
    }
    text += "\n";
    std::vector<std::string> types;
    for (const CustomRecord* record : group) {
      if (!contains(types, record->type)) types.push_back(record->type);
    }
    for (const std::string& type : types) {
      const auto of_type = [&](const CustomRecord* record) { return record->type == type; };
      const bool several = std::count_if(group.begin(), group.end(), of_type) > 1;
      text += "  " + yaml_text(type) + ":" + (several ? "\n" : "");
      for (const CustomRecord* record : group) {
        if (of_type(record)) text += (several ? "  - " : " ") + yaml_text(record->value) + "\n";
      }
    }
  }
  if (secondary_.empty()) return text;
  return text + std::string(k_secondary_key) + ": " + yaml_text(joined(secondary_, " ")) + "\n";
}

}  // namespace mailinabox
