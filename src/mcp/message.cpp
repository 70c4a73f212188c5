#include "mcp/message.h"

#include <charconv>

#include "base/text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "json/writer.h"
#include "mcp/failure.h"

namespace tidegate::mcp {
namespace {

constexpr std::string_view kClient = R"({"name":"tidegate","version":"0.1.0"})";

// The whole value that follows, as it is written.
bool take(json::Reader& reader, std::string_view text, std::string_view& out) {
  const std::uint32_t begin = reader.offset();
  if (!reader.skip()) return false;
  out = text.substr(begin, reader.last_end() - begin);
  return true;
}

bool take_string(json::Reader& reader, std::string& out) {
  std::string_view raw;
  if (!reader.string(raw)) return false;
  out = json::unescape(raw).value_or(std::string(raw));
  return true;
}

// {"supported": ["2026-07-28", ...]}; anything else is passed over.
bool take_supported(json::Reader& reader, std::vector<std::string>& out) {
  if (reader.kind() != json::Kind::object) return reader.skip();
  return reader.object([&](std::string_view key) {
    if (key != "supported" || reader.kind() != json::Kind::array) return reader.skip();
    return reader.array([&] {
      if (reader.kind() != json::Kind::string) return reader.skip();
      return take_string(reader, out.emplace_back());
    });
  });
}

bool take_error(json::Reader& reader, RemoteError& out) {
  return reader.object([&](std::string_view key) {
    if (key == "code" && reader.kind() == json::Kind::number) {
      std::string_view raw;
      if (!reader.scalar(raw)) return false;
      std::from_chars(raw.data(), raw.data() + raw.size(), out.code);
      return true;
    }
    if (key == "message" && reader.kind() == json::Kind::string) {
      return take_string(reader, out.message);
    }
    if (key == "data") return take_supported(reader, out.supported);
    return reader.skip();
  });
}

// Some servers give our numbers back as strings.
std::optional<std::uint64_t> number_of(std::string_view raw) {
  if (raw.size() > 2 && raw.front() == '"') raw = raw.substr(1, raw.size() - 2);
  return parse_u64(raw);
}

}  // namespace

Result<Message> read_message(std::string_view text) {
  const Result<json::CheckedText> checked = json::check_text(text);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  Message out;
  bool is_version_2 = false;
  const auto on_member = [&](std::string_view key) {
    if (key == "jsonrpc") {
      std::string_view raw;
      if (!take(reader, text, raw)) return false;
      is_version_2 = raw == R"("2.0")";
      return true;
    }
    if (key == "id") return take(reader, text, out.raw_id);
    if (key == "method" && reader.kind() == json::Kind::string) {
      return take_string(reader, out.method);
    }
    if (key == "params") return take(reader, text, out.params);
    if (key == "result") return take(reader, text, out.result);
    if (key == "error" && reader.kind() == json::Kind::object) {
      out.error.emplace();
      return take_error(reader, *out.error);
    }
    return reader.skip();
  };
  if (!reader.object(on_member) || !reader.finish()) return std::unexpected(reader.error());
  if (out.raw_id == "null") out.raw_id = {};
  out.id = number_of(out.raw_id);
  if (out.error) out.error->message = excerpt(out.error->message);
  if (!out.method.empty()) {
    out.kind = out.raw_id.empty() ? Message::Kind::notification : Message::Kind::request;
  } else if (out.error || !out.result.empty()) {
    out.kind = Message::Kind::response;
  } else {
    is_version_2 = false;
  }
  if (!is_version_2) {
    return fail(ErrorCode::invalid, "expected a JSON-RPC 2.0 request, response or notification");
  }
  return out;
}

bool each_message(std::string_view text, const std::function<void(std::string_view)>& each) {
  const Result<json::CheckedText> checked = json::check_text(text);
  if (!checked) return false;
  json::Reader reader(*checked);
  if (reader.kind() != json::Kind::array) {
    each(text);
    return true;
  }
  std::vector<std::string_view> messages;
  const bool read = reader.array([&] { return take(reader, text, messages.emplace_back()); });
  if (!read || !reader.finish()) return false;
  for (const std::string_view message : messages) each(message);
  return true;
}

std::optional<std::uint64_t> progress_of(const Message& message) {
  if (message.method != "notifications/progress" || message.params.empty()) return std::nullopt;
  const Result<json::CheckedText> checked = json::check_text(message.params);
  if (!checked) return std::nullopt;
  json::Reader reader(*checked);
  std::optional<std::uint64_t> token;
  if (reader.kind() != json::Kind::object) return std::nullopt;
  const bool read = reader.object([&](std::string_view key) {
    std::string_view raw;
    if (!take(reader, message.params, raw)) return false;
    if (key == "progressToken") token = number_of(raw);
    return true;
  });
  return read ? token : std::nullopt;
}

std::string write_message(std::optional<std::uint64_t> id, std::string_view method,
                          std::string_view members) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("jsonrpc", "2.0");
  if (id) json.member("id", *id);
  json.member("method", method);
  // A line break between the tokens of what a model wrote would end the message too early.
  std::string params;
  params.reserve(members.size() + 2);
  params.push_back('{');
  for (const char c : members) params.push_back(c == '\n' || c == '\r' ? ' ' : c);
  params.push_back('}');
  json.key("params").raw(params).end_object();
  return out;
}

std::string answer_to(const Message& request) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("jsonrpc", "2.0").key("id").raw(request.raw_id);
  if (request.method == "ping") {
    json.key("result").begin_object().end_object();
  } else {
    json.key("error").begin_object().member("code", kMethodNotFound);
    json.member("message", "this client offers neither sampling nor elicitation nor roots");
    json.end_object();
  }
  json.end_object();
  return out;
}

std::string meta(bool stateless, std::optional<std::uint64_t> progress_token) {
  std::string out = R"("_meta":)";
  json::Writer json(out);
  json.begin_object();
  if (stateless) {
    json.member("io.modelcontextprotocol/protocolVersion", kStateless);
    json.key("io.modelcontextprotocol/clientInfo").raw(kClient);
    json.key("io.modelcontextprotocol/clientCapabilities").begin_object().end_object();
  }
  if (progress_token) json.member("progressToken", *progress_token);
  json.end_object();
  return out;
}

std::string client_info() { return std::string(kClient); }

}  // namespace tidegate::mcp
