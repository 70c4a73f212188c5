#include "simulator/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tidegate::simulator {
namespace {

struct Name {
  std::string_view text;
  FaultKind kind;
  int number;  // when none is given
};

constexpr std::array kNames{
    Name{"hang", FaultKind::hang, 0},
    Name{"close", FaultKind::close, 0},
    Name{"reset", FaultKind::reset, 0},
    Name{"cut-head", FaultKind::cut_head, 0},
    Name{"garbage", FaultKind::garbage, 0},
    Name{"garbage-stream", FaultKind::garbage_stream, 0},
    Name{"blank-lines", FaultKind::keep_alive, 3},
    Name{"keepalive-comments", FaultKind::keep_alive, 3},
    Name{"cut", FaultKind::cut, 3},
    Name{"hang-stream", FaultKind::hang_stream, 3},
    Name{"error-event", FaultKind::error_event, 3},
    Name{"slow-chunks", FaultKind::slow_chunks, 50},
    Name{"byte-by-byte", FaultKind::byte_by_byte, 0},
    Name{"utf8-split", FaultKind::utf8_split, 0},
    Name{"huge-chunk", FaultKind::huge_chunk, 0},
    Name{"insufficient-system-resource", FaultKind::no_resource, 0},
    Name{"aborted", FaultKind::aborted, 0},
    Name{"response-failed", FaultKind::failed, 0},
    Name{"content-filter", FaultKind::content_filter, 0},
    Name{"refusal", FaultKind::refusal, 0},
    Name{"dsml", FaultKind::dsml, 0},
    Name{"dsml-typo", FaultKind::dsml, 1},
    Name{"dsml-closer", FaultKind::dsml, 2},
    Name{"dsml-split", FaultKind::dsml, 3},
    Name{"dsml-in-thinking", FaultKind::dsml, 4},
    Name{"dsml-v32", FaultKind::dsml, 5},
    Name{"dsml-v41", FaultKind::dsml, 6},
    Name{"misfit", FaultKind::misfit, 0},
    Name{"fence", FaultKind::fence, 0},
    Name{"empty-stop", FaultKind::empty_stop, 0},
    Name{"zero-reasoning", FaultKind::zero_reasoning, 0},
    Name{"no-done", FaultKind::no_done, 0},
    Name{"usage-only-chunk", FaultKind::usage_only_chunk, 0},
    Name{"usage-last-chunk", FaultKind::usage_last_chunk, 0},
    Name{"usage-both", FaultKind::usage_both, 0},
    Name{"no-usage", FaultKind::no_usage, 0},
};

constexpr std::uint64_t kMaxNumber = 1'000'000;

bool read_number(std::string_view text, int& out) {
  const auto number = parse_u64(text);
  if (!number || *number > kMaxNumber) return false;
  out = static_cast<int>(*number);
  return true;
}

bool read_status(std::string_view text, Fault& fault) {
  if (!read_number(text.substr(0, 3), fault.status)) return false;
  if (fault.status < 400 || fault.status > 599) return false;
  fault.kind = FaultKind::status;
  text.remove_prefix(3);
  if (text.empty()) return true;
  constexpr std::string_view kRetryAfter = "-retry-after-";
  if (!text.starts_with(kRetryAfter)) return false;
  text.remove_prefix(kRetryAfter.size());
  if (text == "date") {
    fault.retry_after = Fault::RetryAfter::date;
    fault.number = 1;
    return true;
  }
  fault.retry_after = Fault::RetryAfter::seconds;
  return read_number(text, fault.number);
}

bool read_name(std::string_view text, Fault& fault) {
  int number = -1;
  const std::size_t dash = text.rfind('-');
  if (dash != text.npos && read_number(text.substr(dash + 1), number)) text = text.substr(0, dash);
  const auto found = std::ranges::find(kNames, text, &Name::text);
  if (found == kNames.end()) return false;
  fault.kind = found->kind;
  fault.number = number < 0 ? found->number : number;
  return true;
}

std::string all_names() {
  std::string names = "429, 500, 503 (any 4xx or 5xx), 429-retry-after-N, 429-retry-after-date";
  for (const Name& name : kNames) names.append(", ").append(name.text);
  return names;
}

}  // namespace

Result<std::vector<Fault>> parse_faults(std::string_view text) {
  std::vector<Fault> faults;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view word = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));

    Fault fault;
    const std::size_t star = std::min(word.find('*'), word.size());
    const std::string_view name = word.substr(0, star);
    bool known = read_status(name, fault) || read_name(name, fault);
    if (star < word.size()) {
      int times = 0;
      known = known && read_number(word.substr(star + 1), times) && times > 0;
      fault.times = static_cast<unsigned>(times);
    }
    if (!known) {
      return fail(
          ErrorCode::invalid,
          fmt::format("There is no fault '{}'. Faults: {}; each with *TIMES.", word, all_names()),
          "x-sim-fault");
    }
    faults.push_back(fault);
  }
  return faults;
}

Fault choose_fault(std::span<const Fault> faults, unsigned earlier) {
  for (const Fault& fault : faults) {
    if (fault.times == 0 || earlier < fault.times) return fault;
    earlier -= fault.times;
  }
  return {};
}

std::string take_fault_suffix(std::string& model) {
  constexpr std::string_view kMark = ":fault=";
  const std::size_t at = model.find(kMark);
  if (at == std::string::npos) return {};
  std::string fault = model.substr(at + kMark.size());
  model.resize(at);
  return fault;
}

}  // namespace tidegate::simulator
