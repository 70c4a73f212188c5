// The first steps of the walk: read the request, measure it, decide where it goes.
// Used by the pipeline on a worker and by `tidegate route` without a server.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/recycle.h"
#include "gateway/caller.h"
#include "gateway/owner.h"
#include "gateway/request_fields.h"
#include "gateway/snapshot.h"
#include "protocol/conversation.h"
#include "routing/decision.h"
#include "translation/asked_form.h"
#include "translation/request.h"
#include "workload/tokens.h"
#include "workload/workload.h"

namespace tidegate::gateway {

// The request's own bytes, as views: freed with them once the answer begins.
struct Question : Recycled {
  protocol::Conversation conversation;
  RecycledString forwarded;                       // header lines for the provider
  std::unique_ptr<translation::Request> request;  // of Responses and Messages
  // Of a request that refers to responses or items which we keep: the body with them in it, and
  // what the request itself added.
  std::string restored, previous, own_items;
  std::string body;  // of a shortened request; else the bytes are the client's
};

struct Understanding {
  std::unique_ptr<Question> question;
  std::shared_ptr<const translation::AskedForm> form;  // once an attempt needed it
  std::unique_ptr<Question> whole;                     // while a shortened one stands in for it
  const config::Client* profile = nullptr;             // of the client; belongs to the snapshot
  workload::Workload workload;
  routing::Decision decision;
  // Copies, since records outlive the request's bytes.
  std::string task, role, client, requested_model;
  bool stream = false;
  Priority priority = Priority::interactive;
};

// The profile that was looked up last: most requests of a worker come from one kind of client.
class ProfileMemo {
 public:
  const config::Client* find(const catalog::ClientProfiles& profiles, std::string_view user_agent,
                             std::string_view key_digest) {
    if (profiles_ != &profiles || user_agent_ != user_agent || key_digest_ != key_digest) {
      profiles_ = &profiles;
      user_agent_ = user_agent;
      key_digest_ = key_digest;
      found_ = profiles.find(user_agent, key_digest);
    }
    return found_;
  }

 private:
  const catalog::ClientProfiles* profiles_ = nullptr;
  std::string user_agent_, key_digest_;
  const config::Client* found_ = nullptr;
};

// What a worker remembers of the requests before.
struct Memos {
  FieldsMemo fields;
  protocol::ToolsMemo tools;
  OwnerMemo owners;
  ProfileMemo profile;  // forgotten with the configuration
};

struct Asked {
  protocol::Surface surface = protocol::Surface::chat;
  http::Headers headers;
  std::uint32_t head_shape = 0;  // http::RequestHead::shape
  std::string_view body;
  WallTime received;
  TimePoint now;
  const Caller& caller;
  bool counts = false;  // only a count of tokens is asked for, which takes less than a request
};

// Fills `out`. An error is the client's and names the field at fault.
Result<void> understand(const Snapshot& snapshot, SharedState& shared, Memos& memos,
                        const Asked& asked, Understanding& out);

// Reads `body` into `question`. An error is the client's and names the field at fault.
Result<void> read_question(protocol::Surface surface, std::string_view body, Memos& memos,
                           Question& question);

// The name of the decided route; empty when the model was asked for by name.
[[nodiscard]] inline std::string_view route_name(const routing::Decision& decision) {
  return decision.route == nullptr ? std::string_view{} : std::string_view(decision.route->name);
}

// The decision and the measures behind it, as JSON, for /v1/route.
[[nodiscard]] std::string explain(const Snapshot& snapshot, const Understanding& understanding);

}  // namespace tidegate::gateway
