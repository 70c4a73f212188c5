#include "translation/chat_reasoning.h"

#include "base/text.h"
#include "json/reader.h"
#include "translation/cargo.h"
#include "translation/chat_part.h"

namespace tidegate::translation {
namespace {

using json::Kind;

struct Detail {
  std::string_view raw, type, text, proof;
  std::optional<std::uint64_t> from, to;
  [[nodiscard]] bool ours() const { return proof.starts_with(kEnvelopeMark); }
};

bool read_detail(json::Reader& json, Detail& detail) {
  return json.object([&](std::string_view key) {
    std::string_view number;
    const bool text = json.kind() == Kind::string;
    if (text && key == "type") return json.string(detail.type);
    if (text && (key == "text" || key == "summary")) return json.string(detail.text);
    if (text && (key == "signature" || key == "data")) return json.string(detail.proof);
    if (json.kind() != Kind::number || (key != "from" && key != "to")) return json.skip();
    if (!json.scalar(number)) return false;
    (key == "from" ? detail.from : detail.to) = parse_u64(number);
    return true;
  });
}

// The array was read once already, so it is well formed.
std::vector<Detail> read_details(std::string_view array) {
  std::vector<Detail> details;
  json::Reader json(json::CheckedText{array});
  if (json.kind() != Kind::array) return details;
  const bool read = json.array([&] {
    if (json.kind() != Kind::object) return json.skip();
    const std::uint32_t begin = json.offset();
    Detail& detail = details.emplace_back();
    if (!read_detail(json, detail)) return false;
    detail.raw = array.substr(begin, json.last_end() - begin);
    return true;
  });
  if (!read) details.clear();
  return details;
}

// Bytes of the first character of a raw string, and its UTF-16 units.
std::pair<std::size_t, std::uint64_t> first_character(std::string_view raw) {
  const auto byte = static_cast<unsigned char>(raw.front());
  std::size_t size = 1;
  if (byte == '\\') {
    size = raw.starts_with("\\u") ? 6 : 2;
  } else if (byte >= 0xF0) {
    size = 4;
  } else if (byte >= 0xE0) {
    size = 3;
  } else if (byte >= 0xC0) {
    size = 2;
  }
  return {std::min(size, raw.size()), byte >= 0xF0 ? 2 : 1};
}

// Where the character begins that is `units` into the raw string; npos: it is shorter.
std::size_t offset_of(std::string_view raw, std::uint64_t units) {
  std::size_t at = 0;
  while (units > 0) {
    if (at == raw.size()) return std::string_view::npos;
    const auto [size, more] = first_character(raw.substr(at));
    at += size;
    units -= std::min(units, more);
  }
  return at;
}

class Adder {
 public:
  Adder(Request& request, std::string_view text, Place place)
      : request_(request), text_(text), place_(place) {}

  void plain(std::string_view text) {
    if (!text.empty()) part(text);
  }

  void ours(const Detail& detail) {
    const auto [begin, end] = range(detail);
    plain(text_.substr(done_, begin - done_));
    Part& sealed = part(end > begin ? text_.substr(begin, end - begin) : detail.text);
    take_proof(request_, sealed, detail.proof, Seal::none);
    done_ = std::max(done_, end);
  }

  // Of another: one part with all of them, as their order is part of what was signed.
  void foreign(std::string_view array, const std::vector<Detail>& details) {
    if (text_.empty()) {
      std::string joined;
      for (const Detail& detail : details) joined += detail.text;
      text_ = request_.keep(std::move(joined));
    }
    const bool sealed =
        std::ranges::any_of(details, [](const Detail& detail) { return !detail.proof.empty(); });
    Part& whole = part(text_);
    done_ = text_.size();
    if (!sealed) return;
    whole.seal = Seal::openrouter_details;
    whole.proof = array;
  }

  void rest() { plain(text_.substr(done_)); }

 private:
  Part& part(std::string_view text) {
    Part& added = request_.parts.emplace_back();
    added.kind = Part::Kind::reasoning;
    added.text = text;
    added.place = place_;
    return added;
  }

  // Of the text, in bytes; empty where the item is no piece of it.
  [[nodiscard]] std::pair<std::size_t, std::size_t> range(const Detail& detail) const {
    constexpr std::size_t kNone = std::string_view::npos;
    if (!detail.text.empty()) {
      const std::size_t at = text_.find(detail.text, done_);
      if (at != kNone) return {at, at + detail.text.size()};
    } else if (detail.from && detail.to) {
      const std::size_t begin = offset_of(text_, *detail.from);
      const std::size_t end = offset_of(text_, *detail.to);
      if (begin != kNone && end != kNone && begin >= done_ && end >= begin) return {begin, end};
    }
    return {done_, done_};
  }

  Request& request_;
  std::string_view text_;
  Place place_;
  std::size_t done_ = 0;
};

}  // namespace

void add_reasoning(Request& request, const ChatReasoning& reasoning, Place place) {
  const bool named = reasoning.text.data() != nullptr && !reasoning.text.empty();
  const std::string_view text =
      named || reasoning.other.data() == nullptr ? reasoning.text : reasoning.other;
  Adder adder(request, text, place);
  const std::vector<Detail> details =
      reasoning.details.empty() ? std::vector<Detail>{} : read_details(reasoning.details);
  if (std::ranges::any_of(details, &Detail::ours)) {
    for (const Detail& detail : details) {
      if (detail.ours()) adder.ours(detail);
    }
    adder.rest();
  } else if (!details.empty()) {
    adder.foreign(reasoning.details, details);
  } else if (text.data() != nullptr) {
    Part& part = request.parts.emplace_back();
    part.kind = Part::Kind::reasoning;
    part.text = text;
    part.place = place;
  }
}

std::uint64_t utf16_units(std::string_view raw) {
  std::uint64_t units = 0;
  for (std::size_t at = 0; at < raw.size();) {
    const auto [size, more] = first_character(raw.substr(at));
    at += size;
    units += more;
  }
  return units;
}

}  // namespace tidegate::translation
