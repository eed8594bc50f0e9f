// The web sites as they are listed, and the administrator's settings of them, changed and published under one lock.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "box/web/site_edits.hpp"
#include "box/web/sites.hpp"
#include "operations/held_lock.hpp"
#include "operations/publish.hpp"

namespace mailinabox {

struct ListedSite {
  WebSite site{};
  // Of its certificate: a class ("success", "warning", "danger") and a sentence, as of `tls status`.
  std::pair<std::string, std::string> certificate{};
};

struct ListedSites {
  std::vector<ListedSite> sites{};  // in domain order
  std::vector<std::string> warnings{};
};

// Looks only. Throws Error if the user is not root or there is no box.
ListedSites list_sites(const Box& box);

struct SiteChanged {
  bool changed = false;     // false: it was so already, nothing was done
  bool taken_back = false;  // nginx refused the site, and all is as before
  Publication publication{};
};

// Sets one setting of a site in STORAGE_ROOT/www/custom.yaml and publishes it; a value that nginx refuses is taken
// back. Throws Error if the user is not root, if there is no box, for a name without a site of its own, and with the
// mistake in a value; nothing is changed then. While another run holds the lock it waits, or throws (ExitCode::locked).
SiteChanged set_site(const Box& box, const SiteChange& change, const LockRequest& request);

// Removes what set_site() sets, of any name: one entry, a setting or all. Kept even if publishing fails: what goes may
// be what mends the site.
SiteChanged remove_from_site(const Box& box, const SiteChange& change, const LockRequest& request);

// A change as a person writes it: "redirect", "proxy", "alias" or "hsts" as the setting; the name in its normal form.
// Throws Error for another word and for a key that `hsts` does not have.
SiteChange typed_site_change(const std::string& name, const std::string& setting, const std::string& key,
                             const std::string& value);

}  // namespace mailinabox
