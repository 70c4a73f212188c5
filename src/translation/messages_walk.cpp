#include "translation/messages_walk.h"

#include <fmt/format.h>

namespace tidegate::translation::messages {

std::string Where::path(std::string_view member) const {
  std::string out(list);
  if (item != Place::kNone) out += fmt::format("[{}]", item);
  if (element != Place::kNone) out += fmt::format(".content[{}]", element);
  if (inner != Place::kNone) out += fmt::format(".content[{}]", inner);
  if (!out.empty() && !member.empty()) out += '.';
  return out.append(member);
}

bool Walk::refuse(const Where& where, std::string_view member, std::string_view what) {
  std::string path = where.path(member);
  std::string message = fmt::format("{} {}", path, what);
  return fault({ErrorCode::invalid, std::move(message), std::move(path)});
}

bool Walk::wrong_type(const Where& where, std::string_view member, std::string_view expected) {
  return reader_.skip() && refuse(where, member, fmt::format("must be {}", expected));
}

}  // namespace tidegate::translation::messages
