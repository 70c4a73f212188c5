#include <fmt/format.h>

#include <array>
#include <charconv>

#include "json/checked_text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "ledger/segment.h"

namespace tidegate::ledger {
namespace {

bool read_text(json::Reader& reader, std::string& text) {
  std::string_view raw;
  if (!reader.string(raw)) return false;
  auto plain = json::unescape(raw);
  if (plain) text = std::move(*plain);
  return plain.has_value();
}

bool read_integer(json::Reader& reader, std::int64_t& number) {
  std::string_view raw;
  if (!reader.scalar(raw)) return false;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
  return error == std::errc{} && end == raw.data() + raw.size();
}

bool read_flag(json::Reader& reader, bool& flag) {
  std::int64_t number = 0;
  if (!read_integer(reader, number)) return false;
  flag = number != 0;
  return true;
}

struct TextMember {
  std::string_view name;
  std::string Label::* field;
};
constexpr std::array kTexts{
    TextMember{"route", &Label::route},
    TextMember{"provider", &Label::provider},
    TextMember{"model", &Label::model},
    TextMember{"price_epoch", &Label::price_epoch},
    TextMember{"requested_model", &Label::requested_model},
    TextMember{"served_model", &Label::served_model},
    TextMember{"finish_reason", &Label::finish_reason},
    TextMember{"client", &Label::client},
    TextMember{"key", &Label::key},
    TextMember{"tenant", &Label::tenant},
    TextMember{"role", &Label::role},
    TextMember{"error", &Label::error},
    TextMember{"outcome", &Label::outcome},
    TextMember{"usage_source", &Label::usage_source},
};

// Members that this program does not know are a later version's additions.
bool read_member(json::Reader& reader, std::string_view name, Label& label) {
  for (const TextMember& text : kTexts) {
    if (text.name == name) return read_text(reader, label.*text.field);
  }
  if (name == "status") return read_integer(reader, label.status);
  if (name == "stream") return read_flag(reader, label.stream);
  if (name == "peak") return read_flag(reader, label.peak);
  if (name == "last") return read_flag(reader, label.last);
  return reader.skip();
}

bool read_entry(json::Reader& reader, std::size_t label_count, std::string& task, Entry& entry) {
  int column = 0;
  std::int64_t label = 0;
  std::int64_t cost = 0;
  const std::array<std::int64_t*, 14> numbers{nullptr,
                                              &label,
                                              &entry.attempt,
                                              nullptr,
                                              &entry.started_us,
                                              &entry.first_byte_us,
                                              &entry.total_us,
                                              &entry.usage.prompt,
                                              &entry.usage.cached,
                                              &entry.usage.cache_write,
                                              &entry.usage.completion,
                                              &entry.usage.reasoning,
                                              &entry.estimated_prompt,
                                              &cost};
  const bool walked = reader.array([&] {
    const int at = column++;
    if (at >= static_cast<int>(numbers.size())) return reader.skip();
    if (at == 0) return reader.string(entry.request);
    if (at == 3) {
      if (!reader.string(entry.task)) return false;
      if (entry.task.find('\\') == std::string_view::npos) return true;
      auto plain = json::unescape(entry.task);
      if (!plain) return false;
      task = std::move(*plain);
      entry.task = task;
      return true;
    }
    if (at == 13) {
      if (reader.kind() == json::Kind::null) return reader.skip();
      if (!read_integer(reader, cost)) return false;
      entry.cost = NanoDollars{cost};
      return true;
    }
    return read_integer(reader, *numbers[static_cast<std::size_t>(at)]);
  });
  entry.label = static_cast<std::size_t>(label);
  return walked && column >= static_cast<int>(numbers.size()) && entry.label < label_count;
}

std::unexpected<Error> damaged(const json::Reader& reader, std::string_view text) {
  return fail(ErrorCode::invalid, fmt::format("a segment of the ledger is damaged at {}",
                                              json::describe_place(text, reader.offset())));
}

}  // namespace

Result<std::vector<Label>> read_labels(std::string_view labels) {
  const auto checked = json::check_text(labels);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  std::vector<Label> found;
  const bool read = reader.array([&] {
    Label& label = found.emplace_back();
    return reader.object([&](std::string_view name) { return read_member(reader, name, label); });
  });
  if (!read || !reader.finish()) return damaged(reader, labels);
  return found;
}

Result<void> read_records(std::string_view records, std::size_t label_count,
                          const std::function<void(const Entry&)>& each) {
  const auto checked = json::check_text(records);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  std::string task;
  const bool read = reader.array([&] {
    Entry entry;
    if (!read_entry(reader, label_count, task, entry)) return false;
    each(entry);
    return true;
  });
  if (!read || !reader.finish()) return damaged(reader, records);
  return {};
}

}  // namespace tidegate::ledger
