// The administrator's own DNS records in STORAGE_ROOT/dns/custom.yaml, a file that the original reads and writes too.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"

namespace mailinabox {

struct CustomRecord {
  std::string name{};   // fully qualified, no final dot, IDNA form
  std::string type{};   // "A"
  std::string value{};  // as in a zone file, TXT unquoted; "local" for an address of the box

  bool operator==(const CustomRecord&) const = default;
};

// An entry of the file that cannot be used.
struct CustomRecordProblem {
  Position where{};
  std::string message{};  // what is wrong, what is expected and what to do
  std::string text() const { return to_string(where) + ": " + message; }
};

// The other servers of the zones.
struct SecondaryServers {
  std::vector<std::string> host_names{};  // in NS records; their addresses may transfer the zones and are notified
  std::vector<std::string>
      transfer_to{};  // of "xfr:" entries: addresses and networks ("192.0.2.0/24") that may transfer
  std::vector<std::string> transfer_hosts{};  // of "xfr:" entries: hosts that may transfer, without an NS record
};

class CustomRecords {
 public:
  // Never throws for the file's content: an entry that cannot be used is left out and is in problems(). `file` is the
  // name for messages.
  static CustomRecords parse(std::string_view text, std::string_view file);

  std::string render() const;  // the file; an opening comment block of the parsed text is kept

  const std::vector<CustomRecord>& all() const { return records_; }  // in the order of the file
  const std::vector<CustomRecordProblem>& problems() const { return problems_; }
  const std::vector<std::string>& secondary_entries() const {
    return secondary_;
  }  // "ns2.example.net", "xfr:192.0.2.7"
  SecondaryServers secondary_servers() const;

  // Each returns true if something changed. Throws Error with the rule that a name, type or value breaks; `zones` are
  // the names of the box's zones. A record with an unusable value stays in the file until it is removed or replaced.
  // Entries that render() cannot write again (problems() of names and of YAML itself) must be corrected in the file
  // first: until then every change throws Error.
  bool add(const CustomRecord& record, const std::vector<std::string>& zones);
  bool set(const CustomRecord& record, const std::vector<std::string>& zones);  // replaces all of that name and type
  bool remove(const CustomRecord& record);                      // "" as the value: all of that name and type
  bool set_secondary(const std::vector<std::string>& entries);  // empty: none

 private:
  friend class CustomFile;  // parse() uses it

  struct Entry {
    CustomRecord record{};
    bool usable = true;
  };

  void require_readable() const;
  void require_room(const CustomRecord& record) const;
  bool drop_if(const std::function<bool(const CustomRecord&)>& test);
  void refresh();

  std::string opening_comment_{};
  std::vector<Entry> entries_{};  // all records of the file
  std::vector<CustomRecord> records_{};
  std::vector<std::string> secondary_{};
  std::vector<CustomRecordProblem> problems_{};
  std::string unreadable_{};  // the first problem of an entry that cannot be written again
};

}  // namespace mailinabox
