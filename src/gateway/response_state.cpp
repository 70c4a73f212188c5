#include "gateway/response_state.h"

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
    std::optional<std::string> item = store.items_before(owner, part.id);
    if (!item) continue;
    const auto begin = static_cast<std::uint32_t>(part.raw.data() - request.body.data());
    cuts.push_back(
        {{begin, begin + static_cast<std::uint32_t>(part.raw.size())}, std::move(*item)});
  }
  if (cuts.empty()) return std::nullopt;
  return translation::apply(request.body, std::move(cuts));
}

}  // namespace

std::optional<std::string> restore_state(translation::ResponseStore& store, std::string_view owner,
                                         const translation::Request& request) {
  if (!request.previous_response_id.empty()) {
    if (const auto items = store.items_before(owner, request.previous_response_id)) {
      return translation::splice_previous(request.body, request, *items);
    }
  }
  return with_items(store, owner, request);
}

void remember_response(translation::ResponseStore& store, const PendingResponse& pending,
                       std::string_view answer) {
  const auto text = json::check_text(answer);
  if (!text) return;
  json::Reader reader(*text);
  std::string_view id;
  std::string items = pending.items;
  const auto item = [&] {
    const std::uint32_t begin = reader.offset();
    std::string_view item_id;
    const bool good = reader.object([&](std::string_view key) {
      return key == "id" && reader.kind() == Kind::string ? reader.string(item_id) : reader.skip();
    });
    if (!good) return false;
    const std::string_view raw = answer.substr(begin, reader.last_end() - begin);
    if (!items.empty()) items += ',';
    items += raw;
    if (!item_id.empty()) store.remember(pending.owner, item_id, {}, raw);
    return true;
  };
  const bool good = reader.object([&](std::string_view key) {
    if (key == "id" && reader.kind() == Kind::string) return reader.string(id);
    return key == "output" && reader.kind() == Kind::array ? reader.array(item) : reader.skip();
  });
  if (good && !id.empty()) store.remember(pending.owner, id, pending.previous, items);
}

}  // namespace tidegate::gateway
