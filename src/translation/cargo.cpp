#include "translation/cargo.h"

#include <array>
#include <cstdint>

#include "json/escape.h"
#include "json/reader.h"

namespace tidegate::translation {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> kValues = [] {
  std::array<std::int8_t, 256> values;
  values.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

void append_base64url(std::string& out, std::string_view bytes) {
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6;) out.push_back(kAlphabet[bits >> (count -= 6) & 63]);
  }
  if (count != 0) out.push_back(kAlphabet[bits << (6 - count) & 63]);
}

std::optional<std::string> read_base64url(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::int8_t value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) out.push_back(static_cast<char>(bits >> (count -= 8) & 255));
  }
  return out;
}

void append_field(std::string& out, std::string_view field) {
  const auto size = static_cast<std::uint32_t>(field.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out.push_back(static_cast<char>(size >> shift));
  out += field;
}

bool read_field(std::string_view& in, std::string& field) {
  if (in.size() < 4) return false;
  std::uint32_t size = 0;
  for (const char c : in.substr(0, 4)) size = size << 8 | static_cast<unsigned char>(c);
  in.remove_prefix(4);
  if (size > in.size()) return false;
  field = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

bool is_json_array(std::string_view text) {
  const auto checked = json::check_text(text);
  if (!checked) return false;
  json::Reader reader(*checked);
  return reader.kind() == json::Kind::array && reader.skip() && reader.finish();
}

// A forged envelope must not break out of the JSON that it will be written into.
bool is_harmless(const Cargo& cargo) {
  const bool good_proof = cargo.seal == Seal::openrouter_details ? is_json_array(cargo.proof)
                                                                 : json::is_raw_string(cargo.proof);
  return good_proof && json::is_raw_string(cargo.maker) && json::is_raw_string(cargo.id) &&
         json::is_raw_string(cargo.text);
}

}  // namespace

std::string wrap(const Cargo& cargo) {
  std::string bytes(1, static_cast<char>(cargo.seal));
  for (const std::string* field : {&cargo.maker, &cargo.id, &cargo.proof, &cargo.text}) {
    append_field(bytes, *field);
  }
  std::string out(kEnvelopeMark);
  append_base64url(out, bytes);
  return out;
}

std::optional<Cargo> unwrap(std::string_view envelope) {
  if (!envelope.starts_with(kEnvelopeMark)) return std::nullopt;
  const std::optional<std::string> bytes = read_base64url(envelope.substr(kEnvelopeMark.size()));
  if (!bytes || bytes->empty()) return std::nullopt;
  const auto seal = static_cast<unsigned char>(bytes->front());
  if (seal > static_cast<unsigned char>(Seal::openrouter_details)) return std::nullopt;
  Cargo cargo;
  cargo.seal = static_cast<Seal>(seal);
  std::string_view rest = std::string_view(*bytes).substr(1);
  for (std::string* field : {&cargo.maker, &cargo.id, &cargo.proof, &cargo.text}) {
    if (!read_field(rest, *field)) return std::nullopt;
  }
  if (!rest.empty() || !is_harmless(cargo)) return std::nullopt;
  return cargo;
}

}  // namespace tidegate::translation
