#include "mcp/client.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/escape.h"
#include "json/reader.h"
#include "json/writer.h"
#include "mcp/http_link.h"
#include "mcp/stdio_link.h"

namespace tidegate::mcp {
namespace {

std::unique_ptr<Link> link_to(Loop& loop, Resolver& resolver, const ServerSpec& spec) {
  if (spec.command.empty()) return std::make_unique<HttpLink>(loop, resolver, spec);
  return std::make_unique<StdioLink>(loop, spec);
}

bool is_initialize_version(std::string_view version) {
  return std::ranges::find(kInitialize, version) != std::end(kInitialize);
}

// A member of an object that is a string or a list of strings.
std::vector<std::string> strings_of(std::string_view object, std::string_view member) {
  std::vector<std::string> out;
  const Result<json::CheckedText> checked = json::check_text(object);
  if (!checked) return out;
  json::Reader reader(*checked);
  const auto take = [&] {
    std::string_view raw;
    if (reader.kind() != json::Kind::string) return reader.skip();
    if (!reader.string(raw)) return false;
    out.push_back(json::unescape(raw).value_or(""));
    return true;
  };
  if (reader.kind() != json::Kind::object) return out;
  const bool read = reader.object([&](std::string_view key) {
    if (key != member) return reader.skip();
    return reader.kind() == json::Kind::array ? reader.array(take) : take();
  });
  if (!read) out.clear();
  return out;
}

}  // namespace

Client::Client(Loop& loop, Resolver& resolver, ServerSpec spec)
    : loop_(loop), spec_(std::move(spec)), link_(link_to(loop, resolver, spec_)) {}

Client::~Client() = default;

std::unexpected<Failure> Client::named(Failure failure, std::string_view tool) const {
  failure.error.message =
      tool.empty() ? fmt::format("MCP server \"{}\": {}", spec_.name, failure.error.message)
                   : fmt::format("MCP server \"{}\", tool \"{}\": {}", spec_.name, tool,
                                 failure.error.message);
  failure.error.field = "mcp_servers." + spec_.name;
  return std::unexpected(std::move(failure));
}

Task<Answer<std::string>> Client::request(std::string_view method, std::string members,
                                          std::string header_lines, CallTimes times,
                                          bool repeatable, Cancel& cancel, RemoteError* remote) {
  const std::uint64_t id = next_id_++;
  const bool stateless = speech_.stateless;
  const bool wants_progress = method == "tools/call";
  if (stateless || wants_progress) {
    if (!members.empty()) members.push_back(',');
    members += meta(stateless, wants_progress ? std::optional(id) : std::nullopt);
  }
  if (stateless) header_lines = fmt::format("Mcp-Method: {}\r\n{}", method, header_lines);
  const Ask ask{id,
                method,
                write_message(id, method, members),
                stateless ? std::move(header_lines) : std::string{},
                loop_.now() + times.total,
                times.idle,
                repeatable};
  const Answer<std::string> answer = co_await link_->ask(ask, cancel);
  if (!answer) co_return std::unexpected(answer.error());
  const Result<Message> message = read_message(*answer);
  if (!message) {
    co_return failed(ErrorCode::bad_answer, message.error().message, Fate::unknown);
  }
  if (message->error) {
    if (remote != nullptr) *remote = *message->error;
    const bool is_request_at_fault = message->error->code == -32602;
    co_return failed(is_request_at_fault ? ErrorCode::invalid : ErrorCode::bad_answer,
                     fmt::format("it answered with error {}: {}", message->error->code,
                                 message->error->message));
  }
  co_return std::string(message->result);
}

Task<Answer<void>> Client::ready(Cancel& cancel) {
  while (start_ != nullptr) {
    Task<Answer<void>> waiting = result_of(start_, cancel);
    Answer<void> result = co_await waiting;
    // That who began it was canceled says nothing about the server.
    const bool is_known = result || result.error().error.code != ErrorCode::canceled;
    if (is_known || cancel.canceled()) co_return result;
  }
  if (ready_ && link_->is_open()) co_return Answer<void>{};
  const auto start = std::make_shared<Start>();
  start_ = start;
  Answer<void> done = co_await connect(cancel);
  ready_ = done.has_value();
  start_ = nullptr;
  start->result = done;
  // Whoever wakes may cancel those who wait still.
  while (!start->waiting.empty()) {
    Notice& first = *start->waiting.front();
    start->waiting.erase(start->waiting.begin());
    first.give();
  }
  co_return done;
}

Task<Answer<void>> Client::result_of(std::shared_ptr<Start> start, Cancel& cancel) {
  Notice notice(loop_);
  const Cancel::Listener listener(cancel, [&] { notice.give(); });
  start->waiting.push_back(&notice);
  const Duration patience = spec_.limits.probe + spec_.limits.start;
  if (!cancel.canceled()) co_await notice.until_given(loop_.now() + patience);
  std::erase(start->waiting, &notice);
  if (cancel.canceled()) co_return failed(ErrorCode::canceled, "it was canceled");
  if (!start->result) co_return failed(ErrorCode::timeout, "it takes too long to start");
  co_return *start->result;
}

Task<Answer<void>> Client::connect(Cancel& cancel) {
  speech_ = {std::string(kStateless), true};
  if (era_ != Era::initialize) {
    link_->speak(speech_);
    Answer<void> opened = co_await link_->open(cancel);
    if (!opened) co_return opened;
    if (era_ == Era::stateless) co_return Answer<void>{};
    Answer<void> probed = co_await probe(cancel);
    if (!probed || era_ == Era::stateless) co_return probed;
  }
  co_return co_await initialize(cancel);
}

// Which era the server is of. An answer, or an error that only 2026-07-28 knows, is of the new one;
// any other error and silence are of the old one (versioning, "Backward Compatibility").
Task<Answer<void>> Client::probe(Cancel& cancel) {
  RemoteError remote;
  const CallTimes times{spec_.limits.probe, spec_.limits.probe};
  Task<Answer<std::string>> asking =
      request("server/discover", {}, {}, times, true, cancel, &remote);
  const Answer<std::string> found = co_await asking;
  if (found) {
    const std::vector<std::string> versions = strings_of(*found, "supportedVersions");
    const bool speaks =
        versions.empty() || std::ranges::find(versions, kStateless) != versions.end();
    era_ = speaks ? Era::stateless : Era::initialize;
    co_return Answer<void>{};
  }
  const Failure& failure = found.error();
  if (remote.code == kHeaderMismatch || remote.code == kMissingCapability) {
    co_return std::unexpected(failure);
  }
  if (remote.code == kUnsupportedVersion) {
    if (!std::ranges::any_of(remote.supported, is_initialize_version)) {
      co_return failed(ErrorCode::bad_answer,
                       fmt::format("it speaks none of the versions {} and {}, but {}", kStateless,
                                   fmt::join(kInitialize, ", "),
                                   excerpt(fmt::format("{}", fmt::join(remote.supported, ", ")))));
    }
    era_ = Era::initialize;
    co_return Answer<void>{};
  }
  switch (failure.error.code) {
    case ErrorCode::unauthorized:
    case ErrorCode::forbidden:
    case ErrorCode::canceled:
    case ErrorCode::rate_limited:
    case ErrorCode::io:
      co_return std::unexpected(failure);
    case ErrorCode::unavailable:
      // Some children end when they are asked what they do not know; a service that is away is
      // away.
      if (spec_.command.empty()) co_return std::unexpected(failure);
      break;
    default:
      break;
  }
  era_ = Era::initialize;
  co_return Answer<void>{};
}

Task<Answer<void>> Client::initialize(Cancel& cancel) {
  speech_ = {{}, false};
  link_->speak(speech_);
  if (!link_->is_open() || spec_.command.empty()) {
    Answer<void> opened = co_await link_->open(cancel);
    if (!opened) co_return opened;
  }
  std::string members;
  json::Writer json(members);
  json.member("protocolVersion", kInitialize[0]).key("capabilities").begin_object().end_object();
  json.key("clientInfo").raw(client_info());
  const CallTimes times{spec_.limits.start, spec_.limits.start};
  Task<Answer<std::string>> asking =
      request("initialize", std::move(members), {}, times, true, cancel, nullptr);
  const Answer<std::string> agreed = co_await asking;
  if (!agreed) {
    // It may have been only slow or away: the next asking begins at the beginning.
    era_ = Era::unknown;
    co_return std::unexpected(agreed.error());
  }
  const std::vector<std::string> version = strings_of(*agreed, "protocolVersion");
  if (version.size() != 1 || !is_initialize_version(version.front())) {
    co_return failed(ErrorCode::bad_answer,
                     fmt::format("it wants to speak version \"{}\"; known are {} and {}",
                                 version.empty() ? "" : excerpt(version.front(), 40), kStateless,
                                 fmt::join(kInitialize, ", ")));
  }
  speech_.version = version.front();
  link_->speak(speech_);
  Task<Answer<void>> telling = link_->tell(write_message({}, "notifications/initialized", {}),
                                           loop_.now() + spec_.limits.start);
  co_return co_await telling;
}

Task<Answer<Client::Tools>> Client::tools(Cancel& cancel) {
  for (int attempt = 0; tools_ == nullptr; ++attempt) {
    Answer<void> done = co_await ready(cancel);
    std::vector<Tool> found;
    if (done) done = co_await list(found, cancel);
    if (done) {
      tools_ = std::make_shared<const std::vector<Tool>>(std::move(found));
    } else if (attempt == 1 || link_->is_open() || done.error().error.code == ErrorCode::canceled) {
      co_return named(done.error());
    }
  }
  co_return tools_;
}

Task<Answer<void>> Client::list(std::vector<Tool>& out, Cancel& cancel) {
  refused_.clear();
  const CallTimes times{spec_.limits.start, spec_.limits.start};
  std::string cursor;
  for (int page = 0;; ++page) {
    if (page == spec_.limits.pages) {
      co_return failed(ErrorCode::too_large,
                       fmt::format("its list of tools has over {} pages", spec_.limits.pages));
    }
    std::string members;
    json::Writer json(members);
    if (!cursor.empty()) json.member("cursor", cursor);
    Task<Answer<std::string>> asking =
        request("tools/list", std::move(members), {}, times, true, cancel, nullptr);
    const Answer<std::string> result = co_await asking;
    if (!result) co_return std::unexpected(result.error());
    Result<ToolPage> read = read_tool_page(*result);
    if (!read) co_return std::unexpected(Failure{read.error(), Fate::not_run});
    std::ranges::move(read->tools, std::back_inserter(out));
    std::ranges::move(read->refused, std::back_inserter(refused_));
    if (out.size() > static_cast<std::size_t>(spec_.limits.tools)) {
      co_return failed(ErrorCode::too_large,
                       fmt::format("it has over {} tools", spec_.limits.tools));
    }
    if (read->next_cursor.empty()) break;
    cursor = std::move(read->next_cursor);
  }
  std::ranges::stable_sort(out, {}, &Tool::name);
  const auto [first, last] = std::ranges::unique(out, {}, &Tool::name);
  for (auto tool = first; tool != last; ++tool) {
    refused_.push_back("a tool is listed twice; the first is used");
  }
  out.erase(first, last);
  co_return Answer<void>{};
}

Task<Answer<ToolResult>> Client::call(const Tool& tool, std::string arguments, CallTimes times,
                                      Cancel& cancel) {
  const auto violations = tool.input->validate(arguments);
  if (!violations) co_return named({violations.error(), Fate::not_run}, tool.name);
  if (!violations->empty()) {
    co_return named(
        {{ErrorCode::invalid,
          "the arguments are not as its schema says: " + schema::describe(violations->front()),
          {}},
         Fate::not_run},
        tool.name);
  }
  if (times.idle == Duration{}) times.idle = spec_.limits.idle;
  if (times.total == Duration{}) times.total = spec_.limits.total;
  std::string members;
  json::Writer json(members);
  json.member("name", tool.name).key("arguments").raw(arguments);
  const std::string lines = fmt::format("Mcp-Name: {}\r\n{}", header_value(tool.name),
                                        header_lines(tool.headers, arguments));
  const bool repeatable = tool.hints.read_only || tool.hints.idempotent;
  for (int attempt = 0;; ++attempt) {
    Answer<void> connected = co_await ready(cancel);
    if (!connected) {
      // Whatever became of the greeting, the tool was not called.
      Failure failure = connected.error();
      failure.fate = Fate::not_run;
      co_return named(std::move(failure), tool.name);
    }
    Task<Answer<std::string>> asking =
        request("tools/call", members, lines, times, repeatable, cancel, nullptr);
    const Answer<std::string> answer = co_await asking;
    if (answer) {
      Result<ToolResult> result = read_tool_result(*answer, tool);
      if (!result) co_return named({result.error(), Fate::unknown}, tool.name);
      co_return std::move(*result);
    }
    // A session that had ended before the call came: begun anew, once.
    const Failure& failure = answer.error();
    const bool again = failure.fate == Fate::not_run && !link_->is_open() && attempt == 0 &&
                       failure.error.code == ErrorCode::unavailable;
    if (!again) co_return named(failure, tool.name);
  }
}

Task<void> Client::close() {
  ready_ = false;
  co_await link_->close();
}

}  // namespace tidegate::mcp
