#include "catalog/client_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/text.h"
#include "catalog/shipped_data.h"
#include "config/kinds.h"
#include "config/options.h"
#include "tls/digest.h"

namespace tidegate::catalog {
namespace {

using config::Client;
using config::Node;
using config::Problem;
using config::Reader;
using config::Section;

// Headers are as long as the client likes; what names it stands in front.
constexpr std::size_t kMostBytes = 256;

using Profiles = std::vector<Client>;

const Section<Client>& entry_section() {
  static const Section<Client> section = [] {
    Section<Client> all = config::client_options();
    config::Option<Client> source{{"source", "", "a page", "where this stands", ""},
                                  [](Client&, const Node& node, const std::string& path,
                                     Reader& reader) { (void)reader.scalar(node, path); }};
    all.push_back(std::move(source).required());
    return all;
  }();
  return section;
}

const Section<Profiles>& data_section() {
  static const Section<Profiles> section{
      {{"clients", "", "", "a map", ""},
       [](Profiles& profiles, const Node& node, const std::string& path, Reader& reader) {
         config::read_clients(entry_section(), node, path, profiles, reader);
       }},
  };
  return section;
}

void complete(Client& client, const Client& shipped) {
  if (client.user_agents.empty()) client.user_agents = shipped.user_agents;
  if (!client.context_window) client.context_window = shipped.context_window;
  if (!client.on_overflow) client.on_overflow = shipped.on_overflow;
  if (!client.drops_reasoning) client.drops_reasoning = shipped.drops_reasoning;
  if (!client.needs_usage) client.needs_usage = shipped.needs_usage;
  if (!client.priority) client.priority = shipped.priority;
}

bool matches_any(const std::vector<std::string>& globs, std::string_view user_agent) {
  if (user_agent.empty()) return false;
  return std::ranges::any_of(globs, [user_agent](const std::string& glob) {
    // Nearly all globs begin with the letter of a product's name, which most headers lack.
    const char first = glob.empty() ? '\0' : glob.front();
    const bool literal = first != '*' && first != '?';
    if (literal && ((first ^ user_agent.front()) & ~0x20) != 0) return false;
    return matches_glob(glob, user_agent);
  });
}

bool is_any(const std::vector<std::string>& digests, std::string_view digest) {
  return std::ranges::any_of(
      digests, [digest](const std::string& one) { return tls::same_digest(one, digest); });
}

}  // namespace

const std::vector<Client>& ClientProfiles::shipped() {
  static const Profiles profiles = [] {
    std::vector<Problem> problems;
    Profiles parsed = parse(kShippedClients, "data/clients.yaml", problems);
    if (!problems.empty()) throw std::runtime_error(config::format(problems.front()));
    return parsed;
  }();
  return profiles;
}

std::vector<Client> ClientProfiles::parse(std::string_view yaml, const std::string& file,
                                          std::vector<Problem>& problems) {
  const config::Document document = config::parse_document(yaml, file);
  problems.insert(problems.end(), document.problems.begin(), document.problems.end());
  Profiles profiles;
  if (document.root.kind == Node::Kind::null) return profiles;
  Reader reader(file, problems);
  read_section(data_section(), document.root, "", profiles, reader);
  return profiles;
}

ClientProfiles ClientProfiles::with(const config::Config& config, std::vector<Problem>& problems) {
  ClientProfiles out;
  out.profiles_ = config.clients;
  std::vector<std::string> names;
  for (const Client& client : shipped()) names.push_back(client.name);
  for (Client& client : out.profiles_) {
    out.by_key_ = out.by_key_ || !client.key_digests.empty();
    const auto known = std::ranges::find(shipped(), client.name, &Client::name);
    if (known != shipped().end()) {
      complete(client, *known);
    } else if (client.user_agents.empty() && client.key_digests.empty()) {
      problems.push_back(
          {client.at, fmt::format("clients.{}.match: missing; no profile of this name ships with "
                                  "the program, expected e.g. {{ user_agent: \"Cursor/*\" }}.{}",
                                  client.name, did_you_mean(client.name, names))});
    }
  }
  for (const Client& client : shipped()) {
    if (std::ranges::find(config.clients, client.name, &Client::name) == config.clients.end()) {
      out.profiles_.push_back(client);
    }
  }
  return out;
}

const Client* ClientProfiles::find(std::string_view user_agent, std::string_view key_digest) const {
  user_agent = user_agent.substr(0, kMostBytes);
  const auto meant = [&](const Client& client) {
    return (client.user_agents.empty() || matches_any(client.user_agents, user_agent)) &&
           (client.key_digests.empty() || is_any(client.key_digests, key_digest));
  };
  const auto found = std::ranges::find_if(profiles_, meant);
  return found == profiles_.end() ? nullptr : &*found;
}

}  // namespace tidegate::catalog
