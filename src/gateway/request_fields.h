// What the gateway takes from a request's headers, and the lines that go on to the provider.
// Used once per request, on its worker.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/recycle.h"
#include "http/head.h"

namespace tidegate::gateway {

// Views into the request's head.
struct RequestFields {
  std::string_view task;      // x-tidegate-task
  std::string_view role;      // x-tidegate-role
  std::string_view route;     // x-tidegate-route
  std::string_view priority;  // x-tidegate-priority
  std::string_view user_agent;
};

// Reads the fields and appends to `forwarded` the header lines that are the provider's business:
// all but those of the connection (RFC 9110, 7.6.1), the client's credentials and cookies, what we
// set ourselves, and x-tidegate-*.
RequestFields read_request_fields(const http::Headers& headers, RecycledString& forwarded);

// The same for heads that come again (http::RequestHead::shape), of which the last few are kept.
// One per worker. The fields' views hold until the next call.
class FieldsMemo {
 public:
  const RequestFields& read(const http::Headers& headers, std::uint32_t shape,
                            RecycledString& forwarded);

 private:
  struct Entry {
    std::uint32_t shape = 0;
    std::string lines;  // the fields' views point into it
    RecycledString forwarded;
    RequestFields fields;
  };
  std::array<Entry, 8> entries_;  // by shape
  RequestFields other_;
};

// Appends the provider's header lines that are the client's business. The provider's x-request-id
// goes out as x-tidegate-upstream-request-id, since x-request-id is the ledger's key.
// own_limits: the client is told of our limits, not of those between the provider and us.
void append_answer_fields(std::string& out, const http::Headers& headers, bool own_limits);

}  // namespace tidegate::gateway
