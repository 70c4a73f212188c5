#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "json/checked_text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "ledger/number_text.h"
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

bool read_entry(TextCursor& in, std::size_t label_count, std::string& task, Entry& entry) {
  std::int64_t label = 0;
  const auto next = [&](std::int64_t& number) { return in.take(',') && in.integer(number); };
  if (!in.take('[') || !in.string(entry.request) || !next(label) || !next(entry.attempt) ||
      !in.take(',') || !in.string(entry.task)) {
    return false;
  }
  if (entry.task.find('\\') != std::string_view::npos) {
    auto plain = json::unescape(entry.task);
    if (!plain) return false;
    task = std::move(*plain);
    entry.task = task;
  }
  if (!next(entry.started_us) || !next(entry.first_byte_us) || !next(entry.total_us) ||
      !next(entry.usage.prompt) || !next(entry.usage.cached) || !next(entry.usage.cache_write) ||
      !next(entry.usage.completion) || !next(entry.usage.reasoning) ||
      !next(entry.estimated_prompt) || !in.take(',')) {
    return false;
  }
  entry.cost.reset();
  if (!in.null() && !in.integer(entry.cost.emplace().value)) return false;
  entry.saved_by_cache = entry.saved_by_window = {};
  for (int column = 0; in.take(','); ++column) {
    const bool read = column == 0   ? in.integer(entry.saved_by_cache.value)
                      : column == 1 ? in.integer(entry.saved_by_window.value)
                                    : in.skip();
    if (!read) return false;
  }
  entry.label = static_cast<std::size_t>(label);
  return in.take(']') && entry.label < label_count;
}

bool read_entries(TextCursor& in, std::size_t label_count,
                  const std::function<void(const Entry&)>& each) {
  if (!in.take('[')) return false;
  std::string task;
  Entry entry;
  if (!in.take(']')) {
    do {
      if (!read_entry(in, label_count, task, entry)) return false;
      each(entry);
    } while (in.take(','));
    if (!in.take(']')) return false;
  }
  return in.at_end();
}

std::unexpected<Error> damaged(std::size_t offset, std::string_view text) {
  return fail(ErrorCode::invalid, fmt::format("a segment of the ledger is damaged at {}",
                                              json::describe_place(text, offset)));
}

}  // namespace

Result<std::vector<Label>> read_labels(std::string_view labels) {
  const auto checked = json::check_text(labels);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  std::vector<Label> found;
  const bool read = reader.array([&] {
    Label& label = found.emplace_back();
    label.begin = reader.offset();
    const bool walked =
        reader.object([&](std::string_view name) { return read_member(reader, name, label); });
    label.end = reader.last_end();
    return walked;
  });
  if (!read || !reader.finish()) return damaged(reader.offset(), labels);
  return found;
}

Result<void> read_records(std::string_view records, std::size_t label_count,
                          const std::function<void(const Entry&)>& each) {
  const auto checked = json::check_text(records);
  if (!checked) return std::unexpected(checked.error());
  TextCursor in(records);
  if (!read_entries(in, label_count, each)) return damaged(in.offset(), records);
  return {};
}

Result<void> count(Segment& segment) {
  if (!segment.tallies.empty() || segment.count == 0) return {};
  const auto labels = read_labels(segment.labels);
  if (!labels) return std::unexpected(labels.error());
  std::map<std::pair<std::size_t, std::int64_t>, Tally> sums;  // by label and hour
  auto read = read_records(segment.records, labels->size(), [&](const Entry& entry) {
    segment.has_tasks = segment.has_tasks || !entry.task.empty();
    sums[{entry.label, hour_of(entry.started_us)}].add(entry.usage, entry.cost,
                                                       entry.saved_by_cache, entry.saved_by_window);
  });
  if (!read) return read;
  for (const auto& [key, tally] : sums) {
    const Label& label = (*labels)[key.first];
    segment.tallies.push_back({label.begin, label.end, key.second, tally});
  }
  return {};
}

}  // namespace tidegate::ledger
