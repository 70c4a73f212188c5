#include "gateway/response_state.h"

#include <fmt/format.h>

#include <vector>

#include "json/reader.h"
#include "translation/cut.h"
#include "translation/responses_request.h"

namespace tidegate::gateway {
namespace {

using json::Kind;
using translation::Part;

std::optional<std::string> with_items(translation::ResponseStore& store, std::string_view owner,
                                      const translation::Request& request) {
  std::vector<translation::Cut> cuts;
  for (const Part& part : request.parts) {
    if (part.kind != Part::Kind::other || part.name != "item_reference") continue;
    const auto item = store.find(owner, part.id);
    if (item == nullptr || item->input.empty()) continue;
    const auto begin = static_cast<std::uint32_t>(part.raw.data() - request.body.data());
    cuts.push_back({{begin, begin + static_cast<std::uint32_t>(part.raw.size())}, item->input});
  }
  if (cuts.empty()) return std::nullopt;
  return translation::apply(request.body, std::move(cuts));
}

// The places of what a response object lists.
struct Listed {
  struct Item {
    std::string_view id, json;
  };
  std::string_view id;
  protocol::Range output;  // all items
  std::vector<Item> items;

  // False: it is no response object.
  bool read(std::string_view answer) {
    const auto text = json::check_text(answer);
    if (!text) return false;
    json::Reader reader(*text);
    const auto item = [&] {
      Item one;
      const std::uint32_t begin = reader.offset();
      const bool good = reader.object([&](std::string_view key) {
        return key == "id" && reader.kind() == Kind::string ? reader.string(one.id) : reader.skip();
      });
      if (!good) return false;
      if (items.empty()) output.begin = begin;
      output.end = reader.last_end();
      one.json = answer.substr(begin, output.end - begin);
      items.push_back(one);
      return true;
    };
    return reader.object([&](std::string_view key) {
      if (key == "id" && reader.kind() == Kind::string) return reader.string(id);
      return key == "output" && reader.kind() == Kind::array ? reader.array(item) : reader.skip();
    });
  }
};

}  // namespace

std::optional<std::string> restore_state(translation::ResponseStore& store, std::string_view owner,
                                         const translation::Request& request) {
  if (!request.previous_response_id.empty()) {
    const auto before = store.conversation(owner, request.previous_response_id);
    if (before.empty()) return std::nullopt;
    return translation::splice_previous(request.body, request, translation::items_of(before));
  }
  return with_items(store, owner, request);
}

void remember_response(translation::ResponseStore& store, const PendingResponse& pending,
                       std::string answer) {
  Listed listed;
  if (!listed.read(answer) || listed.id.empty()) return;
  const std::string id(listed.id);
  for (const Listed::Item& item : listed.items) {
    if (item.id.empty()) continue;
    store.remember(pending.owner, item.id, {}, {.input = std::string(item.json)});
  }
  store.remember(pending.owner, id, pending.previous,
                 {.input = pending.items, .answer = std::move(answer), .output = listed.output});
}

void forget_response(translation::ResponseStore& store, std::string_view owner,
                     std::string_view id) {
  const auto kept = store.find(owner, id);
  if (kept == nullptr) return;
  Listed listed;
  if (listed.read(kept->answer)) {
    for (const Listed::Item& item : listed.items) store.forget(owner, item.id);
  }
  store.forget(owner, id);
}

Error missing_previous(translation::ResponseStore* store, std::string_view owner,
                       std::string_view id, std::string_view provider) {
  const auto kept = store == nullptr ? nullptr : store->find(owner, id);
  if (kept == nullptr || kept->provider.empty()) {
    return {ErrorCode::not_found, fmt::format("Previous response with id '{}' not found.", id),
            "previous_response_id"};
  }
  return {ErrorCode::invalid,
          fmt::format("previous_response_id: the response is kept by the provider {}, and this "
                      "request goes to {}; ask for a model of {}, or send the conversation whole",
                      kept->provider, provider, kept->provider),
          "previous_response_id"};
}

}  // namespace tidegate::gateway
