#include "box/dns/record_rules.hpp"

namespace mailinabox {

const std::array<RecordRule, k_rule_count>& record_rules() {
  // The first words are what clients sort and filter by.
  static constexpr std::array<RecordRule, k_rule_count> k_rules = {{
      {Rule::name_server, "name_server", "NS", ""},
      {Rule::primary_address, "primary_address", "A", "Required. The IPv4 address at which the box is reached."},
      {Rule::primary_address_ipv6, "primary_address_ipv6", "AAAA",
       "Required. The IPv6 address at which the box is reached."},
      {Rule::smtp_tlsa, "smtp_tlsa", "TLSA",
       "Recommended when DNSSEC is enabled. The fingerprint of the key that the mail server shows to other mail "
       "servers: they refuse to deliver to anyone else (DANE)."},
      {Rule::https_tlsa, "https_tlsa", "TLSA",
       "Optional. The fingerprint of the key that the web server shows, for clients that check it by DANE."},
      {Rule::sshfp, "sshfp", "SSHFP",
       "Optional. The fingerprint of a host key: SSH clients with VerifyHostKeyDNS on recognise the box by it."},
      {Rule::custom, "custom", "", "(Set by user.)"},
      {Rule::address, "address", "A",
       "Required. May have a different value. Where the name's web site is; here unless it is hosted elsewhere."},
      {Rule::www_address, "www_address", "A", "Optional. Visitors of this name are sent on to the one without www."},
      {Rule::mta_sts_address, "mta_sts_address", "A",
       "Optional. The host from which other mail servers fetch the MTA-STS policy."},
      {Rule::autoconfig_address, "autoconfig_address", "A",
       "Provides email configuration autodiscovery support for Thunderbird and programs that ask like it."},
      {Rule::autodiscover_address, "autodiscover_address", "A",
       "Provides email configuration autodiscovery support for Outlook and for Exchange ActiveSync devices."},
      {Rule::name_server_address, "name_server_address", "A", ""},
      {Rule::address_ipv6, "address_ipv6", "AAAA", "Optional. The same host by IPv6."},
      {Rule::mx, "mx", "MX", "Required. The host that receives mail for this domain."},
      {Rule::spf, "spf", "TXT", "Recommended. Only the host of the MX record may send mail from this domain (SPF)."},
      {Rule::dkim, "dkim", "TXT",
       "Recommended. The public key by which receivers check the signature of this domain's mail (DKIM)."},
      {Rule::dmarc, "dmarc", "TXT",
       "Recommended. Mail in this domain's name that passes neither SPF nor DKIM belongs into the spam folder "
       "(DMARC)."},
      {Rule::submissions, "submissions", "SRV",
       "Recommended. Mail programs find out where to hand in mail, over TLS from the first byte."},
      {Rule::submission, "submission", "SRV",
       "Recommended. Mail programs find out where to hand in mail, with STARTTLS."},
      {Rule::imaps, "imaps", "SRV", "Recommended. Mail programs find out where the mailboxes are, by IMAP over TLS."},
      {Rule::pop3s, "pop3s", "SRV", "Recommended. Mail programs find out where the mailboxes are, by POP3 over TLS."},
      {Rule::carddavs, "carddavs", "SRV", "Recommended. Address book programs find out where the contacts are."},
      {Rule::caldavs, "caldavs", "SRV", "Recommended. Calendar programs find out where the calendars are."},
      {Rule::mta_sts, "mta_sts", "TXT",
       "Optional. Tells other mail servers that an MTA-STS policy exists, and when it has changed."},
      {Rule::tls_report, "tls_report", "TXT",
       "Optional. Where other mail servers report that they could not deliver over TLS (TLSRPT)."},
      {Rule::caa, "caa", "CAA",
       "Recommended. No other certificate authority may issue certificates for this domain (CAA)."},
      {Rule::no_mail_spf, "no_mail_spf", "TXT",
       "Recommended. This name sends no mail, so nobody may in its name (SPF)."},
      {Rule::no_mail_dmarc, "no_mail_dmarc", "TXT",
       "Recommended. Mail that claims to come from this name is to be refused (DMARC)."},
      {Rule::no_mail_mx, "no_mail_mx", "MX", "Recommended. This name receives no mail (null MX)."},
  }};
  return k_rules;
}

}  // namespace mailinabox
