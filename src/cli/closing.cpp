#include "cli/closing.hpp"

namespace mailinabox {

std::string closing_text(const SetupResult& result) {
  std::string text = "\nYour Mail-in-a-Box is running.\n\nThe control panel will be at\n\n";
  for (const std::string& address : result.panel) text += "    " + address + "\n";
  text += "\nThe first works once the name leads here, the second at once.\n";
  if (result.fingerprint) {
    text +=
        "A browser warns of a certificate that no authority has signed. Go on only if the SHA-256\n"
        "fingerprint it shows is this one:\n\n    " +
        *result.fingerprint + "\n";
  }
  return text + "\n";
}

}  // namespace mailinabox
