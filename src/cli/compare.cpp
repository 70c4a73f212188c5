// `tidegate cost compare`: a workload, given or recorded, priced over all models of the catalogue.
#include "catalog/compare.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/load_config.h"
#include "json/writer.h"
#include "ledger/journal.h"
#include "ledger/ledger_address.h"
#include "ledger/query_text.h"
#include "ledger/text_table.h"

namespace tidegate::cli {
namespace {

// So that a billion requests of a billion tokens still count in 64 bits.
constexpr std::int64_t kMost = 1'000'000'000;

// "500", "12k", "1.5M"; absent: none of them, or more than a billion.
std::optional<std::int64_t> read_count(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit == "k" || unit == "K") {
    number *= 1e3;
  } else if (unit == "M" || unit == "m") {
    number *= 1e6;
  } else if (!unit.empty()) {
    return std::nullopt;
  }
  const auto whole = static_cast<std::int64_t>(number + 0.5);
  if (number > static_cast<double>(kMost) || static_cast<double>(whole) != number) {
    return std::nullopt;
  }
  return whole;
}

// "60%"
std::optional<double> read_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, number);
  if (error != std::errc{} || end != text.data() + text.size() - 1 || number < 0 || number > 100) {
    return std::nullopt;
  }
  return number / 100;
}

// The given workload; false, with all that is wrong printed.
bool add_given(const CompareOptions& options, catalog::Workload& workload) {
  bool good = true;
  const auto count = [&](const char* option, const std::string& text) {
    const auto number = read_count(text);
    if (!number) {
      fmt::print(stderr,
                 "--{}: \"{}\" is not a whole number up to a billion; expected 500, 12k or 1M\n",
                 option, text);
      good = false;
    }
    return number.value_or(0);
  };
  const std::int64_t requests = count("requests", options.requests);
  Usage each;
  each.prompt = count("prompt", options.prompt);
  each.completion = count("completion", options.completion);
  const auto share = read_share(options.cached);
  if (!share) {
    fmt::print(stderr, "--cached: \"{}\" is not a share; expected 0% to 100%\n", options.cached);
    good = false;
  }
  if (good && (requests == 0 || each.prompt + each.completion == 0)) {
    fmt::print(stderr, "a workload needs --requests and --prompt or --completion, all above 0\n");
    good = false;
  }
  each.cached = static_cast<Tokens>(static_cast<double>(each.prompt) * share.value_or(0) + 0.5);
  if (good) workload.add(each, requests);
  return good;
}

// What was recorded; else the exit code.
std::optional<int> add_recorded(const CompareOptions& options, const ledger::LedgerPlace& place,
                                catalog::Workload& workload) {
  std::vector<ledger::Parameter> parameters;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) parameters.emplace_back(name, value);
  };
  add("since", options.since);
  add("until", options.until);
  add("time_zone", options.time_zone);
  const auto query = ledger::read_query(parameters, SystemClock().wall());
  if (!query) {
    for (const Error& problem : query.error()) {
      fmt::print(stderr, "{}: {}\n", problem.field, problem.message);
    }
    return kWrongUsage;
  }
  const auto read = ledger::each_record(
      place, *query, [&](const ledger::Label& label, const ledger::Entry& entry) {
        if (label.last && label.usage_source != "none") workload.add(entry.usage);
      });
  if (!read) {
    fmt::print(stderr, "{}\n", read.error().message);
    return kCouldNotRun;
  }
  if (workload.requests() == 0) {
    fmt::print(stderr,
               "no request was recorded then; give a workload with --requests and --prompt\n");
    return kNo;
  }
  return std::nullopt;
}

std::string amount(const std::optional<NanoDollars>& cost) {
  return cost ? format_usd(*cost) : "unknown";
}

std::string notes(const catalog::Compared& row, std::int64_t requests) {
  std::string text;
  const auto add = [&](std::string note) { text += (text.empty() ? "" : "; ") + note; };
  if (row.too_large == requests) {
    add("does not fit its context");
  } else if (row.too_large > 0) {
    add(fmt::format("{} requests do not fit its context", ledger::grouped(row.too_large)));
  }
  if (row.cache_as_input && row.off_peak) add("no price of its cache is known: as fresh tokens");
  return text;
}

std::string to_text(const std::vector<catalog::Compared>& rows, const catalog::Workload& workload) {
  const Usage& usage = workload.usage();
  std::string out =
      fmt::format("{} requests, {} prompt tokens ({} cached, {} written), {} completion tokens\n\n",
                  ledger::grouped(workload.requests()), ledger::grouped(usage.prompt),
                  ledger::grouped(usage.cached), ledger::grouped(usage.cache_write),
                  ledger::grouped(usage.completion));
  std::vector<ledger::Line> lines{{"model", "provider", "off-peak", "at peak", "per 1,000"}};
  std::vector<std::string> behind{""};
  for (const auto& row : rows) {
    std::optional<NanoDollars> per_thousand;
    if (row.off_peak) {
      const __int128 exact = static_cast<__int128>(row.off_peak->value) * 1000;
      per_thousand = NanoDollars{static_cast<std::int64_t>(exact / workload.requests())};
    }
    lines.push_back({row.model->id, row.model->provider, amount(row.off_peak),
                     row.has_peak ? amount(row.peak) : "the same", amount(per_thousand)});
    behind.push_back(notes(row, workload.requests()));
  }
  std::string table = ledger::aligned(lines, 2);
  std::size_t line = 0;
  for (const char c : table) {
    if (c == '\n' && !behind[line].empty()) out += "  " + behind[line];
    if (c == '\n') ++line;
    out += c;
  }
  return out +
         "\nToken counts are as they are; each model's tokenizer counts a little differently.\n";
}

std::string to_json(const std::vector<catalog::Compared>& rows, const catalog::Workload& workload) {
  std::string out;
  json::Writer json(out);
  const auto money = [&](std::string_view key, const std::optional<NanoDollars>& cost) {
    json.key(key);
    if (cost) {
      json.value(cost->value);
    } else {
      json.null();
    }
  };
  const Usage& usage = workload.usage();
  json.begin_object().member("requests", workload.requests());
  json.member("prompt_tokens", usage.prompt).member("cached_tokens", usage.cached);
  json.member("cache_write_tokens", usage.cache_write);
  json.member("completion_tokens", usage.completion).key("models").begin_array();
  for (const auto& row : rows) {
    json.begin_object().member("model", row.model->id).member("provider", row.model->provider);
    money("off_peak_nano_usd", row.off_peak);
    money("peak_nano_usd", row.peak);
    json.member("requests_too_large", row.too_large);
    json.member("cache_priced_as_input", row.cache_as_input).end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

std::string to_csv(const std::vector<catalog::Compared>& rows) {
  std::string out;
  ledger::append_csv(out, {"model", "provider", "off_peak_nano_usd", "peak_nano_usd",
                           "requests_too_large", "cache_priced_as_input"});
  const auto money = [](const std::optional<NanoDollars>& cost) {
    return cost ? std::to_string(cost->value) : std::string();
  };
  for (const auto& row : rows) {
    ledger::append_csv(out,
                       {row.model->id, row.model->provider, money(row.off_peak), money(row.peak),
                        std::to_string(row.too_large), row.cache_as_input ? "true" : "false"});
  }
  return out;
}

}  // namespace

int compare_costs(const CompareOptions& options) {
  const config::Loaded loaded = load_config(options.config);
  if (print_problems(loaded.problems)) return kCouldNotRun;
  std::vector<config::Problem> problems;
  const catalog::Catalog catalog = catalog::Catalog::with(loaded.config, problems);
  catalog::Workload workload(catalog);
  if (!options.requests.empty()) {
    if (!add_given(options, workload)) return kWrongUsage;
  } else {
    const auto place = options.ledger.empty()
                           ? ledger_of(loaded.config)
                           : ledger::ledger_at(options.ledger, ledger::journal_of(options.ledger));
    if (const auto code = add_recorded(options, place, workload)) return *code;
  }
  const auto rows = catalog::compare(catalog, workload, SystemClock().wall());
  fmt::print("{}", options.json  ? to_json(rows, workload)
                   : options.csv ? to_csv(rows)
                                 : to_text(rows, workload));
  return kDone;
}

}  // namespace tidegate::cli
