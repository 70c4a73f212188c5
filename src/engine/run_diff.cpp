#include "engine/run_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "workflow/value.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kLines = 4;         // of each side
constexpr std::size_t kCharacters = 160;  // of a line
constexpr std::size_t kBefore = 40;       // of what is the same at the begin of a line

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The line at the begin of `text`, which then begins behind it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

void add_line(std::string& out, char sign, std::string_view line, std::size_t from) {
  out += sign;
  while (from > 0 && from < line.size() && continues_character(line[from])) --from;
  if (from > 0) out += "...";
  line.remove_prefix(std::min(from, line.size()));
  std::size_t length = std::min(line.size(), kCharacters);
  while (length > 0 && length < line.size() && continues_character(line[length])) --length;
  out += line.substr(0, length);
  if (length < line.size()) out += "...";
  out += '\n';
}

void add_lines(std::string& out, char sign, std::string_view text, std::size_t from) {
  for (std::size_t i = 0; i < kLines && !text.empty(); ++i) {
    add_line(out, sign, take_line(text), i == 0 ? from : 0);
  }
  if (!text.empty()) out += fmt::format("{}... {} bytes more\n", sign, text.size());
}

struct Side {
  std::vector<std::string> names;  // in the order of the file, items behind
  std::unordered_map<std::string, DiffSide> tasks;
  DiffTotals totals;
};

Result<Side> read_side(JournalReader& reader, const StoredRun& run) {
  Side out;
  const auto stored = reader.tasks(run.id);
  if (!stored) return std::unexpected(stored.error());
  std::vector<DiffSide> sides(stored->size());
  const auto read = reader.attempts(run.id, [&](const StoredAttempt& attempt) {
    if (attempt.task >= sides.size()) return;
    DiffSide& side = sides[attempt.task];
    ++side.attempts;
    side.prompt += attempt.usage.prompt;
    side.cached += attempt.usage.cached;
    side.completion += attempt.usage.completion;
    if (attempt.state == AttemptState::done) side.model = attempt.model;
  });
  if (!read) return std::unexpected(read.error());
  std::vector<char> has_items(sides.size());
  for (const StoredTask& task : *stored) {
    if (task.parent) has_items[*task.parent] = 1;
  }
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const StoredTask& task = (*stored)[i];
    DiffSide& side = sides[i];
    side.state = task.state;
    side.error = task.error;
    side.output = task.output;
    side.cost = task.cost;  // with what a workflow spent that it uses
    if (task.started && task.ended) side.took = *task.ended - *task.started;
    if (task.reused && has_ended(task.state)) side.reused = task.reused->run;
    DiffTotals& totals = out.totals;
    if (has_items[i] == 0) {  // a list counts as its items
      ++totals.tasks;
      totals.succeeded += task.state == TaskState::succeeded || task.state == TaskState::approved;
      totals.failed += task.state == TaskState::failed;
      totals.reused += side.reused.has_value();
    }
    totals.attempts += side.attempts;
    totals.prompt += side.prompt;
    totals.cached += side.cached;
    totals.completion += side.completion;
    totals.cost += side.cost;
    std::string name = task.parent ? fmt::format("{}[{}]", task.id, task.item_key) : task.id;
    out.names.push_back(name);
    out.tasks.emplace(std::move(name), std::move(side));
  }
  out.totals.took = run.ended.value_or(run.changed) - run.created;
  return out;
}

Result<std::vector<InputDiff>> differing_inputs(JournalReader& reader, RunId left, RunId right) {
  const auto read = [&](RunId run) -> Result<workflow::Value> {
    auto text = reader.inputs(run);
    if (!text) return std::unexpected(std::move(text.error()));
    return workflow::Value::parse(*text);
  };
  const auto of_left = read(left);
  if (!of_left) return std::unexpected(of_left.error());
  const auto of_right = read(right);
  if (!of_right) return std::unexpected(of_right.error());
  std::vector<InputDiff> found;
  for (const workflow::Member& input : of_left->members()) {
    const workflow::Value other = of_right->find(input.name);
    if (!(input.value == other)) found.push_back({input.name, input.value.json(), other.json()});
  }
  for (const workflow::Member& input : of_right->members()) {
    const auto same = std::ranges::find(of_left->members(), input.name, &workflow::Member::name);
    if (same == of_left->members().end() && !input.value.is_null()) {
      found.push_back({input.name, "null", input.value.json()});
    }
  }
  return found;
}

Result<std::string> text_of(JournalReader& reader, std::int64_t row) {
  if (row == 0) return std::string();
  auto content = reader.content(row);
  if (!content) return std::unexpected(std::move(content.error()));
  return **content;
}

}  // namespace

bool TaskDiff::outcome_differs() const {
  return left.has_value() != right.has_value() || (left && left->state != right->state);
}

bool TaskDiff::output_differs() const { return left && right && left->output != right->output; }

bool TaskDiff::taken_over() const {
  return left && right && !outcome_differs() && !output_differs() &&
         left->reused.has_value() != right->reused.has_value();
}

bool TaskDiff::differs() const {
  return outcome_differs() || output_differs() || left->model != right->model ||
         left->prompt != right->prompt || left->completion != right->completion ||
         left->cost != right->cost || left->error != right->error;
}

std::string first_difference(std::string_view left, std::string_view right) {
  if (left == right) return {};
  std::string_view before;
  std::size_t line = 1;
  std::size_t column = 0;
  while (!left.empty() && !right.empty()) {
    std::string_view rest = left;
    std::string_view other = right;
    const std::string_view a = take_line(rest);
    const std::string_view b = take_line(other);
    column = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
    if (a != b) break;
    before = a;
    left = rest;
    right = other;
    column = 0;
    ++line;
  }
  if (left.empty() && right.empty()) return "@@ the end of the last line @@\n";
  std::string out = fmt::format("@@ line {} @@\n", line);
  if (line > 1) add_line(out, ' ', before, 0);
  // The same ends are of no interest, as whole lines.
  for (;;) {
    const std::size_t a = left.rfind('\n');
    const std::size_t b = right.rfind('\n');
    if (a == left.npos || b == right.npos || left.substr(a) != right.substr(b)) break;
    left = left.substr(0, a);
    right = right.substr(0, b);
  }
  const std::size_t from = column > kBefore ? column - kBefore : 0;
  add_lines(out, '-', left, from);
  add_lines(out, '+', right, from);
  return out;
}

Result<RunDiff> read_diff(JournalReader& reader, const StoredRun& left, const StoredRun& right) {
  RunDiff diff;
  diff.left = left;
  diff.right = right;
  auto inputs = differing_inputs(reader, left.id, right.id);
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  diff.inputs = std::move(*inputs);
  auto of_left = read_side(reader, left);
  if (!of_left) return std::unexpected(std::move(of_left.error()));
  auto of_right = read_side(reader, right);
  if (!of_right) return std::unexpected(std::move(of_right.error()));
  diff.left_totals = of_left->totals;
  diff.right_totals = of_right->totals;
  for (const std::string& name : of_left->names) {
    TaskDiff& task = diff.tasks.emplace_back(name, of_left->tasks.at(name));
    const auto other = of_right->tasks.find(name);
    if (other == of_right->tasks.end()) continue;
    task.right = other->second;
    // Contents are kept once each, so another row is another content.
    if (!task.output_differs()) continue;
    const auto before = text_of(reader, task.left->output);
    if (!before) return std::unexpected(before.error());
    const auto after = text_of(reader, task.right->output);
    if (!after) return std::unexpected(after.error());
    task.output = first_difference(*before, *after);
  }
  for (const std::string& name : of_right->names) {
    if (of_left->tasks.contains(name)) continue;
    diff.tasks.push_back({name, std::nullopt, of_right->tasks.at(name), {}});
  }
  return diff;
}

}  // namespace tidegate::engine
