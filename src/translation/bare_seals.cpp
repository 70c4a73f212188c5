#include "translation/bare_seals.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tidegate::translation {
namespace {

// What OpenRouter's names of models begin with, and its formats of their reasoning.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kFormats{{
    {"anthropic/", "\"anthropic-claude-"},
    {"google/", "\"google-gemini-"},
    {"openai/", "\"openai-responses-"},
}};

bool is_bare(const Part& part) { return part.seal != Seal::none && part.maker.empty(); }

}  // namespace

std::string foreign_maker(const Aim& aim, std::string_view proof) {
  if (aim.memory == nullptr || proof.empty()) return {};
  std::string maker = aim.memory->maker_of(aim.owner, proof, aim.unknown);
  return maker == aim.maker ? std::string() : maker;
}

bool has_foreign_seals(const Request& request, const Aim& aim) {
  return std::ranges::any_of(request.parts, [&](const Part& part) {
    return is_bare(part) && !foreign_maker(aim, part.proof).empty();
  });
}

bool are_foreign_details(const Aim& aim, std::string_view details) {
  return std::ranges::any_of(kFormats, [&](const auto& format) {
    return !aim.wire_model.starts_with(format.first) && details.contains(format.second);
  });
}

void name_makers(Request& request, const Aim& aim) {
  for (Part& part : request.parts) {
    if (is_bare(part)) part.maker = request.keep(foreign_maker(aim, part.proof));
  }
}

}  // namespace tidegate::translation
