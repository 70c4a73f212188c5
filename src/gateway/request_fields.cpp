#include "gateway/request_fields.h"

#include "base/text.h"
#include "gateway/limit_headers.h"

namespace tidegate::gateway {
namespace {

bool is(std::string_view name, std::string_view lower) { return equals_ignoring_case(name, lower); }

constexpr std::string_view kOwnPrefix = "x-tidegate-";

bool has_own_prefix(std::string_view name) {
  // The third byte tells it early from the many "x-" names of SDKs ("x-stainless-...").
  return name.size() > kOwnPrefix.size() && (name[2] | 0x20) == 't' &&
         is(name.substr(0, kOwnPrefix.size()), kOwnPrefix);
}

// Headers that end at this hop, in either direction.
bool is_hop_by_hop(std::string_view name) {
  switch (name.size()) {
    case 2:
      return is(name, "te");
    case 7:
      return is(name, "trailer") || is(name, "upgrade");
    case 10:
      return is(name, "connection") || is(name, "keep-alive");
    case 14:
      return is(name, "content-length");
    case 16:
      return is(name, "proxy-connection");
    case 17:
      return is(name, "transfer-encoding");
    case 18:
      return is(name, "proxy-authenticate");
    case 19:
      return is(name, "proxy-authorization");
    default:
      return false;
  }
}

// Of a request: what we set ourselves, and what is between the client and us.
bool is_ours_or_private(std::string_view name) {
  switch (name.size()) {
    case 4:
      return is(name, "host");
    case 6:
      return is(name, "expect") || is(name, "cookie");
    case 7:
      return is(name, "api-key");
    case 9:
      return is(name, "x-api-key") || is(name, "forwarded");
    case 13:
      return is(name, "authorization");
    // The answer is read as it passes, so it must not be compressed.
    case 15:
      return is(name, "accept-encoding") || is(name, "x-forwarded-for");
    case 14:
      return is(name, "x-goog-api-key");
    case 16:
      return is(name, "x-forwarded-host");
    case 17:
      return is(name, "x-forwarded-proto");
    default:
      return false;
  }
}

// Of an answer: what we set ourselves, and what speaks of the provider's own host.
bool is_own_answer_field(std::string_view name) {
  switch (name.size()) {
    case 4:
      return is(name, "date");
    case 7:
      return is(name, "alt-svc");
    case 10:
      return is(name, "set-cookie");
    case 25:
      return is(name, "strict-transport-security");
    default:
      return has_own_prefix(name);
  }
}

// Copies runs of lines at once: most of a head passes.
template <class String>
class Passing {
 public:
  explicit Passing(String& out) : out_(out) {}
  ~Passing() { out_.append(run_); }
  void pass(std::string_view line) {
    if (run_.empty()) {
      run_ = line;
    } else {
      run_ = {run_.data(), run_.size() + line.size()};
    }
  }
  void drop() {
    out_.append(run_);
    run_ = {};
  }

 private:
  String& out_;
  std::string_view run_;
};

}  // namespace

RequestFields read_request_fields(const http::Headers& headers, RecycledString& forwarded) {
  RequestFields fields;
  forwarded.reserve(forwarded.size() + headers.lines().size());
  Passing passing(forwarded);
  for (const http::Header& header : headers) {
    if (has_own_prefix(header.name)) {
      const std::string_view rest = header.name.substr(kOwnPrefix.size());
      if (is(rest, "task")) fields.task = header.value();
      if (is(rest, "role")) fields.role = header.value();
      if (is(rest, "route")) fields.route = header.value();
      if (is(rest, "priority")) fields.priority = header.value();
      passing.drop();
    } else if (is_hop_by_hop(header.name) || is_ours_or_private(header.name)) {
      passing.drop();
    } else {
      if (is(header.name, "user-agent")) fields.user_agent = header.value();
      passing.pass(header.line);
    }
  }
  return fields;
}

const RequestFields& FieldsMemo::read(const http::Headers& headers, std::uint32_t shape,
                                      RecycledString& forwarded) {
  if (shape == 0) return other_ = read_request_fields(headers, forwarded);
  Entry& entry = entries_[shape % entries_.size()];
  if (entry.shape != shape) {
    entry.shape = shape;
    entry.lines = headers.lines();
    entry.forwarded.clear();
    entry.fields = read_request_fields(http::Headers(entry.lines), entry.forwarded);
  }
  forwarded = entry.forwarded;
  return entry.fields;
}

void append_answer_fields(std::string& out, const http::Headers& headers, bool own_limits) {
  Passing passing(out);
  for (const http::Header& header : headers) {
    if (is(header.name, "x-request-id")) {
      passing.drop();
      out.append("x-tidegate-upstream-request-id: ").append(header.value()).append("\r\n");
    } else if (is_hop_by_hop(header.name) || is_own_answer_field(header.name) ||
               (own_limits && is_limit_header(header.name))) {
      passing.drop();
    } else {
      passing.pass(header.line);
    }
  }
}

}  // namespace tidegate::gateway
