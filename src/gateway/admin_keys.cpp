#include "gateway/admin_keys.h"

#include <coroutine>
#include <functional>

#include "base/text.h"
#include "limits/key_draft.h"
#include "limits/key_json.h"

namespace tidegate::gateway {
namespace {

using limits::KeyStore;

constexpr std::string_view kPath = "/api/keys";

AdminAnswer failed(const Error& error) {
  const int status = error.code == ErrorCode::invalid       ? 400
                     : error.code == ErrorCode::not_found   ? 404
                     : error.code == ErrorCode::unavailable ? 503
                                                            : 500;
  return {status, {}, error.field.empty() ? error.message : error.field + ": " + error.message};
}

AdminAnswer shown(int status, const limits::Key& key, WallTime now, std::string_view text = {}) {
  AdminAnswer answer{status, {}, {}};
  json::Writer json(answer.body);
  limits::write_key(json, key, now, text);
  return answer;
}

AdminAnswer list(KeyStore& store, WallTime now) {
  AdminAnswer answer;
  json::Writer json(answer.body);
  json.begin_object().key("keys").begin_array();
  const Result<void> read =
      store.each([&](const limits::Key& key) { limits::write_key(json, key, now); });
  if (!read) return failed(read.error());
  json.end_array().end_object();
  return answer;
}

AdminAnswer create(KeyStore& store, const limits::KeyDraft& draft, WallTime now) {
  const auto made = store.create(draft, now);
  return made ? shown(201, made->key, now, made->text) : failed(made.error());
}

AdminAnswer revoke(KeyStore& store, const std::string& id, WallTime now) {
  const auto key = store.revoke(id, now);
  return key ? shown(200, *key, now) : failed(key.error());
}

AdminAnswer rotate(KeyStore& store, const std::string& id, Duration grace, WallTime now) {
  const auto made = store.rotate(id, grace, now);
  return made ? shown(200, made->key, now, made->text) : failed(made.error());
}

// A step on the ring's thread, while this worker goes on with other requests.
class OnRing {
 public:
  using Step = std::function<AdminAnswer(KeyStore&)>;
  OnRing(limits::KeyRing& ring, Loop& loop, Step step)
      : ring_(ring), loop_(loop), step_(std::move(step)) {}

  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    ring_.submit(
        [this](Result<KeyStore*> store) {
          answer_ = store ? step_(**store) : failed(store.error());
        },
        [this, waiter] { loop_.post([waiter] { waiter.resume(); }); });
  }
  AdminAnswer await_resume() { return std::move(answer_); }

 private:
  limits::KeyRing& ring_;
  Loop& loop_;
  Step step_;
  AdminAnswer answer_;
};

// What a POST asks for, or why not.
Result<OnRing::Step> read_post(std::string_view path, std::string_view body,
                               const Snapshot& snapshot, WallTime now) {
  if (path == kPath) {
    auto draft = limits::read_draft(body, now);
    if (!draft) return std::unexpected(draft.error());
    auto good = limits::check(*draft, snapshot.catalog, snapshot.config);
    if (!good) return std::unexpected(good.error());
    return [draft = std::move(*draft), now](KeyStore& store) { return create(store, draft, now); };
  }
  const std::string_view rest = path.substr(kPath.size() + 1);
  const std::size_t slash = rest.find('/');
  const std::string id(rest.substr(0, slash));
  const std::string_view verb =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (!limits::KeyId::parse(id)) {
    return fail(ErrorCode::not_found, "expected an id like key_7f3k9m2qxd after /api/keys/");
  }
  if (verb == "revoke") {
    return [id, now](KeyStore& store) { return revoke(store, id, now); };
  }
  if (verb == "rotate") {
    auto grace = limits::read_grace(body);
    if (!grace) return std::unexpected(grace.error());
    return [id, grace = *grace, now](KeyStore& store) { return rotate(store, id, grace, now); };
  }
  return fail(ErrorCode::not_found, "expected /revoke or /rotate after the key's id");
}

// No HTML form can send it, so no foreign page can without asking first, which is refused.
bool is_json(const http::Headers& headers) {
  const std::string_view type = headers.find("content-type");
  return equals_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json");
}

}  // namespace

Task<AdminAnswer> answer_keys(http::Exchange& exchange, limits::KeyRing& keys,
                              const Snapshot& snapshot) {
  const http::RequestHead& head = exchange.head();
  const WallTime now = exchange.received();
  OnRing::Step step;
  if (head.method == "GET" && head.path() == kPath) {
    step = [now](KeyStore& store) { return list(store, now); };
  } else if (head.method != "POST") {
    co_return AdminAnswer{405, {}, "GET /api/keys and POST are answered here"};
  } else if (!is_json(head.headers)) {
    co_return AdminAnswer{400, {}, "content-type: expected application/json"};
  } else {
    Result<OnRing::Step> read = read_post(head.path(), exchange.body(), snapshot, now);
    if (!read) co_return failed(read.error());
    step = std::move(*read);
  }
  OnRing on_ring(keys, exchange.loop(), std::move(step));
  AdminAnswer answer = co_await on_ring;
  co_return answer;
}

}  // namespace tidegate::gateway
