#include "ledger/journal_frame.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <type_traits>

namespace tidegate::ledger {
namespace {

constexpr std::size_t kHead = 12;  // magic, payload size, CRC-32C of the payload; little endian
constexpr std::size_t kMaxPayload = 64u << 20;
static_assert(std::endian::native == std::endian::little, "numbers lie in the file as in memory");

// CRC-32C (Castagnoli), eight bytes a step: table i is for a byte with i more behind it.
constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78u : 0u);
    tables[0][i] = value;
  }
  for (std::size_t t = 1; t < tables.size(); ++t) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[t - 1][i];
      tables[t][i] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}();

std::uint32_t crc_by_tables(std::uint32_t value, std::string_view bytes) {
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    word ^= value;
    value = 0;
    for (std::size_t i = 0; i < 8; ++i) value ^= kTables[7 - i][word >> (8 * i) & 0xff];
  }
  for (const char c : bytes) {
    value = kTables[0][(value ^ static_cast<unsigned char>(c)) & 0xff] ^ value >> 8;
  }
  return value;
}

#if defined(__x86_64__)
// The tables take 2,000 instructions a record, there and back; this takes 100.
__attribute__((target("sse4.2"))) std::uint32_t crc_by_instruction(std::uint32_t value,
                                                                   std::string_view bytes) {
  std::uint64_t wide = value;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    wide = _mm_crc32_u64(wide, word);
  }
  value = static_cast<std::uint32_t>(wide);
  for (const char c : bytes) value = _mm_crc32_u8(value, static_cast<unsigned char>(c));
  return value;
}
#endif

template <class T>
void put(char*& out, T value) {
  std::memcpy(out, &value, sizeof(value));
  out += sizeof(value);
}

template <class T>
bool get(std::string_view& in, T& value) {
  if (in.size() < sizeof(value)) return false;
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return true;
}

static_assert(std::is_trivially_copyable_v<LabelTally> && sizeof(LabelTally) == 96);

std::optional<Segment> read_payload(std::string_view in, bool has_tallies) {
  Segment segment;
  std::uint32_t labels = 0;
  if (!get(in, segment.id) || !get(in, segment.first_us) || !get(in, segment.last_us) ||
      !get(in, segment.count) || !get(in, labels)) {
    return std::nullopt;
  }
  if (has_tallies) {
    std::uint32_t tasks = 0;
    std::uint32_t count = 0;
    if (!get(in, tasks) || !get(in, count) || in.size() / sizeof(LabelTally) < count) {
      return std::nullopt;
    }
    segment.has_tasks = tasks != 0;
    segment.tallies.resize(count);
    const std::size_t size = count * sizeof(LabelTally);
    if (count > 0) std::memcpy(segment.tallies.data(), in.data(), size);  // null of none
    in.remove_prefix(size);
  }
  if (in.size() < labels) return std::nullopt;
  segment.labels = in.substr(0, labels);
  segment.records = in.substr(labels);
  return segment;
}

}  // namespace

std::uint32_t crc32c_by_tables(std::string_view bytes) { return ~crc_by_tables(~0u, bytes); }

std::uint32_t crc32c(std::string_view bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~crc_by_instruction(~0u, bytes);
#endif
  return crc32c_by_tables(bytes);
}

void append_frame(std::string& out, const Segment& segment) {
  std::array<char, 4 * sizeof(std::int64_t) + 3 * sizeof(std::uint32_t)> numbers;
  char* at = numbers.data();
  put(at, segment.id);
  put(at, segment.first_us);
  put(at, segment.last_us);
  put(at, segment.count);
  put(at, static_cast<std::uint32_t>(segment.labels.size()));
  put(at, static_cast<std::uint32_t>(segment.has_tasks));
  put(at, static_cast<std::uint32_t>(segment.tallies.size()));
  const std::size_t begin = out.size();
  out.append(kHead, '\0');
  out.append(numbers.data(), numbers.size());
  out.append(reinterpret_cast<const char*>(segment.tallies.data()),
             segment.tallies.size() * sizeof(LabelTally));
  out.append(segment.labels).append(segment.records);
  const auto payload = std::string_view(out).substr(begin + kHead);
  at = std::ranges::copy(kFrameMagic, out.data() + begin).out;
  put(at, static_cast<std::uint32_t>(payload.size()));
  put(at, crc32c(payload));
}

FoundFrame find_frame(std::string_view bytes) {
  using Kind = FoundFrame::Kind;
  if (bytes.starts_with(kEndMark)) return {.kind = Kind::end, .size = 0, .segment = {}};
  if (bytes.size() < kHead) return {.kind = Kind::unfinished, .size = kHead, .segment = {}};
  const bool has_tallies = bytes.starts_with(kFrameMagic);
  if (!has_tallies && !bytes.starts_with(kFormerMagic)) return {};
  std::string_view head = bytes.substr(kFrameMagic.size());
  std::uint32_t size = 0;
  std::uint32_t crc = 0;
  get(head, size);
  get(head, crc);
  if (size > kMaxPayload) return {};
  if (head.size() < size) return {.kind = Kind::unfinished, .size = kHead + size, .segment = {}};
  const auto payload = head.substr(0, size);
  if (crc32c(payload) != crc) return {};
  auto segment = read_payload(payload, has_tallies);
  if (!segment) return {};
  return {.kind = Kind::frame, .size = kHead + size, .segment = std::move(*segment)};
}

}  // namespace tidegate::ledger
