#include "box/access/qr_code.hpp"

#include <algorithm>
#include <cstdint>
#include <qrcodegen/qrcodegen.hpp>
#include <string_view>

#include "base/error.hpp"

// The picture is PNG (ISO/IEC 15948) around zlib's format (RFC 1950) around deflate's (RFC 1951), each in its plainest
// form: it is small, and a library for it would be one more to look after.
namespace mailinabox {
namespace {

constexpr int k_pixels_a_module = 4;
constexpr int k_quiet_modules = 4;
constexpr std::size_t k_longest_stored_block = 65'535;

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>((number >> shift) & 0xffU);
  return bytes;
}

std::string little_endian_16(std::size_t number) {
  return {static_cast<char>(number & 0xffU), static_cast<char>((number >> 8U) & 0xffU)};
}

std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

std::uint32_t adler32_of(std::string_view bytes) {
  constexpr std::uint32_t k_base = 65'521;
  std::uint32_t low = 1;
  std::uint32_t high = 0;
  for (const char byte : bytes) {
    low = (low + static_cast<unsigned char>(byte)) % k_base;
    high = (high + low) % k_base;
  }
  return high << 16U | low;
}

std::string zlib_stored(std::string_view bytes) {
  std::string stream("\x78\x01", 2);
  for (std::size_t begin = 0; begin < bytes.size(); begin += k_longest_stored_block) {
    const std::string_view block = bytes.substr(begin, k_longest_stored_block);
    stream += begin + block.size() == bytes.size() ? '\x01' : '\x00';  // the last block?
    stream += little_endian_16(block.size()) + little_endian_16(~block.size());
    stream += block;
  }
  return stream + big_endian(adler32_of(bytes));
}

std::string png_chunk(const std::string& type, const std::string& data) {
  return big_endian(static_cast<std::uint32_t>(data.size())) + type + data + big_endian(crc32_of(type + data));
}

// The lines of the picture, each behind the byte that says it is not filtered; a bit that is set is white.
std::string picture_lines(const qrcodegen::QrCode& code) {
  const int modules = code.getSize() + 2 * k_quiet_modules;
  const auto bytes_a_line = static_cast<std::size_t>((modules * k_pixels_a_module + 7) / 8);
  std::string lines;
  for (int row = 0; row < modules; ++row) {
    std::string line(1 + bytes_a_line, '\xff');
    line[0] = 0;
    for (int pixel = 0; pixel < modules * k_pixels_a_module; ++pixel) {
      if (!code.getModule(pixel / k_pixels_a_module - k_quiet_modules, row - k_quiet_modules)) continue;
      char& byte = line[1 + static_cast<std::size_t>(pixel / 8)];
      byte = static_cast<char>(static_cast<unsigned char>(byte) & ~(0x80U >> static_cast<unsigned>(pixel % 8)));
    }
    for (int copy = 0; copy < k_pixels_a_module; ++copy) lines += line;
  }
  return lines;
}

qrcodegen::QrCode encoded_text(const std::string& text) {
  try {
    return qrcodegen::QrCode::encodeText(text.c_str(), qrcodegen::QrCode::Ecc::MEDIUM);
  } catch (const qrcodegen::data_too_long&) {
    throw Error("The text is too long for a QR code.");
  }
}

}  // namespace

std::string qr_code_png(const std::string& text) {
  const qrcodegen::QrCode code = encoded_text(text);
  const std::string side =
      big_endian(static_cast<std::uint32_t>((code.getSize() + 2 * k_quiet_modules) * k_pixels_a_module));
  const std::string one_bit_of_grey("\x01\x00\x00\x00\x00", 5);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", side + side + one_bit_of_grey) +
         png_chunk("IDAT", zlib_stored(picture_lines(code))) + png_chunk("IEND", "");
}

}  // namespace mailinabox
