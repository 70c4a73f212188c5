// Providers, models, routes and the policy: where requests may go.
#include <algorithm>
#include <cstdlib>

#include "config/dialects.h"
#include "config/kinds.h"
#include "config/options.h"

namespace tidegate::config {
namespace {

constexpr std::pair<std::string_view, Thinking> kThinking[] = {{"off", Thinking::off},
                                                               {"low", Thinking::low},
                                                               {"medium", Thinking::medium},
                                                               {"high", Thinking::high},
                                                               {"max", Thinking::max}};

OneOf<Dialect> dialect_kind() {
  static const auto words = [] {
    std::vector<std::pair<std::string_view, Dialect>> all;
    for (const auto& dialect : dialects()) all.emplace_back(dialect.name, dialect.dialect);
    return all;
  }();
  return OneOf<Dialect>{words};
}

// What an HTTP header can carry; a line end in it would smuggle a header.
bool fits_header(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// A key whose variable is not set is no problem by itself: the provider may be unused. The
// catalogue reports it for the models that routes need.
void read_api_key(Provider& provider, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::scalar, path)) return;
  Expansion expansion = expand(node.text);
  provider.api_key_variable = std::move(expansion.variable);
  if (expansion.malformed) {
    reader.problem(reader.at(node), path + ": a ${ without its name or }; expected ${NAME}");
  } else if (!fits_header(expansion.text)) {
    reader.problem(reader.at(node),
                   path +
                       ": the key has spaces, line ends or other characters that a header "
                       "cannot carry");
  } else if (expansion.missing.empty()) {
    provider.api_key = Secret(std::move(expansion.text));
  }
}

// Fills what the dialect knows: the address, the variable with the key.
void complete_provider(Provider& provider, const Node& node, const std::string& path,
                       Reader& reader) {
  const Node* dialect = node.find("dialect");
  const Node* url = node.find("base_url");
  const Node* key = node.find("api_key");
  const bool key_given = key != nullptr && key->kind != Node::Kind::null;
  const DialectTraits& known = traits(provider.dialect);
  if (provider.base_url.empty() && (url == nullptr || url->kind == Node::Kind::null) &&
      dialect != nullptr && dialect_kind().parse(expand(dialect->text).text)) {
    provider.base_url = known.base_url;
    if (provider.base_url.empty()) {
      reader.problem(provider.at,
                     fmt::format("{}.base_url: missing; dialect {} has no default, expected {}, "
                                 "e.g. http://10.0.0.5:8000/v1",
                                 path, known.name, BaseUrl{}.expected()));
    }
  }
  if (key_given) return;
  // A key of the environment goes only to the address that it was made for.
  provider.key_required = !known.base_url.empty() && provider.base_url == known.base_url;
  if (!provider.key_required) return;
  provider.api_key_variable = known.key_variable;
  const char* value = std::getenv(provider.api_key_variable.c_str());
  if (value != nullptr && fits_header(value)) provider.api_key = Secret(value);
}

void read_providers(Config& config, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::map, path)) return;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const Key& key = node.keys[i];
    if (!check_name(key, path, reader)) continue;
    Provider provider;
    provider.name = key.name;
    provider.at = reader.at(key);
    const std::string entry = path + "." + key.name;
    read_section(provider_options(), node.items[i], entry, provider, reader);
    complete_provider(provider, node.items[i], entry, reader);
    config.providers.push_back(std::move(provider));
  }
}

void read_models(Config& config, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::map, path)) return;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const Key& key = node.keys[i];
    const Node& value = node.items[i];
    const std::string entry = path + "." + key.name;
    if (!check_name(key, path, reader)) continue;
    if (key.name == "auto" || key.name.starts_with("route:")) {
      reader.problem(reader.at(key), entry +
                                         ": this name asks the policy or a route; expected "
                                         "another name");
      continue;
    }
    if (value.kind == Node::Kind::scalar) {
      auto target = reader.scalar(value, entry);
      if (target) config.aliases.push_back({key.name, std::move(*target), reader.at(value)});
      continue;
    }
    Model model;
    model.id = key.name;
    model.at = reader.at(key);
    read_section(model_options(), value, entry, model, reader);
    config.models.push_back(std::move(model));
  }
}

void read_routes(Config& config, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::map, path)) return;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const Key& key = node.keys[i];
    if (!check_name(key, path, reader)) continue;
    Route route;
    route.name = key.name;
    route.at = reader.at(key);
    read_section(route_options(), node.items[i], path + "." + key.name, route, reader);
    config.routes.push_back(std::move(route));
  }
}

void read_policy(Config& config, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::list, path)) return;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = node.items[i];
    PolicyRule rule;
    const Node* when = item.find("when");
    rule.at = reader.at(when != nullptr ? *when : item);
    rule.quoted = when != nullptr && when->quoted;
    read_section(rule_options(), item, fmt::format("{}[{}]", path, i + 1), rule, reader);
    config.policy.push_back(std::move(rule));
  }
}

}  // namespace

bool check_name(const Key& key, const std::string& section, Reader& reader) {
  if (Name{}.parse(key.name)) return true;
  reader.problem(reader.at(key), fmt::format("{}: \"{}\" is not valid; expected {}", section,
                                             key.name, Name{}.expected()));
  return false;
}

const Section<Provider>& provider_options() {
  using P = Provider;
  static const Section<P> options = [] {
    Section<P> all;
    all.push_back(option("dialect", &P::dialect, dialect_kind(), "deepseek",
                         "What the provider speaks, its quirks included.")
                      .required());
    all.back().description.standard.clear();
    all.push_back(option("base_url", &P::base_url, BaseUrl{}, "http://10.0.0.5:8000/v1",
                         "Address before /chat/completions; the vendor's own where the dialect "
                         "belongs to one."));
    all.push_back({{"api_key",
                    "The key, best as a variable. Left out with the vendor's own address: the "
                    "vendor's usual variable.",
                    "${DEEPSEEK_API_KEY}", "a key or ${VARIABLE}", ""},
                   read_api_key});
    all.push_back(option("ca_file", &P::ca_file, ReadableFile{}, "/etc/ssl/company.pem",
                         "Further CA certificates to trust, PEM."));
    all.push_back(option("max_connections", &P::max_connections, IntegerBetween{1, 65535}, "4096",
                         "Most connections to it, for each worker."));
    all.push_back(
        option("repair_dsml", &P::repair_dsml, Boolean{}, "true",
               "Turns tool calls that leak into an answer's text as DSML, as engines that "
               "serve DeepSeek let happen, back into tool calls. Answers to requests with "
               "tools are then written anew instead of passed on byte for byte."));
    return all;
  }();
  return options;
}

const Section<ModelPrice>& price_options() {
  using P = ModelPrice;
  static const Section<P> options{
      option("input", &P::input, UsdPerMillion{}, "0.05", "A prompt token."),
      option("cached", &P::cached, UsdPerMillion{}, "0.01",
             "A prompt token read from the provider's cache."),
      option("cache_write", &P::cache_write, UsdPerMillion{}, "0.06",
             "A prompt token written to the cache, where that has a price of its own."),
      option("output", &P::output, UsdPerMillion{}, "0.10",
             "A generated token, reasoning included."),
  };
  return options;
}

const Section<Model>& model_options() {
  using M = Model;
  static const Section<M> options = [] {
    Section<M> all;
    all.push_back(option("provider", &M::provider, Name{}, "cluster",
                         "Name of the provider that serves it; needed for a new model."));
    all.push_back(option("name", &M::name, Line{"a name of one line"}, "DeepSeek-V4-Flash",
                         "What the provider calls it; the entry's name if left out."));
    all.push_back(option("context", &M::context, TokenCount{}, "400000",
                         "Tokens of prompt and answer together; unknown if left out."));
    all.push_back(option("max_output", &M::max_output, TokenCount{}, "65536",
                         "Most tokens of an answer; unknown if left out."));
    all.push_back(option("thinking", &M::thinking, Boolean{}, "true",
                         "Whether the model can think, so that a route may ask it to and its "
                         "reasoning is kept; the catalogue's word if left out, else false."));
    all.push_back(list_option("takes", &M::takes, OneOf<Media>{kMediaNames}, "[text, images]",
                              "What the model can be shown. What it cannot take is refused or goes "
                              "to a fallback that can; the catalogue's word if left out, else the "
                              "provider judges."));
    all.push_back({{"price",
                    "USD per million tokens. Replaces the catalogue's prices as a whole; a part "
                    "left out is unknown.",
                    "{ input: 0.05, cached: 0.01, output: 0.10 }", "a map, see below", ""},
                   [](M& model, const Node& node, const std::string& path, Reader& reader) {
                     read_section(price_options(), node, path, model.price.emplace(), reader);
                   }});
    all.push_back(list_option("fallback", &M::fallback, Name{}, "[gpt-5.5]",
                              "Models to try, in order, when this one fails."));
    return all;
  }();
  return options;
}

const Section<Route>& route_options() {
  using R = Route;
  static const Section<R> options = [] {
    Section<R> all;
    all.push_back(option("model", &R::model, Name{}, "deepseek-v4-pro",
                         "A model of the catalogue or of models.")
                      .required());
    all.push_back(option("max_tokens", &R::max_tokens, TokenCount{}, "64000",
                         "Most tokens of an answer; a smaller limit of the client stays."));
    all.push_back(option("thinking", &R::thinking, OneOf<Thinking>{kThinking}, "high",
                         "How much the model may think first; the client's wish if left out."));
    all.push_back(list_option("fallback", &R::fallback, Name{}, "[gpt-5.5]",
                              "Models to try, in order, when this one fails; none if left out."));
    return all;
  }();
  return options;
}

const Section<PolicyRule>& rule_options() {
  using R = PolicyRule;
  static const Section<R> options = [] {
    Section<R> all;
    all.push_back(option("when", &R::when, Line{"an expression of one line"},
                         "\"context_tokens > 200000 && tool_density < 0.3\"",
                         "Holds or does not; left out, it always holds. The last rule has none."));
    all.push_back(option("route", &R::route, Name{}, "critical_planning",
                         "The route of requests for which it holds.")
                      .required());
    return all;
  }();
  return options;
}

Option<Config> providers_option() {
  return {{"providers",
           "Who serves models, by a name of your choice. Left out: deepseek, openai, anthropic, "
           "kimi, gemini and openrouter with the keys of the environment; with no key at all, the "
           "built-in simulator.",
           "{ deepseek: { dialect: deepseek, api_key: \"${DEEPSEEK_API_KEY}\" } }",
           "a map, see below", ""},
          read_providers};
}

Option<Config> models_option() {
  return {{"models",
           "Additions to the shipped catalogue or changes of its entries; a plain value is an "
           "alias.",
           "{ opus: claude-opus-4.7 }", "a map, see below", ""},
          read_models};
}

Option<Config> routes_option() {
  return {{"routes",
           "Where a request can go, by a name of your choice. Left out: long_context_discovery, "
           "short_task_batch, terminal_agentic and critical_planning.",
           "{ cheap: { model: deepseek-v4-flash } }", "a map, see below", ""},
          read_routes};
}

Option<Config> policy_option() {
  return {{"policy", "Rules in order; the first that holds decides the route.",
           "[ { route: cheap } ]", "a list, see below", ""},
          read_policy};
}

}  // namespace tidegate::config
