// Whose things are remembered between requests: the id of the client's virtual key, so that they
// outlive a change of its secret; without keys a name made of the client's credential, which itself
// must not be written down. One OwnerMemo per worker, never shared.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "gateway/caller.h"
#include "http/head.h"

namespace tidegate::gateway {

// A digest costs as much as a third of a request, and clients come again.
class OwnerMemo {
 public:
  // By the caller, or else the headers of a request; holds until the next call.
  const std::string& of(const Caller& caller, const http::Headers& headers);
  // SHA-256 of the key itself, without the word before it; empty: there is none. Holds likewise.
  const std::string& key_digest(const http::Headers& headers);

 private:
  struct Entry {
    std::string credential;
    std::string owner, key_digest;  // empty: not worked out yet
  };
  Entry& entry(const http::Headers& headers);

  std::array<Entry, 64> entries_;  // by a hash of the credential
  std::string key_;                // of the last caller with a key
};

}  // namespace tidegate::gateway
