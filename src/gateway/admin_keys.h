// The admin API for virtual keys:
//   GET  /api/keys              {"keys":[...]}
//   POST /api/keys              makes one; the answer alone holds the key itself
//   POST /api/keys/ID/revoke
//   POST /api/keys/ID/rotate    {"grace":"24h"}
// Called by Admin on the request's worker; the store is used on the ring's thread.
#pragma once

#include <string>

#include "gateway/snapshot.h"
#include "http/exchange.h"
#include "limits/key_ring.h"
#include "loop/task.h"

namespace tidegate::gateway {

struct AdminAnswer {
  int status = 200;
  std::string body;
  std::string error;  // instead of a body
};

Task<AdminAnswer> answer_keys(http::Exchange& exchange, limits::KeyRing& keys,
                              const Snapshot& snapshot);

}  // namespace tidegate::gateway
