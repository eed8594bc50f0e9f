// The table of the records that the box makes: one row for each reason.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mailinabox {

enum class Rule : std::uint8_t {
  name_server,
  primary_address,
  primary_address_ipv6,
  smtp_tlsa,
  https_tlsa,
  sshfp,
  custom,
  address,
  www_address,
  mta_sts_address,
  autoconfig_address,
  autodiscover_address,
  name_server_address,
  address_ipv6,
  mx,
  spf,
  dkim,
  dmarc,
  submissions,
  submission,
  imaps,
  pop3s,
  mta_sts,
  tls_report,
  caa,
  acme_challenge,
  no_mail_spf,
  no_mail_dmarc,
  no_mail_mx,
};

// How important a record is.
enum class RecordCategory : std::uint8_t {
  required,
  recommended,
  recommended_if_signed,  // only if the zone is signed
  optional,
  custom,       // the administrator's own
  name_server,  // needed only if the box itself is the name server
};

struct RecordRule {
  Rule rule;
  RecordCategory category;
  std::string_view name;         // of the rule, as in tests/cases/dns/NAME.yaml
  std::string_view type;         // "" if the administrator chooses it
  std::string_view explanation;  // "" for name_server, which nobody else needs
};

inline constexpr std::size_t k_rule_count = static_cast<std::size_t>(Rule::no_mail_mx) + 1;

// In the order of Rule.
const std::array<RecordRule, k_rule_count>& record_rules();

}  // namespace mailinabox
