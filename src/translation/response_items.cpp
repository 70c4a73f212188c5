#include "translation/response_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "json/checked_text.h"
#include "json/reader.h"
#include "translation/responses_members.h"

namespace tidegate::translation {
namespace {

constexpr std::size_t kMostItems = 100;

struct Item {
  std::string id;
  std::string json;
};

// What OpenAI's own ids of such items begin with: it refuses others if they are sent back to it.
std::string_view id_prefix(std::string_view type) {
  if (type == "message") return "msg";
  if (type == "reasoning") return "rs";
  if (type.starts_with("function_call")) return "fc";
  if (type.starts_with("custom_tool_call")) return "ctc";
  return "item";
}

class Listing {
 public:
  Listing(std::string_view text, std::string_view response_id)
      : text_(text), id_(response_id.substr(response_id.starts_with("resp_") ? 5 : 0)) {}

  bool run(json::Reader& reader) {
    return reader.array([&] {
      if (reader.kind() != json::Kind::object) return reader.skip();
      members_.clear();
      const bool good = reader.object([&](std::string_view key) {
        const std::uint32_t begin = reader.offset();
        if (!reader.skip()) return false;
        members_.push_back({key, text_.substr(begin, reader.last_end() - begin)});
        return true;
      });
      if (good) add();
      return good;
    });
  }

  std::vector<Item> items;

 private:
  struct Member {
    std::string_view key, value;
  };

  // The inside of a string member; empty if it is none.
  [[nodiscard]] std::string_view text_of(std::string_view key) const {
    const auto found = std::ranges::find(members_, key, &Member::key);
    if (found == members_.end() || !found->value.starts_with('"')) return {};
    return found->value.substr(1, found->value.size() - 2);
  }

  void add() {
    Item item;
    const std::string_view type = text_of("type").empty() ? "message" : text_of("type");
    item.id = text_of("id");
    if (item.id.empty()) item.id = fmt::format("{}_{}_in{}", id_prefix(type), id_, items.size());
    Members out(item.json);
    out.text("id", item.id);
    out.text("type", type);
    if (type == "message" && text_of("status").empty()) out.text("status", "completed");
    for (const Member& member : members_) {
      if (member.key == "id" || member.key == "type") continue;
      if (type == "message" && member.key == "content" && member.value.starts_with('"')) {
        out.value("content", parts(member.value));
      } else {
        out.value(member.key, member.value);
      }
    }
    out.end();
    items.push_back(std::move(item));
  }

  [[nodiscard]] std::string parts(std::string_view text) const {
    return text_of("role") == "assistant"
               ? fmt::format(R"([{{"type":"output_text","text":{},"annotations":[]}}])", text)
               : fmt::format(R"([{{"type":"input_text","text":{}}}])", text);
  }

  std::string_view text_, id_;
  std::vector<Member> members_;
};

}  // namespace

Result<ItemsPage> read_items_page(std::string_view query) {
  ItemsPage page;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::string_view name = pair.substr(0, pair.find('='));
    const std::string_view value = pair.substr(std::min(name.size() + 1, pair.size()));
    if (name == "after") page.after = value;
    if (name == "order") {
      if (value != "asc" && value != "desc") {
        return fail(ErrorCode::invalid, "order: expected asc or desc", "order");
      }
      page.ascending = value == "asc";
    }
    if (name == "limit") {
      const auto limit = parse_u64(value);
      if (!limit || *limit == 0 || *limit > kMostItems) {
        return fail(ErrorCode::invalid, fmt::format("limit: expected 1 to {}", kMostItems),
                    "limit");
      }
      page.limit = *limit;
    }
  }
  return page;
}

Result<std::string> list_items(std::string_view items, std::string_view response_id,
                               const ItemsPage& page) {
  const std::string text = fmt::format("[{}]", items);
  const auto checked = json::check_text(text);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  Listing listing(text, response_id);
  if (!listing.run(reader)) return std::unexpected(reader.error());
  std::vector<Item>& all = listing.items;
  if (!page.ascending) std::ranges::reverse(all);
  auto first = all.begin();
  if (!page.after.empty()) {
    first = std::ranges::find(all, page.after, &Item::id);
    if (first == all.end()) {
      return fail(ErrorCode::invalid, "after: the response has no input item with this id",
                  "after");
    }
    ++first;
  }
  const auto end =
      first + std::min<std::ptrdiff_t>(all.end() - first, static_cast<std::ptrdiff_t>(page.limit));
  std::string out;
  Members list(out);
  list.text("object", "list");
  list.key("data") += '[';
  Commas commas;
  for (auto item = first; item != end; ++item) {
    commas.next(out);
    out += item->json;
  }
  out += ']';
  if (first == end) {
    list.value("first_id", "null");
    list.value("last_id", "null");
  } else {
    list.text("first_id", first->id);
    list.text("last_id", (end - 1)->id);
  }
  list.flag("has_more", end != all.end());
  list.end();
  return out;
}

}  // namespace tidegate::translation
