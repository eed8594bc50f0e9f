// QR codes (ISO/IEC 18004) as pictures.
#pragma once

#include <string>

namespace mailinabox {

// A PNG of 1 bit per pixel: 4 pixels a module, and the quiet zone of 4 modules around. Throws Error if the text is too
// long for a QR code (2,331 bytes).
std::string qr_code_png(const std::string& text);

}  // namespace mailinabox
