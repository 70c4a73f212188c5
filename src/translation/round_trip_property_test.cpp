// Whatever the conversation: written for one surface, read, written for another, read and written
// back, it means the same; so does an answer's stream. What may be lost on the way is listed below,
// in the words of docs/dialects.md.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "http/sse_scanner.h"
#include "json/escape.h"
#include "translation/codec.h"

namespace tidegate::translation {
namespace {

struct Side {
  std::string_view name;
  Surface surface;
  const protocol::DialectTable* dialect;
  std::string_view model;
};

constexpr std::array<Side, 7> kSides = {{
    {"deepseek", Surface::chat, &protocol::kDeepSeek, "deepseek-v4-pro"},
    {"openai_chat", Surface::chat, &protocol::kOpenAi, "gpt-4.1"},
    {"vllm", Surface::chat, &protocol::kVllm, "deepseek-v4-flash"},
    {"gemini", Surface::chat, &protocol::kGemini, "gemini-3.8-flash"},
    {"openrouter", Surface::chat, &protocol::kOpenRouter, "deepseek/deepseek-v4-pro"},
    {"openai", Surface::responses, &protocol::kOpenAi, "gpt-4.1"},
    {"anthropic", Surface::messages, &protocol::kAnthropic, "claude-sonnet-4-5"},
}};

struct Dice {
  explicit Dice(unsigned seed) : random(seed) {}
  std::size_t below(std::size_t end) { return random() % end; }
  bool chance(std::size_t of) { return below(of) == 0; }
  std::string_view words() {
    constexpr std::string_view kWords[] = {"yes",       "two words",      R"(a \"quote\")",
                                           R"(line\n)", "日本語 \\u00e9", "<b>&amp;</b>",
                                           "{}",        "grüße 🎉",       "no"};
    return kWords[below(std::size(kWords))];
  }
  std::mt19937 random;
};

// A request that every side can be asked, but for the losses. `form`: and for structured output.
class Conversation {
 public:
  Conversation(unsigned seed, bool form) : dice_(seed) {
    if (dice_.chance(2)) turn(dice_.chance(2) ? Role::system : Role::developer, {text()});
    const std::size_t rounds = 1 + dice_.below(4);
    for (std::size_t round = 0; round < rounds; ++round) {
      turn(Role::user, user());
      if (round + 1 < rounds || dice_.chance(2)) answer(round + 1 == rounds);
    }
    settings();
    if (!form || !dice_.chance(2)) return;
    request.format.kind = ResponseFormat::Kind::json_schema;
    request.format.name = "list";
    request.format.schema =
        R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],)"
        R"("additionalProperties":false})";
    request.format.strict = true;
  }

  Request request;

 private:
  void turn(Role role, const std::vector<Part>& parts) {
    Turn& turn = request.turns.emplace_back();
    turn.role = role;
    turn.first = static_cast<std::uint32_t>(request.parts.size());
    turn.parts = static_cast<std::uint32_t>(parts.size());
    request.parts.insert(request.parts.end(), parts.begin(), parts.end());
  }
  Part text() {
    Part part;
    part.text = request.keep(fmt::format("{} {}", dice_.words(), ++number_));
    return part;
  }
  Part image() {
    Part part;
    part.kind = Part::Kind::image;
    if (dice_.chance(2)) {
      part.url = "https://example.com/a.png";
    } else {
      part.media_type = "image/png";
      part.data = "iVBORw0KGgo=";
    }
    return part;
  }
  Part document() {
    Part part;
    part.kind = Part::Kind::document;
    part.media_type = "application/pdf";
    part.data = "JVBERi0xLjcK";
    part.name = "tides.pdf";
    return part;
  }
  std::vector<Part> user() {
    std::vector<Part> parts = {text()};
    if (dice_.chance(3)) parts.push_back(image());
    if (dice_.chance(4)) parts.push_back(document());
    if (dice_.chance(3)) parts.push_back(text());
    return parts;
  }
  Part reasoning() {
    Part part;
    part.kind = Part::Kind::reasoning;
    part.text = request.keep(fmt::format("thought {} {}", ++number_, dice_.words()));
    const std::size_t kind = dice_.below(4);
    if (kind == 1) {
      part.seal = Seal::anthropic_signature;
      part.proof = "EqQBCkg=";
    } else if (kind == 2) {
      part.seal = Seal::openai_encrypted;
      part.proof = "gAAAAABo";
      part.id = request.keep(fmt::format("rs_{}", number_));
    }
    return part;
  }

  // Steps of a tool loop; at the end words, unless the results come last.
  void answer(bool last) {
    const std::size_t steps = dice_.below(3) + (last ? 1 : 0);
    for (std::size_t step = 0; step < steps; ++step) {
      std::vector<Part> parts, results;
      if (dice_.chance(2)) parts.push_back(reasoning());
      if (dice_.chance(3)) parts.push_back(text());
      const std::size_t calls = 1 + dice_.below(3);
      for (std::size_t i = 0; i < calls; ++i) {
        Part& call = parts.emplace_back();
        call.kind = Part::Kind::tool_call;
        call.id = request.keep(fmt::format("call_{}", ++number_));
        call.name = dice_.chance(2) ? "read_file" : "run";
        constexpr std::string_view kArguments[] = {"", "{}",
                                                   R"({\"a\":[1,2.50],\"b\":\"c\\\"d\"})"};
        call.arguments = kArguments[dice_.below(3)];
        call.arguments_escaped = true;
        Part& result = results.emplace_back();
        result.kind = Part::Kind::tool_result;
        result.id = call.id;
        result.is_error = dice_.chance(4);
      }
      turn(Role::assistant, parts);
      if (dice_.chance(2)) std::ranges::reverse(results);
      for (const Part& result : results) {
        std::vector<Part> content = {result, text()};
        if (dice_.chance(4)) content.push_back(image());
        if (dice_.chance(5)) content.push_back(document());
        for (auto part = content.begin() + 1; part != content.end(); ++part) part->in_result = true;
        turn(Role::tool, content);
      }
    }
    if (last) return;
    std::vector<Part> parts;
    if (dice_.chance(2)) parts.push_back(reasoning());
    parts.push_back(text());
    turn(Role::assistant, parts);
  }

  void settings() {
    for (const std::string_view name : {"read_file", "run"}) {
      Tool& tool = request.tools.emplace_back();
      tool.name = name;
      tool.description = "Does it";
      tool.schema = R"({"type":"object","properties":{"a":{"type":"array"}}})";
      tool.type = "function";
    }
    request.max_tokens = 1000 + static_cast<Tokens>(dice_.below(1000));
    if (dice_.chance(2)) request.temperature = "0.5";
    if (dice_.chance(2)) request.stop = R"(["END"])";
    request.stream = dice_.chance(2);
    using Kind = ToolChoice::Kind;
    constexpr Kind kChoices[] = {Kind::unset, Kind::automatic, Kind::none, Kind::required,
                                 Kind::named};
    request.tool_choice.kind = kChoices[dice_.below(std::size(kChoices))];
    if (request.tool_choice.kind == Kind::named) request.tool_choice.name = "run";
    const bool may_call = request.tool_choice.kind != Kind::none;
    if (may_call && dice_.chance(3)) request.parallel_tool_calls = false;
  }

  Dice dice_;
  int number_ = 0;
};

// What of a conversation of `here` may be lost on its way over `there` and back, by the table "What
// cannot be said" and the section on reasoning. All else must come back.
struct Losses {
  Losses(const Side& here, const Side& there)
      : developer(!there.dialect->developer_role || there.surface != Surface::chat),
        error_flag(there.surface != Surface::messages),
        stop(there.surface == Surface::responses),
        plain_reasoning(!takes_plain(here) || !takes_plain(there)),
        anthropic_seal(there.surface != Surface::messages),
        openai_seal(there.surface != Surface::responses),
        result_files(takes_files(here) && !takes_files(there)),
        form_name(there.surface == Surface::messages) {}
  static bool takes_plain(const Side& side) {
    return side.surface == Surface::chat && !side.dialect->reasoning_field.empty();
  }
  static bool takes_files(const Side& side) {
    return side.surface != Surface::chat || side.dialect->images_in_tool_results;
  }
  bool developer;        // becomes system, on Responses as instructions
  bool error_flag;       // "Error: " before its text
  bool stop;             // has no such setting
  bool plain_reasoning;  // one of them takes none
  bool anthropic_seal, openai_seal;
  bool result_files;  // what is no text in a result goes to a user message, under a title
  bool form_name;     // structured output has no name, and is always strict
};

// Of "Result of tool call X:" the X; empty: it is no such title.
std::string_view titled(const Part& part) {
  constexpr std::string_view kTitle = "Result of tool call ";
  if (part.kind != Part::Kind::text || !part.text.starts_with(kTitle)) return {};
  return part.text.substr(kTitle.size(), part.text.size() - kTitle.size() - 1);
}

// Before the content of a failed result that is a list, where the surface has no flag for it.
bool is_mark(const Part& part) {
  return part.kind == Part::Kind::text && part.in_result && part.text == "Error: ";
}

// What a request says, a line for each thing; what may be lost on the way is left out.
std::string meaning(const Request& request, const Losses& lost) {
  std::string out, aside;
  bool error = false;
  for (const Turn& turn : request.turns) {
    std::string_view result;  // whose content the part is
    constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
    const Role role = turn.role == Role::developer && lost.developer ? Role::system : turn.role;
    for (const Part* part = request.begin(turn); part != request.end(turn); ++part) {
      std::string line;
      const std::string_view title = lost.result_files ? titled(*part) : std::string_view();
      if (!title.empty()) {
        result = title;
        continue;
      }
      if (lost.error_flag && is_mark(*part)) {
        error = true;
        continue;
      }
      switch (part->kind) {
        case Part::Kind::text: {
          const bool marked =
              error && part->in_result && lost.error_flag && !part->text.starts_with("Error");
          std::string text = (marked ? "Error: " : "") + std::string(part->text);
          // The mark and the first text, where they became one.
          if (text.starts_with(R"(Error: \n\n)")) text.erase(7, 4);
          line = "text " + json::unescape(text).value();
          error = false;
          break;
        }
        case Part::Kind::reasoning: {
          const bool seal_lost =
              part->seal == Seal::none ||
              (part->seal == Seal::anthropic_signature ? lost.anthropic_seal : lost.openai_seal);
          if (seal_lost && lost.plain_reasoning) continue;
          line = fmt::format("reasoning {} {}", part->text, seal_lost ? "" : part->proof);
          break;
        }
        case Part::Kind::tool_call: {
          std::string arguments(part->arguments);
          if (part->arguments_escaped) arguments = json::unescape(arguments).value();
          line = fmt::format("call {} {} {}", part->id, part->name,
                             arguments.empty() ? "{}" : arguments);
          break;
        }
        case Part::Kind::tool_result:
          error = part->is_error;
          result = part->id;
          line = fmt::format("result {} {}", part->id, part->is_error && !lost.error_flag);
          break;
        case Part::Kind::image:
          line = fmt::format("image {} {} {}", part->url, part->media_type, part->data);
          break;
        case Part::Kind::document:
          line = fmt::format("document {} {} {}", part->name, part->media_type, part->data);
          break;
        default:
          line = "something else";
      }
      const bool file = part->kind == Part::Kind::image || part->kind == Part::Kind::document;
      if (lost.result_files && file && !result.empty()) {
        aside += fmt::format("of {}: {}\n", result, line);
        continue;
      }
      // Texts in a row are one, with a blank line between.
      const bool joins = part != request.begin(turn) && part->kind == Part::Kind::text &&
                         part[-1].kind == Part::Kind::text && !is_mark(part[-1]);
      out += joins ? "\n" + line.substr(line.find(' ') + 1) + "\n"
                   : fmt::format("{}: {}\n", kRoles[static_cast<std::size_t>(role)], line);
    }
  }
  for (const Tool& tool : request.tools) {
    out += fmt::format("tool {} {} {}\n", tool.name, tool.description, tool.schema);
  }
  // Not to be asked and to be asked to choose freely are one.
  const bool free = request.tool_choice.kind == ToolChoice::Kind::unset;
  out +=
      fmt::format("{} {} {} {} {} {} {}\n", request.max_tokens.value_or(0), request.temperature,
                  lost.stop ? "" : request.stop, request.stream,
                  static_cast<int>(free ? ToolChoice::Kind::automatic : request.tool_choice.kind),
                  request.tool_choice.name, request.parallel_tool_calls.value_or(true));
  const ResponseFormat& form = request.format;
  out += fmt::format("{} {}", static_cast<int>(form.kind), form.schema);
  if (!lost.form_name) out += fmt::format(" {} {}", form.name, form.strict.value_or(false));
  return out + "\n" + aside;
}

Result<std::string> write(const Side& side, const Request& request) {
  std::string body;
  Notes notes;
  const auto written =
      codec(side.surface).write_request(request, *side.dialect, side.model, body, notes);
  if (!written) return std::unexpected(written.error());
  return body;
}

class RoundTrip : public testing::TestWithParam<std::pair<std::size_t, std::size_t>> {
 protected:
  const Side& here_ = kSides[GetParam().first];
  const Side& there_ = kSides[GetParam().second];
};

TEST_P(RoundTrip, a_conversation_means_the_same) {
  const Losses lost(here_, there_);
  const bool form = here_.dialect->json_schema && there_.dialect->json_schema;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    const Conversation conversation(seed, form);
    const auto first = write(here_, conversation.request);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    const auto before = codec(here_.surface).read_request(*first);
    ASSERT_TRUE(before.has_value()) << before.error().message << *first;
    const auto crossed = write(there_, *before);
    ASSERT_TRUE(crossed.has_value()) << crossed.error().message << *first;
    const auto seen = codec(there_.surface).read_request(*crossed);
    ASSERT_TRUE(seen.has_value()) << seen.error().message << *crossed;
    const auto back = write(here_, *seen);
    ASSERT_TRUE(back.has_value()) << back.error().message << *crossed;
    const auto after = codec(here_.surface).read_request(*back);
    ASSERT_TRUE(after.has_value()) << after.error().message << *back;
    ASSERT_EQ(meaning(*before, lost), meaning(*after, lost)) << *first << "\n" << *crossed;
  }
}

// What an answer says, however it was cut into events.
struct Heard : EventSink {
  void take(const Event& event) override {
    using Kind = Event::Kind;
    if (event.kind == Kind::text) text += event.text;
    if (event.kind == Kind::reasoning) reasoning += event.text;
    if (event.kind == Kind::tool_call) {
      calls.push_back(fmt::format("{} {} ", event.id, event.name));
    }
    if (event.kind == Kind::tool_arguments) calls.at(event.index) += event.text;
    if (event.kind == Kind::finish) finish = event.finish;
    if (event.kind == Kind::usage) usage = event.usage;
    if (event.kind == Kind::done) done = true;
  }
  [[nodiscard]] std::string meaning() const {
    std::string out = fmt::format("{}\n{}\n", text, reasoning);
    for (const std::string& call : calls) out += call + "\n";
    return out + fmt::format("{} {} {} {} {}\n", static_cast<int>(finish), usage.prompt,
                             usage.cached, usage.completion, done);
  }
  std::string text, reasoning;
  std::vector<std::string> calls;
  protocol::FinishReason finish = protocol::FinishReason::none;
  Usage usage;
  bool done = false;
};

AnswerContext context() {
  AnswerContext context;
  context.id = "1";
  context.model = "m";
  context.include_usage = context.want_proof = true;
  context.maker = "deepseek/deepseek-v4-pro";
  return context;
}

struct Writing : EventSink {
  explicit Writing(const Side& side) : encoder(codec(side.surface).stream_encoder(context())) {}
  void take(const Event& event) override { encoder->encode(event, out); }
  std::unique_ptr<StreamEncoder> encoder;
  std::string out;
};

void read_stream(const Side& side, std::string_view bytes, EventSink& sink) {
  const auto decoder = codec(side.surface).stream_decoder(*side.dialect);
  http::SseScanner scanner;
  http::SseEvent event;
  while (scanner.next(bytes, event).value()) {
    if (event.kind != http::SseEvent::Kind::data) continue;
    const auto read = decoder->decode(event.name, event.data, sink);
    ASSERT_TRUE(read.has_value()) << read.error().message << event.data;
  }
  EXPECT_TRUE(decoder->done());
}

void tell_answer(unsigned seed, EventSink& sink) {
  using Kind = Event::Kind;
  Dice dice(seed);
  Event event;
  const auto tell = [&](Kind kind, std::string_view text = {}) {
    event.kind = kind;
    event.text = text;
    sink.take(event);
  };
  event.id = "a1";
  event.name = "served";
  tell(Kind::start);
  event.id = event.name = {};
  if (dice.chance(2)) {
    for (std::size_t i = dice.below(3) + 1; i > 0; --i) tell(Kind::reasoning, dice.words());
  }
  if (dice.chance(2)) {
    for (std::size_t i = dice.below(4) + 1; i > 0; --i) tell(Kind::text, dice.words());
  }
  const std::size_t calls = dice.below(4);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < calls; ++i) ids.push_back(fmt::format("call_{}", i));
  for (std::size_t i = 0; i < calls; ++i) {
    event.index = static_cast<std::uint32_t>(i);
    event.id = ids[i];
    event.name = "run";
    tell(Kind::tool_call);
    event.id = event.name = {};
    for (const std::string_view piece : {R"({\"a\")", R"(:\"b)", R"(\\n\"})"}) {
      tell(Kind::tool_arguments, piece);
    }
  }
  event.finish = calls != 0       ? protocol::FinishReason::tool_calls
                 : dice.chance(3) ? protocol::FinishReason::length
                                  : protocol::FinishReason::stop;
  tell(Kind::finish);
  event.usage.prompt = 100 + static_cast<Tokens>(dice.below(100));
  event.usage.cached = static_cast<Tokens>(dice.below(100));
  event.usage.completion = 1 + static_cast<Tokens>(dice.below(100));
  tell(Kind::usage);
  tell(Kind::done);
}

TEST_P(RoundTrip, an_answer_means_the_same) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Heard told, heard;
    tell_answer(seed, told);
    Writing first(here_), crossed(there_), back(here_);
    tell_answer(seed, first);
    read_stream(here_, first.out, crossed);
    read_stream(there_, crossed.out, back);
    read_stream(here_, back.out, heard);
    ASSERT_EQ(told.meaning(), heard.meaning()) << first.out << "\n" << crossed.out;
  }
}

std::vector<std::pair<std::size_t, std::size_t>> pairs() {
  std::vector<std::pair<std::size_t, std::size_t>> all;
  for (std::size_t a = 0; a < kSides.size(); ++a) {
    for (std::size_t b = 0; b < kSides.size(); ++b) {
      if (a != b) all.emplace_back(a, b);
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Pair, RoundTrip, testing::ValuesIn(pairs()), [](const auto& pair) {
  return fmt::format("{}_and_{}", kSides[pair.param.first].name, kSides[pair.param.second].name);
});

}  // namespace
}  // namespace tidegate::translation
