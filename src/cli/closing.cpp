#include "cli/closing.hpp"

namespace mailinabox {

std::string closing_text(const SetupResult& result) {
  std::string text = "\nYour Mail-in-a-Box is running.\n\nThe control panel will be at\n\n";
  for (const std::string& address : result.panel) text += "    " + address + "\n";
  text += "\nThe first address works once DNS points to this machine, the second right away.\n";
  if (!result.signed_by.empty()) {
    text += "Its certificate is signed by " + result.signed_by + ".\n";
  } else if (result.fingerprint) {
    text +=
        "Browsers warn about a certificate that no authority has signed. Continue only if the SHA-256\n"
        "fingerprint it shows is this one:\n\n    " +
        *result.fingerprint + "\n";
  }
  return text + "\n";
}

}  // namespace mailinabox
