#include "gateway/owner.h"

#include "base/hash.h"
#include "tls/digest.h"

namespace tidegate::gateway {

const std::string& OwnerMemo::of(const http::Headers& headers) {
  std::string_view credential = headers.find("authorization");
  if (credential.empty()) credential = headers.find("x-api-key");
  Entry& entry = entries_[hash_bytes(credential) % entries_.size()];
  if (entry.owner.empty() || entry.credential != credential) {
    entry.credential = credential;
    entry.owner = tls::sha256_hex(credential).substr(0, 32);
  }
  return entry.owner;
}

}  // namespace tidegate::gateway
