#include "engine/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "engine/html_parts.h"
#include "engine/html_style.h"
#include "engine/html_text.h"
#include "workflow/value.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kTimeRows = 120;
constexpr std::size_t kTableRows = 400;
constexpr std::size_t kCostRows = 60;
constexpr std::size_t kOutputBytes = 64 * 1024;

std::string count(std::uint64_t number) { return with_commas(static_cast<std::int64_t>(number)); }

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

class Page {
 public:
  Page(const RunPicture& picture, WallTime now) : picture_(picture), now_(now) {}

  std::string make() {
    head();
    cards();
    graph();
    times();
    costs();
    failures();
    tasks();
    outputs();
    put("<footer>Made by tidegate on {}. Amounts are in US dollars, as the models' prices of the "
        "time were.</footer></main></body></html>\n",
        format_rfc3339(now_).substr(0, 19) + "Z");
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Args>(args)...);
  }

  void head() {
    put("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\"><meta "
        "http-equiv=\"Content-Security-Policy\" "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{} \u2013 {}</title>"
        "<style>{}</style></head><body><main>",
        escaped_short(picture_.name, 200), name_of(picture_.state), kStyle);
    put("<header class=\"{0}\"><div class=\"top\"><h1>{1}</h1><span class=\"state {0}\">{2}</span>"
        "</div><p class=\"meta\">Run {3} \u00b7 begun {4}",
        style_of(picture_.state), escaped(picture_.name), name_of(picture_.state),
        picture_.run.text(), format_minute(picture_.created));
    if (picture_.ended) put(" \u00b7 ended {}", format_minute(*picture_.ended));
    if (picture_.forked_from) {
      put(" \u00b7 forked from {}, whose results of {} tasks and items ({}) it has",
          picture_.forked_from->text(), count(picture_.reused.tasks),
          short_usd(picture_.reused.cost));
    }
    out_ += "</p>";
    if (!picture_.reason.empty()) put("<p class=\"reason\">{}</p>", escaped(picture_.reason));
    out_ += "</header>";
  }

  void card(std::string_view label, std::string_view value, std::string_view more) {
    put("<div class=\"card\"><span class=\"label\">{}</span><b>{}</b><span>{}</span></div>", label,
        value, more);
  }

  void cards() {
    const AttemptTotals& totals = picture_.totals;
    out_ += "<div class=\"cards\">";
    const Duration took = picture_.ended.value_or(now_) - picture_.created;
    card("Time", short_time(took), picture_.ended ? "from begin to end" : "so far");
    const std::uint64_t good = picture_.succeeded();
    const std::uint64_t ended = good + picture_.failed();
    card("Success",
         ended == 0
             ? "\u2013"
             : percent(share(static_cast<std::int64_t>(good), static_cast<std::int64_t>(ended))),
         fmt::format("{} of {} tasks and items", count(good), count(ended)));
    card("Cost", short_usd(totals.cost),
         picture_.budget ? fmt::format("{} of {} budget",
                                       percent(share(totals.cost.value, picture_.budget->value)),
                                       short_usd(*picture_.budget))
                         : "no budget set");
    card("Saved by cache", short_usd(totals.saved_by_cache),
         fmt::format("{} of prompt tokens were cached",
                     percent(share(totals.usage.cached, totals.usage.prompt))));
    card("Saved by window", short_usd(totals.saved_by_window),
         fmt::format("{} was spent in peak hours", short_usd(totals.peak_cost)));
    card("Tokens", short_count(totals.usage.prompt + totals.usage.completion),
         fmt::format("{} in, {} out", short_count(totals.usage.prompt),
                     short_count(totals.usage.completion)));
    card("Attempts", count(totals.attempts), fmt::format("{} failed", count(totals.failed)));
    card("Orphans", count(totals.orphaned),
         totals.orphaned == 0
             ? "no attempt was lost"
             : fmt::format("up to {} billed unseen", short_usd(totals.orphaned_cost)));
    out_ += "</div>";
  }

  void graph() {
    if (picture_.tasks.empty()) return;
    const std::vector<GraphNode> nodes = graph_nodes(picture_);
    put("<section><h2>Graph</h2><div class=\"wide\">{}</div>", graph_svg(nodes));
    if (nodes.size() != picture_.tasks.size()) {
      put("<p class=\"note\">{} tasks, shown as {} groups of one depth and role.</p>",
          count(picture_.tasks.size()), count(nodes.size()));
    }
    out_ += "</section>";
  }

  void times() {
    const std::string svg = times_svg(picture_, kTimeRows);
    if (svg.empty()) return;
    put("<section><h2>Times</h2><div class=\"wide\">{}</div>", svg);
    const auto begun = static_cast<std::size_t>(std::ranges::count_if(
        picture_.tasks, [](const PictureTask& task) { return task.started.has_value(); }));
    if (begun > kTimeRows) {
      put("<p class=\"note\">{} tasks have begun, shown by role.</p>", count(begun));
    }
    out_ += "</section>";
  }

  void cost_cells(const AttemptTotals& totals) {
    put("<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
        count(totals.attempts), short_count(totals.usage.prompt),
        totals.usage.prompt == 0 ? "\u2013"
                                 : percent(share(totals.usage.cached, totals.usage.prompt)),
        short_count(totals.usage.completion), short_usd(totals.peak_cost),
        short_usd(totals.cost - totals.peak_cost), short_usd(totals.saved_by_cache));
  }

  void costs() {
    if (picture_.costs.empty()) return;
    out_ +=
        "<section><h2>Cost by role and model</h2><div "
        "class=\"wide\"><table><thead><tr><th>Role</th>"
        "<th>Model</th><th class=\"n\">Attempts</th><th class=\"n\">Tokens in</th><th "
        "class=\"n\">Cached</th><th class=\"n\">Tokens out</th><th class=\"n\">Peak</th><th "
        "class=\"n\">Off-peak</th><th class=\"n\">Saved by cache</th><th "
        "class=\"n\">Cost</th></tr></thead><tbody>";
    const std::int64_t dearest = picture_.costs.front().totals.cost.value;
    const std::size_t rows = std::min(picture_.costs.size(), kCostRows);
    for (std::size_t i = 0; i < rows; ++i) {
      const RoleCost& cost = picture_.costs[i];
      put("<tr><td>{}</td><td>{}</td>", escaped(cost.role.empty() ? "\u2013" : cost.role),
          escaped(cost.model));
      cost_cells(cost.totals);
      put("<td class=\"n\">{}<span class=\"bar\" style=\"width:{:.0f}%\"></span></td></tr>",
          short_usd(cost.totals.cost), 100 * share(cost.totals.cost.value, dearest));
    }
    out_ += "</tbody><tfoot><tr><td colspan=\"2\">All</td>";
    cost_cells(picture_.totals);
    put("<td class=\"n\">{}</td></tr></tfoot></table></div>", short_usd(picture_.totals.cost));
    if (picture_.costs.size() > rows) {
      put("<p class=\"note\">{} more pairs of role and model.</p>",
          count(picture_.costs.size() - rows));
    }
    out_ += "</section>";
  }

  void failures() {
    if (picture_.retries.empty()) return;
    out_ +=
        "<section><h2>Failed attempts by class</h2><div class=\"wide\"><table "
        "class=\"few\"><thead><tr><th>Class</th>"
        "<th class=\"n\">Attempts</th></tr></thead><tbody>";
    for (const ErrorCount& error : picture_.retries) {
      put("<tr><td>{}</td><td class=\"n\">{}</td></tr>", escaped(error.error_class),
          count(error.count));
    }
    out_ += "</tbody></table></div></section>";
  }

  // All in their order, or of many those that failed and those that cost most.
  [[nodiscard]] std::vector<std::size_t> chosen() const {
    std::vector<std::size_t> rows(picture_.tasks.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    if (rows.size() <= kTableRows) return rows;
    const auto weight = [&](std::size_t i) {
      const PictureTask& task = picture_.tasks[i];
      return std::pair(task.state != TaskState::failed && task.items.failed == 0,
                       -task.totals.cost.value);
    };
    std::ranges::partial_sort(rows, rows.begin() + kTableRows, {}, weight);
    rows.resize(kTableRows);
    return rows;
  }

  void tasks() {
    if (picture_.tasks.empty()) return;
    out_ +=
        "<section><h2>Tasks</h2><div class=\"wide\"><table><thead><tr><th>Task</th><th>Role</th>"
        "<th>State</th><th class=\"n\">Items</th><th class=\"n\">Attempts</th><th "
        "class=\"n\">Tokens in</th><th class=\"n\">Cached</th><th class=\"n\">Tokens out</th><th "
        "class=\"n\">Time</th><th class=\"n\">Cost</th></tr></thead><tbody>";
    const std::vector<std::size_t> rows = chosen();
    for (const std::size_t i : rows) task_row(picture_.tasks[i], i);
    out_ += "</tbody></table></div>";
    if (rows.size() < picture_.tasks.size()) {
      put("<p class=\"note\">{} of {} tasks: those that failed, then the dearest.</p>",
          count(rows.size()), count(picture_.tasks.size()));
    }
    out_ += "</section>";
  }

  void task_row(const PictureTask& task, std::size_t index) {
    put("<tr id=\"t{}\"><td class=\"id\">{}", index, escaped_short(task.id, 120));
    if (!task.error.empty()) {
      put("<span class=\"err\">{}</span>", escaped_short(task.error, 600));
    }
    put("</td><td>{}</td><td><span class=\"state {}\">{}</span></td><td class=\"n\">{}</td>",
        escaped(task.role), style_of(task.state), name_of(task.state), items_of(task));
    const AttemptTotals& totals = task.totals;
    if (totals.attempts == 0) {
      put("<td class=\"n\">{}</td><td></td><td></td><td></td>",
          task.reused.tasks > 0 ? "reused" : "\u2013");
    } else {
      put("<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
          "class=\"n\">{}</td>",
          count(totals.attempts), short_count(totals.usage.prompt),
          percent(share(totals.usage.cached, totals.usage.prompt)),
          short_count(totals.usage.completion));
    }
    put("<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        task.started
            ? short_time(std::max(
                  Duration{}, task.ended.value_or(std::max(now_, *task.started)) - *task.started))
            : "\u2013",
        totals.attempts == 0 ? "\u2013" : short_usd(totals.cost));
  }

  static std::string items_of(const PictureTask& task) {
    if (task.items.total == 0) return {};
    std::string out = fmt::format("{} of {}", count(task.items.succeeded), count(task.items.total));
    if (task.items.failed > 0) out += fmt::format("<br>{} failed", count(task.items.failed));
    return out;
  }

  void outputs() {
    if (picture_.outputs.empty()) return;
    const Result<workflow::Value> all = workflow::Value::parse(picture_.outputs);
    if (!all || all->members().empty()) return;
    out_ += "<section><h2>Outputs</h2>";
    for (const workflow::Member& output : all->members()) {
      std::string text;
      output.value.append_text(text);
      put("<h3>{}</h3><pre>{}</pre>", escaped_short(output.name, 120), escaped(beginning(text)));
      if (text.size() > kOutputBytes) {
        put("<p class=\"note\">The beginning of {} bytes.</p>", count(text.size()));
      }
    }
    out_ += "</section>";
  }

  // Whole characters of it, as many as a page has room for.
  static std::string_view beginning(std::string_view text) {
    if (text.size() <= kOutputBytes) return text;
    std::size_t end = kOutputBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
  }

  const RunPicture& picture_;
  WallTime now_;
  std::string out_;
};

}  // namespace

std::string html_report(const RunPicture& picture, WallTime now) {
  return Page(picture, now).make();
}

}  // namespace tidegate::engine
