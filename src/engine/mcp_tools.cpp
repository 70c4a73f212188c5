#include "engine/mcp_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/tool_names.h"

namespace tidegate::engine {
namespace {

// What makes two servers the same. Kept in memory only: it holds the token.
std::string key_of(const mcp::ServerSpec& spec) {
  std::string out = fmt::format("{}\n{}\n{}\n{}\n{}", spec.name, spec.url, spec.token, spec.folder,
                                spec.limits.idle.count());
  for (const std::string& word : spec.command) out.append("\n").append(word).push_back('\0');
  for (const auto& [name, value] : spec.environment) {
    out.append("\n").append(name).append("=").append(value).push_back('\0');
  }
  return out;
}

mcp::Failure refused(ErrorCode code, std::string message) {
  return {{code, std::move(message), {}}, mcp::Fate::not_run};
}

std::string_view server_of(std::string_view tool) { return tool.substr(0, tool.find('.')); }

}  // namespace

struct McpTools::Server {
  Server(Loop& loop, Resolver& resolver, std::string name, mcp::ServerSpec spec)
      : key(std::move(name)), client(loop, resolver, std::move(spec)) {}
  const std::string key;
  mcp::Client client;
  std::size_t users = 0;
  std::uint64_t uses = 0;  // counted up by each
};

// Holds a server as long as a task uses it.
class McpTools::Use {
 public:
  Use(McpTools& tools, Server& server) : tools_(tools), server_(server) {
    ++server.users;
    ++server.uses;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    if (--server_.users == 0) tools_.released(server_);
  }
  mcp::Client& client() { return server_.client; }

 private:
  McpTools& tools_;
  Server& server_;
};

class McpTools::Set final : public ToolSet {
 public:
  struct Source {
    std::shared_ptr<Use> server;
    mcp::Client::Tools tools;  // keeps `tool` alive, whatever the server lists later
    const mcp::Tool* tool;
  };

  void add(OfferedTool offered, Source source) {
    offered_.push_back(std::move(offered));
    sources_.push_back(std::move(source));
  }
  [[nodiscard]] std::span<const OfferedTool> offered() const override { return offered_; }
  Task<mcp::Answer<mcp::ToolResult>> call(std::size_t index, std::string arguments,
                                          Cancel& cancel) override {
    const Source& source = sources_[index];
    return source.server->client().call(*source.tool, std::move(arguments), {}, cancel);
  }

 private:
  std::vector<OfferedTool> offered_;
  std::vector<Source> sources_;
};

McpTools::McpTools(Loop& loop, Resolver& resolver, Environment environment, mcp::Limits limits,
                   Duration linger)
    : loop_(loop),
      resolver_(resolver),
      environment_(std::move(environment)),
      limits_(limits),
      linger_(linger),
      closing_(loop),
      gone_(loop) {}

McpTools::~McpTools() = default;

Result<mcp::ServerSpec> McpTools::spec_of(const workflow::McpServer& server,
                                          const workflow::Scope& scope) const {
  mcp::ServerSpec spec;
  spec.name = server.name;
  spec.url = server.url;
  spec.limits = limits_;
  spec.limits.idle = server.timeout;
  const auto wrong = [&](std::string message, std::string_view field) {
    return fail(ErrorCode::invalid, std::move(message),
                fmt::format("mcp_servers.{}.{}", server.name, field));
  };
  for (const workflow::Template& word : server.command) {
    Result<std::string> rendered = word.render(scope);
    if (!rendered) return wrong(rendered.error().message, "command");
    spec.command.push_back(std::move(*rendered));
  }
  const auto look_up = [&](const std::string& variable,
                           std::string_view field) -> Result<std::string> {
    if (std::optional<std::string> value = environment_(variable)) return std::move(*value);
    return wrong(fmt::format("the environment variable {} is not set", variable), field);
  };
  for (const auto& [name, variable] : server.env) {
    Result<std::string> value = look_up(variable, "env");
    if (!value) return std::unexpected(value.error());
    spec.environment.emplace_back(name, std::move(*value));
  }
  if (!server.auth_env.empty()) {
    Result<std::string> token = look_up(server.auth_env, "auth");
    if (!token) return std::unexpected(token.error());
    spec.token = std::move(*token);
  }
  if (const Result<void> checked = mcp::check(spec); !checked) {
    return wrong(checked.error().message, checked.error().field);
  }
  return spec;
}

std::shared_ptr<McpTools::Use> McpTools::use(mcp::ServerSpec spec) {
  std::string key = key_of(spec);
  std::unique_ptr<Server>& server = servers_[key];
  if (server == nullptr) {
    server = std::make_unique<Server>(loop_, resolver_, std::move(key), std::move(spec));
  }
  return std::make_shared<Use>(*this, *server);
}

Task<mcp::Answer<std::unique_ptr<ToolSet>>> McpTools::open(const workflow::Workflow& workflow,
                                                           const workflow::Task& task,
                                                           const workflow::Scope& scope,
                                                           Cancel& cancel) {
  const std::vector<std::string>& names = task.settings->tools;
  const std::vector<std::string> shown = model_names(names);
  auto set = std::make_unique<Set>();
  std::shared_ptr<Use> server;
  mcp::Client::Tools tools;
  // Sorted, so that the tools of one server stand together.
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string_view server_name = server_of(names[i]);
    if (i == 0 || server_of(names[i - 1]) != server_name) {
      const auto defined =
          std::ranges::find(workflow.mcp_servers, server_name, &workflow::McpServer::name);
      if (defined == workflow.mcp_servers.end()) {
        co_return std::unexpected(refused(
            ErrorCode::invalid, fmt::format("the file has no MCP server \"{}\"", server_name)));
      }
      Result<mcp::ServerSpec> spec = spec_of(*defined, scope);
      if (!spec) {
        co_return std::unexpected(refused(
            spec.error().code, fmt::format("{}: {}", spec.error().field, spec.error().message)));
      }
      server = use(std::move(*spec));
      mcp::Answer<mcp::Client::Tools> listed = co_await server->client().tools(cancel);
      if (!listed) co_return std::unexpected(listed.error());
      tools = std::move(*listed);
    }
    const std::string_view tool_name = std::string_view(names[i]).substr(server_name.size() + 1);
    const auto tool = std::ranges::find(*tools, tool_name, &mcp::Tool::name);
    if (tool == tools->end()) {
      // It may have come since; the next task looks anew.
      server->client().forget_tools();
      std::vector<std::string> known;
      for (const mcp::Tool& each : *tools) known.push_back(each.name);
      for (const std::string& why : server->client().refused_tools()) {
        known.push_back(fmt::format("({})", why));
      }
      co_return std::unexpected(refused(
          ErrorCode::not_found,
          fmt::format("MCP server \"{}\" has no usable tool \"{}\"; it has: {}", server_name,
                      tool_name, mcp::excerpt(fmt::format("{}", fmt::join(known, ", ")), 1000))));
    }
    set->add({names[i], {shown[i], tool->description, tool->input_schema}, tool->hints},
             {server, tools, &*tool});
  }
  co_return std::unique_ptr<ToolSet>(std::move(set));
}

void McpTools::released(Server& server) {
  if (!closed_) tasks_.spawn(let_go_later(server.key, server.uses));
}

Task<void> McpTools::let_go_later(std::string key, std::uint64_t use) {
  co_await closing_.until_given(loop_.now() + linger_);
  const auto at = servers_.find(key);
  const bool is_unused = at != servers_.end() && at->second->users == 0 && at->second->uses == use;
  if (is_unused && !closed_) {
    const std::unique_ptr<Server> server = std::move(at->second);
    servers_.erase(at);
    co_await server->client.close();
  }
  loop_.post([this] { gone_.give(); });
}

Task<void> McpTools::close() {
  closed_ = true;
  closing_.give();
  for (auto& [key, server] : servers_) co_await server->client.close();
  servers_.clear();
  while (!tasks_.empty()) co_await gone_.until_given(kNever);
}

}  // namespace tidegate::engine
