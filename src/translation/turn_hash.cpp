#include "json/escape.h"
#include "translation/reasoning_memory.h"

namespace tidegate::translation {
namespace {

// FNV-1a, 64 bits: it takes bytes one by one, so that pieces need not be joined.
constexpr std::uint64_t kPrime = 0x100000001b3;

bool is_space(unsigned char byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

}  // namespace

void TurnHash::take(unsigned char byte) {
  if (is_space(byte)) {
    ++spaces_;
    return;
  }
  if (begun_) {
    // How many there were counts, of which kind does not.
    hash_ = (hash_ ^ (spaces_ & 0xff)) * kPrime;
  }
  spaces_ = 0;
  begun_ = true;
  hash_ = (hash_ ^ byte) * kPrime;
}

void TurnHash::add(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) {
    for (const char c : raw) take(static_cast<unsigned char>(c));
    return;
  }
  const std::optional<std::string> text = json::unescape(raw);
  // Half a surrogate pair at the edge of a piece: hashed as it is written.
  for (const char c : text ? std::string_view(*text) : raw) take(static_cast<unsigned char>(c));
}

}  // namespace tidegate::translation
