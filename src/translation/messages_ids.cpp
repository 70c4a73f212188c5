#include "translation/messages_ids.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace tidegate::translation::messages {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view rest) {
  std::string out;
  while (!rest.empty()) {
    if (rest[0] != '_') {
      out.push_back(rest[0]);
      rest.remove_prefix(1);
    } else if (rest.size() >= 2 && rest[1] == '_') {
      out.push_back('_');
      rest.remove_prefix(2);
    } else if (rest.size() >= 3 && hex(rest[1]) >= 0 && hex(rest[2]) >= 0) {
      out.push_back(static_cast<char>(hex(rest[1]) << 4 | hex(rest[2])));
      rest.remove_prefix(3);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

bool is_wire_id(std::string_view id) {
  return !id.empty() && !id.starts_with(kIdMark) &&
         std::ranges::all_of(id, [](char c) { return is_plain(c) || c == '_'; });
}

void append_wire_id(std::string& out, std::string_view id) {
  if (is_wire_id(id)) {
    out += id;
    return;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  out += kIdMark;
  for (const char c : id) {
    if (is_plain(c)) {
      out += c;
    } else if (c == '_') {
      out += "__";
    } else {
      out += '_';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
}

std::string_view read_wire_id(std::string_view wire, std::string& storage) {
  if (!wire.starts_with(kIdMark)) return wire;
  auto id = decode(wire.substr(kIdMark.size()));
  if (!id || !is_valid_utf8(*id)) return wire;
  // Bytes that no JSON string may hold as they are: a forgery.
  const auto bare = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"'; };
  for (std::size_t i = 0; i < id->size(); ++i) {
    if ((*id)[i] == '\\') {
      if (++i == id->size()) return wire;
    } else if (bare((*id)[i])) {
      return wire;
    }
  }
  storage = std::move(*id);
  return storage;
}

}  // namespace tidegate::translation::messages
