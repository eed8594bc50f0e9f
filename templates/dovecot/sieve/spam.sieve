# What goes to Spam before any filter of the user's. Written by Mail-in-a-Box.
require ["fileinto", "variables", "relational", "comparator-i;ascii-numeric", "index"];

# What the spam filter marked. Such a header is the filter's own: Postfix removes all others on the way to it.
if header :matches "X-Spam-Status" "Yes*" {
  fileinto "Spam";
  stop;
}

# Who sent it is judged here and not by the filter alone, which does not look into large messages, nor into any when it
# fails. Only mail that came from others to port 25: the line is the second one, below Dovecot's own.
if header :index 2 :matches "Received" [
    "*by {{primary_hostname}} (Postfix) with SMTP id *",
    "*by {{primary_hostname}} (Postfix) with ESMTP id *",
    "*by {{primary_hostname}} (Postfix) with ESMTPS id *"] {
  # The domain whose right to be in From was checked.
  if header :matches "Authentication-Results" "{{primary_hostname}}; dmarc=*header.from=*" {
    set "checked" "${2}";
  }
  if string :contains "${checked}" ["*", "?"] { # no domain has these, and patterns below would take them for "any"
    set "checked" "";
  }
  if anyof (
      # DMARC failed, and the domain asks to have such mail refused or set aside.
      header :matches "Authentication-Results" [
          "{{primary_hostname}}; dmarc=fail (p=reject*",
          "{{primary_hostname}}; dmarc=fail (p=quarantine*"],
      # One From with one address is what can be checked. Read here, as mail programs are told of it, its domain must be
      # the one that was. What nobody can read here may still end with that address; what OpenDMARC cannot read, or has
      # not read, must have nothing in it that looks like more than one.
      allof (string :is "${checked}" "", header :contains "From" [",", ";", ":", "("]),
      not header :count "eq" :comparator "i;ascii-numeric" "From" "1",
      allof (
          not address :domain :matches "From" "?*.?*",
          not header :matches "From" "*@${checked}>"),
      allof (
          address :domain :matches "From" "?*.?*",
          anyof (
              not address :count "eq" :comparator "i;ascii-numeric" "From" "1",
              allof (not string :is "${checked}" "", not address :domain :is "From" "${checked}"))),
      # SPF failed, and nothing else proves the sender. Where the filter has looked, it has weighed this.
      allof (
          not exists "X-Spam-Status",
          header :matches "Authentication-Results" "{{primary_hostname}}; spf=fail*",
          not header :matches "Authentication-Results" "{{primary_hostname}}; dmarc=pass*")) {
    fileinto "Spam";
    stop;
  }
}
