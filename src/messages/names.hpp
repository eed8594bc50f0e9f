// Messages about DNS, certificates and web sites.
#pragma once

#include "base/secret.hpp"
#include "messages/mail.hpp"

namespace mailinabox {

struct ListZones {
  static constexpr const char* k_name = "list_zones";
  static constexpr const char* k_summary = "The zones that the box serves";
  static constexpr Rights k_rights{Area::dns, Effect::look, true};
  using Result = NameList;
  static Members members() { return {}; }
};

struct RecordInfo {
  std::string name{};
  std::string type{};
  std::string value{};
  std::string explanation{};
  static Members members() {
    return {member("name", &RecordInfo::name, "The whole name"), member("type", &RecordInfo::type, "A, TXT, …"),
            member("value", &RecordInfo::value, "As in a zone file; TXT without quotes"),
            member("explanation", &RecordInfo::explanation, "What it is for")};
  }
};

struct ZoneInfo {
  std::string zone{};
  std::vector<RecordInfo> records{};
  static Members members() {
    return {member("zone", &ZoneInfo::zone, "Its name"),
            member("records", &ZoneInfo::records, "Required ones first, then recommended ones")};
  }
};

struct ZoneList {
  std::vector<ZoneInfo> zones{};
  static Members members() { return {member("zones", &ZoneList::zones, "In domain order")}; }
};

struct DumpZones {
  static constexpr const char* k_name = "dump_zones";
  static constexpr const char* k_summary = "Every record that the box publishes, with what it is for";
  static constexpr Rights k_rights{Area::dns, Effect::look};
  using Result = ZoneList;
  std::string zone{};
  static Members members() { return {optional_member("zone", &DumpZones::zone, "Only this one")}; }
};

struct ZoneText {
  std::string text{};
  static Members members() { return {member("text", &ZoneText::text, "A zone file (RFC 1035), without signatures")}; }
};

struct GetZoneFile {
  static constexpr const char* k_name = "get_zone_file";
  static constexpr const char* k_summary = "A zone as a file";
  static constexpr Rights k_rights{Area::dns, Effect::look};
  using Result = ZoneText;
  std::string zone{};
  static Members members() { return {member("zone", &GetZoneFile::zone, "Its name")}; }
};

struct CustomRecordInfo {
  std::string name{};
  std::string type{};
  std::string value{};
  std::string zone{};
  std::int64_t created_order = 0;
  std::int64_t name_order = 0;
  static Members members() {
    return {member("name", &CustomRecordInfo::name, "The whole name"),
            member("type", &CustomRecordInfo::type, "A, TXT, …"),
            member("value", &CustomRecordInfo::value, "As in a zone file; TXT without quotes"),
            optional_member("zone", &CustomRecordInfo::zone, "The zone that it is in; missing if in none"),
            member("created_order", &CustomRecordInfo::created_order, "Its place in the file"),
            member("name_order", &CustomRecordInfo::name_order, "Its place by zone, name and type")};
  }
};

struct CustomRecordList {
  std::vector<CustomRecordInfo> records{};
  static Members members() { return {member("records", &CustomRecordList::records, "In the order of the file")}; }
};

struct ListCustomRecords {
  static constexpr const char* k_name = "list_custom_records";
  static constexpr const char* k_summary = "The administrator's own DNS records";
  static constexpr Rights k_rights{Area::dns, Effect::look, true};
  using Result = CustomRecordList;
  std::string name{};
  std::string type{};
  static Members members() {
    return {optional_member("name", &ListCustomRecords::name, "Only of this name"),
            optional_member("type", &ListCustomRecords::type, "Only of this type")};
  }
};

// `value` may be a text of several strings, as long as a record can be.
inline constexpr TextRule k_record_value{.most = 65'535, .lines = true};

struct AddCustomRecord {
  static constexpr const char* k_name = "add_custom_record";
  static constexpr const char* k_summary = "Add a DNS record beside those of its name and type";
  static constexpr Rights k_rights{Area::dns, Effect::change, true};
  using Result = ChangeInfo;
  std::string name{};
  std::string type{"A"};
  std::string value{};
  static Members members() {
    return {member("name", &AddCustomRecord::name, "The whole name"),
            member("type", &AddCustomRecord::type, "A, TXT, …"),
            member("value", &AddCustomRecord::value, "As in a zone file; TXT without quotes; \"local\" for the box",
                   Presence::required, k_record_value)};
  }
};

struct SetCustomRecord {
  static constexpr const char* k_name = "set_custom_record";
  static constexpr const char* k_summary = "Make a DNS record the only one of its name and type";
  static constexpr Rights k_rights{Area::dns, Effect::change, true};
  using Result = ChangeInfo;
  using Current = ListCustomRecords;
  std::string name{};
  std::string type{"A"};
  std::string value{};
  static Members members() {
    return {member("name", &SetCustomRecord::name, "The whole name"),
            member("type", &SetCustomRecord::type, "A, TXT, …"),
            member("value", &SetCustomRecord::value, "As in a zone file; TXT without quotes; \"local\" for the box",
                   Presence::required, k_record_value)};
  }
};

struct RemoveCustomRecord {
  static constexpr const char* k_name = "remove_custom_record";
  static constexpr const char* k_summary = "Remove DNS records of a name and type";
  static constexpr Rights k_rights{Area::dns, Effect::change, true};
  using Result = ChangeInfo;
  std::string name{};
  std::string type{"A"};
  std::string value{};
  static Members members() {
    return {member("name", &RemoveCustomRecord::name, "The whole name"),
            member("type", &RemoveCustomRecord::type, "A, TXT, …"),
            optional_member("value", &RemoveCustomRecord::value, "Only this one; all without it", k_record_value)};
  }
};

struct GetSecondaryServers {
  static constexpr const char* k_name = "get_secondary_servers";
  static constexpr const char* k_summary = "The secondary name servers";
  static constexpr Rights k_rights{Area::dns, Effect::look};
  using Result = NameList;
  static Members members() { return {}; }
};

struct SetSecondaryServers {
  static constexpr const char* k_name = "set_secondary_servers";
  static constexpr const char* k_summary = "Set the secondary name servers; none removes them";
  static constexpr Rights k_rights{Area::dns, Effect::change};
  using Result = ChangeInfo;
  using Current = GetSecondaryServers;
  std::vector<std::string> names{};
  static Members members() {
    return {member("names", &SetSecondaryServers::names,
                   "Host names, or xfr: with an address or network that may transfer the zones")};
  }
};

struct UpdateDns {
  static constexpr const char* k_name = "update_dns";
  static constexpr const char* k_summary = "Bring the zones up to date";
  static constexpr Rights k_rights{Area::dns, Effect::change};
  using Result = ChangeInfo;
  bool force = false;
  static Members members() { return {optional_member("force", &UpdateDns::force, "Sign every zone again")}; }
};

// ---- Certificates ---------------------------------------------------------------------------------------------------

struct CertificateInfo {
  std::string name{};
  std::string status{};
  std::string text{};
  std::string signed_by{};
  std::string until{};
  std::string note{};
  std::string problem{};
  static Members members() {
    return {member("name", &CertificateInfo::name, "The name"),
            member("status", &CertificateInfo::status, "success, warning, danger or not-applicable"),
            member("text", &CertificateInfo::text, "The same in a sentence"),
            member("signed_by", &CertificateInfo::signed_by, "Who signed the certificate; empty if there is none"),
            member("until", &CertificateInfo::until, "When it ends"),
            member("note", &CertificateInfo::note, "What could be mended although there is a certificate"),
            member("problem", &CertificateInfo::problem, "Why a better one cannot be had now, and what to do")};
  }
};

struct CertificateList {
  std::vector<CertificateInfo> names{};
  std::vector<std::string> can_provision{};
  static Members members() {
    return {member("names", &CertificateList::names, "In domain order; then those that are hosted elsewhere"),
            member("can_provision", &CertificateList::can_provision, "Names for which an authority can be asked")};
  }
};

struct ListCertificates {
  static constexpr const char* k_name = "list_certificates";
  static constexpr const char* k_summary = "How each name stands with its certificate";
  static constexpr Rights k_rights{Area::tls, Effect::look};
  using Result = CertificateList;
  static Members members() { return {}; }
};

struct PemText {
  std::string pem{};
  static Members members() { return {member("pem", &PemText::pem, "PEM (RFC 7468)")}; }
};

struct MakeSigningRequest {
  static constexpr const char* k_name = "make_signing_request";
  static constexpr const char* k_summary = "A certificate signing request for a name, with the box's key";
  static constexpr Rights k_rights{Area::tls, Effect::change};
  using Result = PemText;
  std::string name{};
  std::string country{};
  static Members members() {
    return {member("name", &MakeSigningRequest::name, "A name of the box"),
            optional_member("country", &MakeSigningRequest::country, "Two letters (ISO 3166)")};
  }
};

struct InstalledCertificate {
  ChangeInfo change{};
  bool key_is_next = false;
  static Members members() {
    return {member("change", &InstalledCertificate::change, "What followed"),
            member("key_is_next", &InstalledCertificate::key_is_next,
                   "Whether it serves the name only when DNS has announced its key for long enough")};
  }
};

struct InstallCertificate {
  static constexpr const char* k_name = "install_certificate";
  static constexpr const char* k_summary = "Take a certificate for a name";
  static constexpr Rights k_rights{Area::tls, Effect::change};
  using Result = InstalledCertificate;
  std::string name{};
  std::string certificate{};
  std::string chain{};
  Secret key{};
  static Members members() {
    constexpr TextRule pem{.most = 500'000, .lines = true};
    return {member("name", &InstallCertificate::name, "A name of the box"),
            member("certificate", &InstallCertificate::certificate, "PEM; the chain may follow in it",
                   Presence::required, pem),
            optional_member("chain", &InstallCertificate::chain, "Certificates of the authorities, PEM", pem),
            optional_member("key", &InstallCertificate::key, "The private key if the box did not make it, PEM", pem)};
  }
};

// ---- Web sites ------------------------------------------------------------------------------------------------------

struct SiteInfo {
  std::string name{};
  std::string kind{};
  std::string target{};
  std::string root{};
  std::string custom_root{};
  bool serves_files = false;
  std::string certificate_status{};
  std::string certificate_text{};
  std::vector<std::string> problems{};
  static Members members() {
    return {member("name", &SiteInfo::name, "Its name"),
            member("kind", &SiteInfo::kind, "host, site or redirect"),
            member("target", &SiteInfo::target, "Where a redirect leads"),
            member("root", &SiteInfo::root, "The folder of its files"),
            member("custom_root", &SiteInfo::custom_root, "The folder that is used if it exists"),
            member("serves_files", &SiteInfo::serves_files, "Whether files of that folder are served"),
            member("certificate_status", &SiteInfo::certificate_status, "success, warning or danger"),
            member("certificate_text", &SiteInfo::certificate_text, "The same in a sentence"),
            member("problems", &SiteInfo::problems, "Mistakes in its settings")};
  }
};

struct SiteList {
  std::vector<SiteInfo> sites{};
  static Members members() { return {member("sites", &SiteList::sites, "In domain order")}; }
};

struct ListSites {
  static constexpr const char* k_name = "list_sites";
  static constexpr const char* k_summary = "The web sites";
  static constexpr Rights k_rights{Area::web, Effect::look};
  using Result = SiteList;
  static Members members() { return {}; }
};

struct SetSiteSetting {
  static constexpr const char* k_name = "set_site_setting";
  static constexpr const char* k_summary = "Set a redirect, proxy, alias or HSTS of a site";
  static constexpr Rights k_rights{Area::web, Effect::change};
  using Result = ChangeInfo;
  std::string name{};
  std::string setting{};
  std::string key{};
  std::string value{};
  static Members members() {
    return {member("name", &SetSiteSetting::name, "The site"),
            member("setting", &SetSiteSetting::setting, "redirect, proxy, alias or hsts"),
            optional_member("key", &SetSiteSetting::key, "A pattern or location; not of hsts"),
            member("value", &SetSiteSetting::value, "An address, a folder, or yes, no, preload")};
  }
};

struct RemoveSiteSetting {
  static constexpr const char* k_name = "remove_site_setting";
  static constexpr const char* k_summary = "Remove a setting of a site";
  static constexpr Rights k_rights{Area::web, Effect::change};
  using Result = ChangeInfo;
  std::string name{};
  std::string setting{};
  std::string key{};
  static Members members() {
    return {member("name", &RemoveSiteSetting::name, "The site"),
            optional_member("setting", &RemoveSiteSetting::setting, "redirect, proxy, alias or hsts; all without it"),
            optional_member("key", &RemoveSiteSetting::key, "A pattern or location; all without it")};
  }
};

struct UpdateWeb {
  static constexpr const char* k_name = "update_web";
  static constexpr const char* k_summary = "Bring the web sites up to date";
  static constexpr Rights k_rights{Area::web, Effect::change};
  using Result = ChangeInfo;
  static Members members() { return {}; }
};

}  // namespace mailinabox
