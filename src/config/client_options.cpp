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

constexpr std::string_view kGlobs = "a glob or a list of globs (* and ?) for the User-Agent header";

// What a User-Agent header can hold; longer ones would only be slow to compare.
bool is_glob(std::string_view text) {
  return !text.empty() && text.size() <= 200 &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

void read_user_agents(Client& client, const Node& node, const std::string& path, Reader& reader) {
  const bool list = node.kind == Node::Kind::list;
  if (list && node.items.empty()) {
    reader.problem(reader.at(node),
                   fmt::format("{}: an empty list; expected {}, e.g. \"Cursor/*\"", path, kGlobs));
  }
  const auto read = [&](const Node& item) {
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
  };
  if (!list) return read(node);
  for (const Node& item : node.items) read(item);
}

}  // namespace

const Section<Client>& match_options() {
  static const Section<Client> options = [] {
    Section<Client> all;
    all.push_back(Option<Client>{{"user_agent",
                                  "The whole header, letters of either case alike. The first "
                                  "profile that matches counts.",
                                  "\"Cursor/*\"", std::string(kGlobs), ""},
                                 read_user_agents}
                      .required());
    all.push_back(later<Client>("key", "The client's key."));
    return all;
  }();
  return options;
}

const Section<Client>& client_options() {
  using C = Client;
  static const Section<C> options{
      {{"match", "Which clients; the shipped profile's if left out.",
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
