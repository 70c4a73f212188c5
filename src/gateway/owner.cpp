#include "gateway/owner.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "tls/digest.h"

namespace tidegate::gateway {

OwnerMemo::Entry& OwnerMemo::entry(const http::Headers& headers) {
  std::string_view credential = headers.find("authorization");
  if (credential.empty()) credential = headers.find("x-api-key");
  Entry& entry = entries_[hash_bytes(credential) % entries_.size()];
  if (entry.credential != credential) entry = {std::string(credential), {}, {}};
  return entry;
}

const std::string& OwnerMemo::of(const Caller& caller, const http::Headers& headers) {
  if (caller.key != nullptr) return key_ = caller.key_id();
  Entry& entry = this->entry(headers);
  if (entry.owner.empty()) entry.owner = tls::sha256_hex(entry.credential).substr(0, 32);
  return entry.owner;
}

const std::string& OwnerMemo::key_digest(const http::Headers& headers) {
  constexpr std::string_view kBearer = "bearer ";
  Entry& entry = this->entry(headers);
  std::string_view key = entry.credential;
  if (equals_ignoring_case(key.substr(0, kBearer.size()), kBearer)) {
    key.remove_prefix(std::min(key.find_first_not_of(' ', kBearer.size()), key.size()));
  }
  if (entry.key_digest.empty() && !key.empty()) entry.key_digest = tls::sha256_hex(key);
  return entry.key_digest;
}

}  // namespace tidegate::gateway
