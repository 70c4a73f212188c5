#include "ledger/task_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace tidegate::ledger {
namespace {

constexpr std::uint64_t kBitsPerDigit = 6;
constexpr std::size_t kMostDigitsOfNumber = 11;
constexpr char kZero = '0';

std::size_t digits_of(std::uint64_t number) {
  return (static_cast<std::size_t>(std::bit_width(number)) + kBitsPerDigit - 1) / kBitsPerDigit;
}

void append_digits(std::string& out, std::uint64_t number, std::size_t count) {
  for (; count > 0; --count, number >>= kBitsPerDigit) {
    out += static_cast<char>(kZero + (number & 63));
  }
}

void append_number(std::string& out, std::uint64_t number) {
  const std::size_t count = digits_of(number);
  append_digits(out, count, 1);
  append_digits(out, number, count);
}

std::uint64_t folded(std::int64_t number) {
  return static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
}

std::int64_t unfolded(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1 ^ (0 - (number & 1)));
}

std::uint64_t above(std::int64_t least, std::int64_t number) {
  return static_cast<std::uint64_t>(number) - static_cast<std::uint64_t>(least);
}

template <class NumberOf>
void append_column(std::string& out, std::span<const RollupEntry> entries, NumberOf number_of) {
  std::int64_t least = number_of(entries.front()), most = least;
  for (const RollupEntry& entry : entries) {
    least = std::min(least, number_of(entry));
    most = std::max(most, number_of(entry));
  }
  out += ':';
  append_number(out, folded(least));
  const std::size_t width = digits_of(above(least, most));
  append_digits(out, width, 1);
  if (width == 0) return;
  for (const RollupEntry& entry : entries) {
    append_digits(out, above(least, number_of(entry)), width);
  }
}

std::size_t measures_of(std::span<const RollupEntry> entries) {
  std::size_t count = kMeasures;
  const auto is_zero = [&](const RollupEntry& entry) { return entry.sums.values[count - 1] == 0; };
  while (count > 0 && std::ranges::all_of(entries, is_zero)) --count;
  return count;
}

}  // namespace

std::string task_row(std::span<const RollupEntry> entries) {
  std::string out = "t";
  append_number(out, entries.size());
  if (!entries.empty()) {
    append_column(out, entries, std::mem_fn(&RollupEntry::label_set));
    append_column(out, entries, std::mem_fn(&RollupEntry::last_us));
    append_column(out, entries, std::mem_fn(&RollupEntry::last_ok));
    const std::size_t measures = measures_of(entries);
    for (std::size_t i = 0; i < measures; ++i) {
      append_column(out, entries, [i](const RollupEntry& entry) { return entry.sums.values[i]; });
    }
  }
  out += ';';
  for (const RollupEntry& entry : entries) out.append("\n").append(entry.task);
  return out;
}

TaskRowReader::TaskRowReader(std::string_view row)
    : json_(row, true), is_json_(row.starts_with('[')), rest_(row), end_(row.data() + row.size()) {
  if (!is_json_ && !row.empty()) damaged_ = !read_head();
}

bool TaskRowReader::read_head() {
  if (!rest_.starts_with('t')) return false;
  rest_.remove_prefix(1);
  std::uint64_t entries = 0;
  if (!read_number(entries) || entries > rest_.size()) return false;
  entries_ = entries;
  if (entries_ > 0 &&
      !(read_column(label_set_) && read_column(last_us_) && read_column(last_ok_))) {
    return false;
  }
  for (std::size_t i = 0; rest_.starts_with(':'); ++i) {
    Column unknown;  // measures that a later version added have no place here
    if (!read_column(i < kMeasures ? measures_[i] : unknown)) return false;
  }
  if (!rest_.starts_with(';')) return false;
  rest_.remove_prefix(1);
  return true;
}

// How many digits, and these.
bool TaskRowReader::read_number(std::uint64_t& number) {
  if (rest_.empty()) return false;
  const std::uint64_t count = digits(rest_.data(), 1);
  rest_.remove_prefix(1);
  if (count > kMostDigitsOfNumber || count > rest_.size()) return false;
  number = digits(rest_.data(), count);
  rest_.remove_prefix(count);
  return strange_ == 0;
}

bool TaskRowReader::read_column(Column& column) {
  if (!rest_.starts_with(':')) return false;
  rest_.remove_prefix(1);
  std::uint64_t least = 0;
  if (!read_number(least) || rest_.empty()) return false;
  column.least = unfolded(least);
  column.width = digits(rest_.data(), 1);
  rest_.remove_prefix(1);
  if (column.width > kMostDigitsOfNumber || column.width * entries_ > rest_.size()) return false;
  column.digits = rest_.data();
  rest_.remove_prefix(column.width * entries_);
  return strange_ == 0;
}

// `count` digits, eight at once where the row has as many: without a step for each.
std::uint64_t TaskRowReader::digits(const char* at, std::size_t count) {
  constexpr std::uint64_t kEach = 0x0101010101010101u;
  if (count <= 8 && end_ - at >= 8) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    bytes = (bytes - kEach * kZero) &
            (count == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * count) - 1);
    strange_ |= bytes & kEach * 0xC0;
    bytes = (bytes & 0x003F003F003F003Fu) | (bytes & 0x3F003F003F003F00u) >> 2;
    bytes = (bytes & 0x00000FFF00000FFFu) | (bytes & 0x0FFF00000FFF0000u) >> 4;
    return (bytes & 0xFFFFFF) | (bytes >> 32 & 0xFFFFFF) << 24;
  }
  std::uint64_t number = 0;
  for (std::size_t i = count; i-- > 0;) {
    const auto digit = static_cast<std::uint64_t>(static_cast<unsigned char>(at[i] - kZero));
    strange_ |= digit & 0xC0;
    number = number << kBitsPerDigit | (digit & 63);
  }
  return number;
}

template <class Take>
void TaskRowReader::read_numbers(const Column& column, std::size_t count, Take take) {
  if (column.width == 0) {
    for (std::size_t i = 0; i < count; ++i) take(i, column.least);
    return;
  }
  const char* at = column.digits + read_ * column.width;
  for (std::size_t i = 0; i < count; ++i, at += column.width) {
    take(i, static_cast<std::int64_t>(static_cast<std::uint64_t>(column.least) +
                                      digits(at, column.width)));
  }
}

bool TaskRowReader::read_tasks(std::span<RollupEntry> entries) {
  for (RollupEntry& entry : entries) {
    if (!rest_.starts_with('\n')) return false;
    rest_.remove_prefix(1);
    entry.task = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(entry.task.size());
  }
  return true;
}

std::size_t TaskRowReader::next(std::span<RollupEntry> entries) {
  if (is_json_) {
    std::size_t count = 0;
    while (count < entries.size() && json_.next(entries[count])) ++count;
    return count;
  }
  if (damaged_) return 0;
  const std::size_t count = std::min(entries.size(), entries_ - read_);
  read_numbers(label_set_, count,
               [&](std::size_t i, std::int64_t number) { entries[i].label_set = number; });
  read_numbers(last_us_, count,
               [&](std::size_t i, std::int64_t number) { entries[i].last_us = number; });
  read_numbers(last_ok_, count,
               [&](std::size_t i, std::int64_t number) { entries[i].last_ok = number; });
  for (std::size_t measure = 0; measure < kMeasures; ++measure) {
    read_numbers(measures_[measure], count, [&](std::size_t i, std::int64_t number) {
      entries[i].sums.values[measure] = number;
    });
  }
  damaged_ = !read_tasks(entries.first(count)) || strange_ != 0;
  read_ += count;
  if (read_ == entries_) damaged_ = damaged_ || !rest_.empty();
  return damaged_ ? 0 : count;
}

}  // namespace tidegate::ledger
