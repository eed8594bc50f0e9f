#include "api/original.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// The raw body, whatever its type says: bytes other than ASCII dropped, blanks around it too.
std::string record_value(const WebRequest& request) {
  std::string value = request.body;
  std::erase_if(value, [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; });
  return std::string(trim(value));
}

std::string record_type(const Call& call) {
  const std::string type = upper_case(call.part("type"));
  return type.empty() ? "A" : type;
}

SortedJson record_json(const CustomRecordInfo& record) {
  SortedJson json = {{"qname", record.name},
                     {"rtype", record.type},
                     {"value", record.value},
                     {"sort-order", {{"created", record.created_order}, {"qname", record.name_order}}}};
  if (!record.zone.empty()) json["zone"] = record.zone;
  return json;
}

void respond_records(const std::shared_ptr<Call>& call, const CustomRecordList& list) {
  SortedJson json = SortedJson::array();
  for (const CustomRecordInfo& record : list.records) json.push_back(record_json(record));
  respond_json(call, json);
}

// Programs look for "updated DNS"; a change that moved nothing is a reason to wonder.
void respond_record_change(const std::shared_ptr<Call>& call, const ChangeInfo& change) {
  if (!change.changed) {
    respond_text(call, "OK");
  } else if (change.updated.empty() && change.error.empty()) {
    respond_text(call, "Something isn't right.");
  } else {
    respond_change(call, change);
  }
}

void show_records(const std::shared_ptr<Call>& call) {
  send(call, ListCustomRecords{.name = call->part("name"), .type = record_type(*call)},
       [call](const CustomRecordList& list) { respond_records(call, list); });
}

// Dynamic DNS: an address that is not given is the caller's.
template <typename MessageType>
void change_records(const std::shared_ptr<Call>& call) {
  MessageType message{.name = call->part("name"), .type = record_type(*call), .value = record_value(call->request())};
  if (message.value.empty() && (message.type == "A" || message.type == "AAAA"))
    message.value = call->request().client();
  send(call, message, [call](const ChangeInfo& change) { respond_record_change(call, change); });
}

void remove_records(const std::shared_ptr<Call>& call) {
  send(call,
       RemoveCustomRecord{
           .name = call->part("name"), .type = record_type(*call), .value = record_value(call->request())},
       [call](const ChangeInfo& change) { respond_record_change(call, change); });
}

// About as many bytes as the dump of all zones has, rather more: it has megabytes, which would be moved again and
// again.
std::size_t about_size(const ZoneList& list) {
  constexpr std::size_t k_around_record = 150;
  constexpr std::size_t k_around_zone = 100;
  std::size_t size = k_around_zone;
  for (const ZoneInfo& zone : list.zones) {
    size += k_around_zone + zone.zone.size();
    for (const RecordInfo& record : zone.records)
      size += k_around_record + record.name.size() + record.value.size() + record.explanation.size();
  }
  return size;
}

void dump_zones(const std::shared_ptr<Call>& call) {
  send(call, DumpZones{}, [call](const ZoneList& list) {
    IndentedJson json;
    json.reserve(about_size(list));
    json.open('[');
    for (const ZoneInfo& zone : list.zones) {
      json.open('[');
      json.text(zone.zone);
      json.open('[');
      for (const RecordInfo& record : zone.records) {
        json.open('{');
        json.member("explanation", record.explanation);
        json.member("qname", record.name);
        json.member("rtype", record.type);
        json.member("value", record.value);
        json.close('}');
      }
      json.close(']');
      json.close(']');
    }
    json.close(']');
    respond_indented(call, json.take());
  });
}

void set_secondary_route(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  SetSecondaryServers message;
  const std::string entries = replaced(field(*form, "hostnames"), ",", " ");
  for (const std::string_view entry : words_of(entries)) message.names.emplace_back(entry);
  send_for_report(call, message);
}

void update_zones(const std::shared_ptr<Call>& call) {
  send_for_report(call, UpdateDns{.force = field(parse_form(call->request().body), "force") == "1"});
}

}  // namespace

void add_original_dns_routes(Router& router) {
  router.add({"GET", "/dns/zones", [](const std::shared_ptr<Call>& call) {
                send(call, ListZones{}, [call](const NameList& list) { respond_json(call, list.names); });
              }});
  router.add({"POST", "/dns/update", update_zones});
  router.add({"GET", "/dns/secondary-nameserver", [](const std::shared_ptr<Call>& call) {
                send(call, GetSecondaryServers{}, [call](const NameList& list) {
                  respond_json(call, {{"hostnames", list.names}});
                });
              }});
  router.add({"POST", "/dns/secondary-nameserver", set_secondary_route});
  router.add({"GET", "/dns/custom", [](const std::shared_ptr<Call>& call) {
                send(call, ListCustomRecords{}, [call](const CustomRecordList& list) { respond_records(call, list); });
              }});
  for (const char* path : {"/dns/custom/{name}", "/dns/custom/{name}/{type}"}) {
    router.add({"GET", path, show_records});
    router.add({"POST", path, change_records<AddCustomRecord>});
    router.add({"PUT", path, change_records<SetCustomRecord>});
    router.add({"DELETE", path, remove_records});
  }
  router.add({"GET", "/dns/dump", dump_zones});
  router.add({"GET", "/dns/zonefile/{zone}", [](const std::shared_ptr<Call>& call) {
                send(call, GetZoneFile{.zone = call->part("zone")},
                     [call](const ZoneText& zone) { respond_text(call, zone.text); });
              }});
}

}  // namespace mailinabox
