#include "resources/dns/signed_zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <set>

#include "base/text.hpp"
#include "resources/dns/key_material.hpp"

namespace mailinabox {

namespace {

using std::chrono::system_clock;

constexpr std::uint8_t k_nsec3_hash = 1;  // SHA-1, the only one there is (RFC 5155 section 11)

// YYYYMMDDHHmmSS in UTC (RFC 4034 section 3.2).
std::optional<system_clock::time_point> signature_time(std::string_view text) {
  if (text.size() != 14) return std::nullopt;
  const auto part = [&](std::size_t first, std::size_t size) { return parse_number<int>(text.substr(first, size)); };
  const auto year = part(0, 4);
  const auto month = part(4, 2);
  const auto day = part(6, 2);
  const auto hour = part(8, 2);
  const auto minute = part(10, 2);
  const auto second = part(12, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

LdnsName zone_name(const std::string& zone) {
  LdnsName name = domain_name(zone);
  ldns_dname2canonical(name.get());
  return name;
}

void refuse_record(const std::string& zone, const ldns_rr* record, std::string_view why) {
  const std::string text = replaced(text_of(record), "\t", " ");
  throw Error(fmt::format("zone {}: {}: {}; correct or remove this record", zone, trim(text), why));
}

// The rules of RFC 1034 and 1035 that make a name server refuse a whole zone.
void refuse_bad_records(const std::string& zone, const ldns_rdf* origin, const ldns_rr_list* records) {
  std::set<std::string> aliases;
  std::set<std::string> others;
  bool has_name_server = false;
  const auto owner_of = [](const ldns_rr* record) {
    const LdnsText text(ldns_rdf2str(ldns_rr_owner(record)));
    return std::string(text.get());
  };
  for (std::size_t index = 0; index < ldns_rr_list_rr_count(records); ++index) {
    ldns_rr* record = ldns_rr_list_rr(records, index);
    ldns_rr2canonical(record);
    const ldns_rdf* owner = ldns_rr_owner(record);
    const bool apex = ldns_dname_compare(owner, origin) == 0;
    if (!apex && !ldns_dname_is_subdomain(owner, origin)) refuse_record(zone, record, "its name is not in this zone");
    const ldns_rr_type type = ldns_rr_get_type(record);
    if (type == LDNS_RR_TYPE_SOA) refuse_record(zone, record, "a zone has one SOA record, which the box makes");
    has_name_server = has_name_server || (apex && type == LDNS_RR_TYPE_NS);
    const std::string name = owner_of(record);
    const bool alias = type == LDNS_RR_TYPE_CNAME;
    if (alias && apex) refuse_record(zone, record, "a zone's own name cannot be a CNAME");
    if (alias && !aliases.insert(name).second) refuse_record(zone, record, "a name can have only one CNAME");
    if (!alias) others.insert(name);
    if ((alias ? others : aliases).contains(name)) {
      refuse_record(zone, record, "a name with a CNAME can have no other records");
    }
  }
  if (!has_name_server) throw Error("zone " + zone + ": it has no NS record at its apex");
}

// Record by record: ldns's own reader of whole zones leaks the records before a mistake.
LdnsZone read_records(const std::string& zone, const std::string& zone_text, const ldns_rdf* origin) {
  LdnsZone parsed(ldns_zone_new());
  const LdnsFile file = file_of(zone_text);
  std::uint32_t ttl = 0;
  ldns_rdf* current_origin = ldns_rdf_clone(origin);  // $ORIGIN replaces it and frees the old one
  ldns_rdf* previous = nullptr;
  ldns_status status = LDNS_STATUS_OK;
  int line = 0;
  while (status == LDNS_STATUS_OK && std::feof(file.get()) == 0) {
    ldns_rr* record = nullptr;
    status = ldns_rr_new_frm_fp_l(&record, file.get(), &ttl, &current_origin, &previous, &line);
    if (status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL || status == LDNS_STATUS_SYNTAX_ORIGIN) {
      status = LDNS_STATUS_OK;
    } else if (status == LDNS_STATUS_OK && ldns_rr_get_type(record) == LDNS_RR_TYPE_SOA &&
               ldns_zone_soa(parsed.get()) == nullptr) {
      ldns_zone_set_soa(parsed.get(), record);
    } else if (status == LDNS_STATUS_OK) {
      ldns_zone_push_rr(parsed.get(), record);
    }
  }
  ldns_rdf_deep_free(current_origin);
  ldns_rdf_deep_free(previous);
  if (status == LDNS_STATUS_OK) return parsed;
  --line;  // ldns has counted the end of the line, too
  const std::vector<std::string_view> lines = split(zone_text, '\n');
  const auto index = static_cast<std::size_t>(line - 1);
  throw Error(fmt::format("zone {}: line {} cannot be read ({}): {}; correct or remove this record", zone, line,
                          words_of(status), index < lines.size() ? replaced(lines[index], "\t", " ") : ""));
}

LdnsZone parsed_zone(const std::string& zone, const std::string& zone_text, const ldns_rdf* origin) {
  LdnsZone parsed = read_records(zone, zone_text, origin);
  if (ldns_zone_soa(parsed.get()) == nullptr) throw Error("zone " + zone + ": it has no SOA record");
  refuse_bad_records(zone, origin, ldns_zone_rrs(parsed.get()));
  ldns_rr2canonical(ldns_zone_soa(parsed.get()));
  return parsed;
}

// How records are written for the name server: those types that one of an older release may not know have numbers
// instead of names, and their data as bytes (RFC 3597), which every name server reads. NSD knows SVCB since 4.3.7.
class ServedFormat {
 public:
  ServedFormat() : format_(ldns_output_format_init(&storage_)) {
    for (const ldns_rr_type type : k_newer) {
      if (ldns_output_format_set_type(format_, type) != LDNS_STATUS_OK) throw std::bad_alloc();
    }
  }
  ~ServedFormat() { ldns_rdf_deep_free(storage_.bitmap); }
  ServedFormat(const ServedFormat&) = delete;
  ServedFormat& operator=(const ServedFormat&) = delete;

  const ldns_output_format* get() const { return format_; }

  static bool covers(ldns_rr_type type) {
    return std::find(std::begin(k_newer), std::end(k_newer), type) != std::end(k_newer);
  }

 private:
  static constexpr ldns_rr_type k_newer[] = {LDNS_RR_TYPE_SMIMEA, LDNS_RR_TYPE_OPENPGPKEY, LDNS_RR_TYPE_SVCB,
                                             LDNS_RR_TYPE_HTTPS, LDNS_RR_TYPE_URI};

  ldns_output_format_storage storage_{};
  ldns_output_format* format_;
};

std::uint32_t seconds_of(system_clock::time_point time) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

std::string digest_record(const ldns_rr* key, ldns_hash digest) {
  const LdnsRecord record(ldns_key_rr2ds(key, digest));
  if (!record) throw Error("ldns cannot make a DS record for a DNSSEC key");
  return text_of(record.get());
}

// The keys that sign a zone, with their DNSKEY records and the DS records for the parent zone.
class ZoneKeys {
 public:
  ZoneKeys(const std::string& zone, system_clock::time_point valid_from, system_clock::time_point valid_until)
      : zone_(zone), valid_from_(valid_from), valid_until_(valid_until), keys_(ldns_key_list_new()) {}

  void add(const SigningPair& pair, ldns_zone& parsed) {
    add(pair.key_signing_text, pair.key_signing_key, true, parsed);
    add(pair.zone_signing_text, pair.zone_signing_key, false, parsed);
  }

  ldns_key_list* get() const { return keys_.get(); }
  const std::string& ds() const { return ds_; }

 private:
  void add(const std::string& text, const std::string& name, bool key_signing, ldns_zone& parsed) {
    LdnsKey key;
    try {
      key = load_key(text, zone_, key_signing);
    } catch (const Error& error) {
      throw Error(fmt::format("the DNSSEC key {} cannot be used: {}", name, error.what()));
    }
    ldns_key_set_inception(key.get(), seconds_of(valid_from_));
    ldns_key_set_expiration(key.get(), seconds_of(valid_until_));
    ldns_rr* record = ldns_key2rr(key.get());
    ldns_rr_set_ttl(record, ldns_rr_ttl(ldns_zone_soa(&parsed)));
    ldns_zone_push_rr(&parsed, record);  // owned by the zone from here on
    if (key_signing) ds_ += digest_record(record, LDNS_SHA256) + digest_record(record, LDNS_SHA384);
    ldns_key_list_push_key(keys_.get(), key.release());
  }

  const std::string& zone_;
  system_clock::time_point valid_from_;
  system_clock::time_point valid_until_;
  LdnsKeys keys_;
  std::string ds_{};
};

}  // namespace

std::optional<SignedZoneState> signed_zone_state(std::string_view signed_text) {
  SignedZoneState state;
  bool has_soa = false;
  bool has_signature = false;
  while (!signed_text.empty()) {
    const std::string_view line = signed_text.substr(0, signed_text.find('\n'));
    signed_text.remove_prefix(std::min(line.size() + 1, signed_text.size()));
    if (line.empty() || line.front() == ';') continue;
    const auto words = words_of(line);
    if (words.size() >= 7 && words[3] == "SOA") {
      const auto serial = parse_number<std::uint32_t>(words[6]);
      if (!serial) return std::nullopt;
      state.serial = *serial;
      has_soa = true;
    } else if (words.size() >= 10 && words[3] == "RRSIG" && words[4] == "SOA") {
      const auto until = signature_time(words[8]);
      const auto from = signature_time(words[9]);
      if (!until || !from) return std::nullopt;
      state.valid_until = has_signature ? std::min(state.valid_until, *until) : *until;
      state.valid_from = has_signature ? std::max(state.valid_from, *from) : *from;
      has_signature = true;
    } else if (has_soa) {
      break;
    }
  }
  if (!has_soa || !has_signature) return std::nullopt;
  return state;
}

void check_zone(const std::string& zone, const std::string& zone_text) {
  parsed_zone(zone, zone_text, zone_name(zone).get());
}

std::string served_text(const std::string& zone_text) {
  const ServedFormat format;
  std::string text;
  for (const std::string_view line : lines_of(zone_text)) {
    const std::vector<std::string_view> fields = split(line, '\t');
    ldns_rr* read = nullptr;
    if (fields.size() == 4 && ServedFormat::covers(ldns_get_rr_type_by_name(std::string(fields[2]).c_str()))) {
      const std::string record = ". 1 IN " + std::string(fields[2]) + " " + std::string(fields[3]);
      static_cast<void>(ldns_rr_new_frm_str(&read, record.c_str(), 0, nullptr, nullptr));
    }
    const LdnsRecord record(read);
    if (record) {
      const LdnsText printed_record(ldns_rr2str_fmt(format.get(), read));
      const std::string_view whole = printed_record.get();  // NAME TAB TTL TAB CLASS TAB TYPE TAB DATA
      text += std::string(fields[0]) + "\tIN" + std::string(whole.substr(whole.find("\tIN\t") + 3));
    } else {
      text += std::string(line) + "\n";
    }
  }
  return text;
}

SignedZone sign_zone(const std::string& zone, const std::string& zone_text,
                     const std::vector<const SigningPair*>& pairs, system_clock::time_point valid_from,
                     system_clock::time_point valid_until) {
  const LdnsName origin = zone_name(zone);
  const LdnsZone parsed = parsed_zone(zone, zone_text, origin.get());
  ZoneKeys keys(zone, valid_from, valid_until);
  for (const SigningPair* pair : pairs) keys.add(*pair, *parsed);

  const LdnsRecords added(ldns_rr_list_new());
  const LdnsSignedZone result(ldns_dnssec_zone_new());
  const auto require = [&](ldns_status status) {
    if (status != LDNS_STATUS_OK) throw Error(fmt::format("zone {} cannot be signed: {}", zone, words_of(status)));
  };
  require(ldns_dnssec_zone_add_rr(result.get(), ldns_zone_soa(parsed.get())));
  const ldns_rr_list* records = ldns_zone_rrs(parsed.get());
  for (std::size_t index = 0; index < ldns_rr_list_rr_count(records); ++index) {
    require(ldns_dnssec_zone_add_rr(result.get(), ldns_rr_list_rr(records, index)));
  }
  require(ldns_dnssec_zone_sign_nsec3(result.get(), added.get(), keys.get(), ldns_dnssec_default_replace_signatures,
                                      nullptr, k_nsec3_hash, 0, 0, 0, nullptr));
  SignedZone signed_zone;
  const ServedFormat format;
  signed_zone.text = printed([&](std::FILE* file) { ldns_dnssec_zone_print_fmt(file, format.get(), result.get()); });
  signed_zone.ds = keys.ds();
  return signed_zone;
}

}  // namespace mailinabox
