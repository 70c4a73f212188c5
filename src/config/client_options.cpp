// Client profiles: how a kind of client is known and treated.
#include <algorithm>

#include "config/kinds.h"
#include "config/options.h"

namespace tidegate::config {
namespace {

constexpr std::pair<std::string_view, OnOverflow> kOnOverflow[] = {
    {"reject", OnOverflow::reject},
    {"truncate_oldest", OnOverflow::truncate_oldest},
    {"truncate_middle", OnOverflow::truncate_middle},
    {"fallback", OnOverflow::fallback}};

constexpr std::pair<std::string_view, Priority> kPriorities[] = {
    {"interactive", Priority::interactive}, {"batch", Priority::batch}};

constexpr std::string_view kGlobs = "a glob or a list of globs (* and ?) for the User-Agent header";
constexpr std::string_view kDigests =
    "sha256: and the 64 digits that printf %s KEY | sha256sum prints, or a list of such";
constexpr std::string_view kDigestMark = "sha256:";
constexpr const char* kAgentExample = "\"Cursor/*\"";
constexpr const char* kKeyExample =
    "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

// What a User-Agent header can hold; longer ones would only be slow to compare.
bool is_glob(std::string_view text) {
  return !text.empty() && text.size() <= 200 &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

// Of a value that is one or a list.
template <class Read>
void each(const Node& node, const std::string& path, std::string_view expected,
          std::string_view example, Reader& reader, Read&& read) {
  if (node.kind != Node::Kind::list) return read(node);
  if (node.items.empty()) {
    reader.problem(reader.at(node),
                   fmt::format("{}: an empty list; expected {}, e.g. {}", path, expected, example));
  }
  for (const Node& item : node.items) read(item);
}

// Empty: it is none.
std::string digest_of(std::string_view text) {
  if (!text.starts_with(kDigestMark)) return {};
  std::string digits = to_lower(text.substr(kDigestMark.size()));
  const bool good =
      digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  return good ? digits : std::string();
}

void read_keys(Client& client, const Node& node, const std::string& path, Reader& reader) {
  each(node, path, kDigests, kKeyExample, reader, [&](const Node& item) {
    const auto text = reader.scalar(item, path);
    if (!text) return;
    std::string digest = digest_of(*text);
    if (!digest.empty()) return client.key_digests.push_back(std::move(digest));
    // Not quoted: it may be the key itself.
    reader.problem(reader.at(item), fmt::format("{}: the value is not valid; expected {}, e.g. {}",
                                                path, kDigests, kKeyExample));
  });
}

void read_user_agents(Client& client, const Node& node, const std::string& path, Reader& reader) {
  each(node, path, kGlobs, kAgentExample, reader, [&](const Node& item) {
    auto text = reader.scalar(item, path);
    if (!text) return;
    if (is_glob(*text)) {
      client.user_agents.push_back(std::move(*text));
    } else {
      reader.problem(reader.at(item),
                     fmt::format("{}: \"{}\" is not valid; expected a glob of 1 to 200 visible "
                                 "ASCII characters and spaces",
                                 path, item.text));
    }
  });
}

}  // namespace

const Section<Client>& match_options() {
  static const Section<Client> options{
      {{"user_agent", "The whole header, letters of either case alike; any if left out.",
        kAgentExample, std::string(kGlobs), ""},
       read_user_agents},
      {{"key", "The key that the client presents, by its SHA-256; any if left out.", kKeyExample,
        std::string(kDigests), ""},
       read_keys},
  };
  return options;
}

const Section<Client>& client_options() {
  using C = Client;
  static const Section<C> options{
      {{"match",
        "Which clients; the shipped profile's if left out. All that is said must hold, and the "
        "first profile that matches counts.",
        "{ user_agent: \"Cursor/*\" }", "a map, see below", ""},
       [](C& client, const Node& node, const std::string& path, Reader& reader) {
         read_section(match_options(), node, path, client, reader);
       }},
      option("context_window", &C::context_window, TokenCount{}, "200000",
             "Tokens of prompt and answer together that the client believes in; the model's if "
             "left out."),
      option("on_overflow", &C::on_overflow, OneOf<OnOverflow>{kOnOverflow}, "truncate_middle",
             "What to do with a prompt that does not fit: refuse it, leave out the oldest messages "
             "(truncate_middle keeps the first user message), or take the next model of the route "
             "that is large enough. Left out: the provider judges."),
      option("drops_reasoning", &C::drops_reasoning, Boolean{}, "true",
             "Whether the client fails to send back reasoning that a provider wants back, so that "
             "it must be remembered here. Left out: judged by each request."),
      option("needs_usage", &C::needs_usage, Boolean{}, "true",
             "Whether streams end with the usage even if the client did not ask for it."),
      option("priority", &C::priority, OneOf<Priority>{kPriorities}, "batch",
             "Whether its requests wait for limits after those of others; the header "
             "x-tidegate-priority goes before it. Left out: interactive."),
  };
  return options;
}

void read_clients(const Section<Client>& section, const Node& node, const std::string& path,
                  std::vector<Client>& out, Reader& reader) {
  if (!reader.expect(node, Node::Kind::map, path)) return;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const Key& key = node.keys[i];
    if (!check_name(key, path, reader)) continue;
    Client client;
    client.name = key.name;
    client.at = reader.at(key);
    read_section(section, node.items[i], path + "." + key.name, client, reader);
    out.push_back(std::move(client));
  }
}

Option<Config> clients_option() {
  return {{"clients",
           "Profiles: how kinds of clients are treated, by a name of your choice. Those that ship "
           "with the program come after them; one of the same name is changed option by option.",
           "{ cursor: { on_overflow: truncate_middle } }", "a map, see below", ""},
          [](Config& config, const Node& node, const std::string& path, Reader& reader) {
            read_clients(client_options(), node, path, config.clients, reader);
          }};
}

}  // namespace tidegate::config
