#include "workflow/file_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace tidegate::workflow {
namespace {

constexpr std::string_view kFile = "file:";
constexpr std::size_t kShownBytes = 60;

// A text as a message shows it.
std::string shown(std::string_view text) {
  if (const std::size_t line = text.find('\n'); line != std::string_view::npos) {
    text = text.substr(0, line);
  }
  if (text.size() <= kShownBytes) return std::string(text);
  std::size_t cut = kShownBytes;
  while ((text[cut] & 0xc0) == 0x80) --cut;
  return std::string(text.substr(0, cut)) + "...";
}

// "file:prompts/review.md": the content of a file is meant.
bool names_file(std::string_view text) {
  return text.starts_with(kFile) && text.find_first_of(" \t\n") == std::string_view::npos;
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<NanoDollars> parse_usd(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto whole = parse_u64(text.substr(0, dot));
  if (!whole || *whole > 1'000'000'000) return std::nullopt;
  std::int64_t nano = static_cast<std::int64_t>(*whole) * 1'000'000'000;
  if (dot != std::string_view::npos) {
    std::string decimals(text.substr(dot + 1));
    if (decimals.empty() || decimals.size() > 9) return std::nullopt;
    decimals.resize(9, '0');
    const auto part = parse_u64(decimals);
    if (!part) return std::nullopt;
    nano += static_cast<std::int64_t>(*part);
  }
  return NanoDollars{nano};
}

std::string FileReader::path() const {
  std::string out;
  for (const auto& [name, item] : path_) {
    if (!name.empty()) {
      if (!out.empty()) out += '.';
      out += name;
    }
    if (item > 0) out += fmt::format("[{}]", item);
  }
  return out;
}

config::Position FileReader::position(std::size_t offset) const {
  const Place place = tree_.place(offset);
  return {file_, place.line, place.column};
}

void FileReader::problem_at(std::size_t offset, std::string_view message) {
  const std::string where = path();
  library_.problem(position(offset),
                   where.empty() ? std::string(message) : fmt::format("{}: {}", where, message));
}

void FileReader::problem(Index at, std::string_view message) {
  const TreeNode& node = tree_[at];
  problem_at(node.quoted && node.verbatim ? node.offset - 1 : node.offset, message);
}

void FileReader::problem_at_key(Index at, std::string_view message) {
  problem_at(tree_[at].key_offset, message);
}

void FileReader::warning(Index at, std::string_view message) {
  library_.warning(position(tree_[at].offset), fmt::format("{}: {}", path(), message));
}

void FileReader::invalid(Index at, std::string_view expected, std::string_view hint) {
  const TreeNode& node = tree_[at];
  if (node.kind != NodeKind::scalar) {
    return problem(at, fmt::format("{} is here; expected {}", kind_name(node.kind), expected));
  }
  problem(at, fmt::format("\"{}\" is not valid; expected {}.{}", shown(node.text), expected, hint));
}

std::string FileReader::near(std::string_view word, std::span<const std::string> names) const {
  return library_.is_full() ? std::string() : did_you_mean(word, names);
}

bool FileReader::expect(Index at, NodeKind kind) {
  if (tree_[at].kind == kind) return true;
  problem(at, fmt::format("{} is here; expected {}", kind_name(tree_[at].kind), kind_name(kind)));
  return false;
}

std::optional<std::string_view> FileReader::text(Index at, std::string_view expected) {
  if (tree_[at].kind == NodeKind::scalar) return tree_[at].text;
  invalid(at, expected);
  return std::nullopt;
}

std::optional<std::int64_t> FileReader::integer(Index at, std::int64_t min, std::int64_t max) {
  const TreeNode& node = tree_[at];
  const auto number = node.kind == NodeKind::scalar ? parse<std::int64_t>(node.text) : std::nullopt;
  if (number && *number >= min && *number <= max) return number;
  invalid(at, fmt::format("a whole number from {} to {}", min, max));
  return std::nullopt;
}

std::optional<double> FileReader::number(Index at, double min, double max) {
  const TreeNode& node = tree_[at];
  const auto number = node.kind == NodeKind::scalar ? parse<double>(node.text) : std::nullopt;
  if (number && *number >= min && *number <= max) return number;
  invalid(at, fmt::format("a number from {} to {}", min, max));
  return std::nullopt;
}

std::optional<bool> FileReader::boolean(Index at) {
  const TreeNode& node = tree_[at];
  if (node.kind == NodeKind::scalar) {
    const std::string word = to_lower(node.text);
    if (word == "true" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "no" || word == "off") return false;
  }
  invalid(at, "true or false");
  return std::nullopt;
}

std::optional<Duration> FileReader::duration(Index at, Duration min, Duration max) {
  const TreeNode& node = tree_[at];
  const auto duration = node.kind == NodeKind::scalar ? parse_duration(node.text) : std::nullopt;
  if (duration && *duration >= min && *duration <= max) return duration;
  invalid(at, fmt::format("a duration from {} to {}, e.g. 30s, 5m or 2h", format_duration(min),
                          format_duration(max)));
  return std::nullopt;
}

std::optional<NanoDollars> FileReader::usd(Index at) {
  const TreeNode& node = tree_[at];
  const auto amount = node.kind == NodeKind::scalar ? parse_usd(node.text) : std::nullopt;
  if (amount) return amount;
  invalid(at, "an amount of USD with at most nine decimals, e.g. 25 or 0.50");
  return std::nullopt;
}

std::optional<std::vector<std::pair<std::string_view, FileReader::Index>>> FileReader::texts(
    Index at) {
  std::vector<std::pair<std::string_view, Index>> out;
  const TreeNode& node = tree_[at];
  if (node.kind == NodeKind::scalar) {
    out.emplace_back(node.text, at);
    return out;
  }
  if (node.kind != NodeKind::list) {
    invalid(at, "a text or a list of texts");
    return std::nullopt;
  }
  bool good = true;
  out.reserve(node.size);
  tree_.each(at, [&](Index item) {
    const auto one = text(item);
    good = good && one;
    if (one) out.emplace_back(*one, item);
  });
  if (!good) return std::nullopt;
  return out;
}

std::size_t FileReader::place_of(Index at, std::size_t offset) const {
  const TreeNode& node = tree_[at];
  if (node.verbatim) return node.offset + offset;
  // The text differs from the file's bytes; its expressions do not, and stand in the same order.
  constexpr std::string_view kOpen = "${{";
  const std::string_view before = node.text.substr(0, std::min(offset, node.text.size()));
  const std::size_t last = before.rfind(kOpen);
  if (last == std::string_view::npos) return node.offset;
  std::size_t count = 0;
  for (std::size_t i = before.find(kOpen); i != std::string_view::npos;
       i = before.find(kOpen, i + 1)) {
    ++count;
  }
  return tree_.find(kOpen, node.offset, count) + (offset - last);
}

void FileReader::expression_problem(Index at, std::size_t offset, std::string_view message) {
  const TreeNode& node = tree_[at];
  if (names_file(node.text)) {
    const std::string from = Library::beside(file_, node.text.substr(kFile.size()));
    const auto text = library_.read(from);
    const Place place = text ? place_in(**text, offset) : Place{};
    library_.problem({from, place.line, place.column}, fmt::format("{}: {}", path(), message));
    return;
  }
  problem_at(place_of(at, offset), message);
}

std::optional<std::shared_ptr<const std::string>> FileReader::content(Index at,
                                                                      std::string_view name) {
  if (name.empty()) {
    problem(at, "a file without a name; expected e.g. file:prompts/review.md");
    return std::nullopt;
  }
  auto text = library_.read(Library::beside(file_, name));
  if (!text) {
    problem(at, text.error().message);
    return std::nullopt;
  }
  if (!is_valid_utf8(**text)) {
    problem(at, fmt::format("{}: no text; expected UTF-8", name));
    return std::nullopt;
  }
  return *text;
}

std::optional<Template> FileReader::text_template(Index at) {
  const auto text = this->text(at);
  if (!text) return std::nullopt;
  std::string_view source = *text;
  std::shared_ptr<const std::string> file;
  if (names_file(source)) {
    auto read = content(at, source.substr(kFile.size()));
    if (!read) return std::nullopt;
    file = std::move(*read);
    source = *file;
  }
  auto compiled = Template::compile(source);
  if (compiled) return std::move(*compiled);
  for (const ExpressionError& error : compiled.error()) {
    expression_problem(at, error.offset, error.message);
  }
  return std::nullopt;
}

std::optional<Template> FileReader::value_template(Index at) {
  const TreeNode& node = tree_[at];
  if (node.kind == NodeKind::scalar && (node.quoted || node.text.contains("${{"))) {
    return text_template(at);
  }
  bool nested = false;
  for (Index i = at; i < node.next; ++i) nested = nested || tree_[i].text.contains("${{");
  if (nested) {
    problem(at,
            "an expression inside of a list or map; expected one expression for the whole value");
    return std::nullopt;
  }
  return Template::constant(value(at));
}

Value FileReader::value(Index at) const {  // NOLINT(misc-no-recursion): as deep as it was read
  const TreeNode& node = tree_[at];
  switch (node.kind) {
    case NodeKind::null:
      return {};
    case NodeKind::list: {
      List items;
      items.reserve(node.size);
      tree_.each(at, [&](Index item) { items.push_back(value(item)); });
      return Value(std::move(items));
    }
    case NodeKind::map: {
      Map members;
      members.reserve(node.size);
      tree_.each(
          at, [&](Index item) { members.push_back({std::string(tree_[item].key), value(item)}); });
      return Value(std::move(members));
    }
    case NodeKind::scalar:
      break;
  }
  if (node.quoted) return Value(node.text);
  if (node.text == "true" || node.text == "false") return Value(node.text == "true");
  std::string_view digits = node.text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const bool numeric =
      !digits.empty() && digits.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  if (numeric) {
    if (const auto whole = parse<std::int64_t>(digits)) return Value(*whole);
    if (const auto real = parse<double>(digits)) return Value(*real);
  }
  return Value(node.text);
}

}  // namespace tidegate::workflow
