// Texts with expressions: any bytes as the text, and again as the value of all that it names. What
// is put in is never looked at again: the values hold a marker that only an expression of theirs
// could remove.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "require.h"
#include "workflow/template.h"

namespace {

using namespace tidegate;
using workflow::Value;

constexpr std::string_view kMarker = "${{ run.id }}";

class AnyScope final : public workflow::Scope {
 public:
  explicit AnyScope(Value value) : value_(std::move(value)) {
    need_.id = "a";
    need_.outcome = workflow::Outcome::success;
    need_.output = value_;
  }
  Value input(std::string_view) const override { return value_; }
  const workflow::Need* need(std::string_view) const override { return &need_; }
  std::vector<const workflow::Need*> needs() const override { return {&need_}; }
  Value item() const override { return value_; }
  std::int64_t item_index() const override { return 0; }
  std::string_view item_key() const override { return kMarker; }
  Value run(std::string_view) const override { return Value("expanded"); }

 private:
  Value value_;
  workflow::Need need_;
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto compiled = workflow::Template::compile(text);
  if (!compiled) {
    require(!compiled.error().empty());
    for (const auto& error : compiled.error()) {
      require(!error.message.empty() && error.offset <= size);
    }
    return 0;
  }
  const AnyScope scope{Value(kMarker)};
  const auto rendered = compiled->render(scope);
  const auto pieces = compiled->pieces(scope);
  require(rendered.has_value() == pieces.has_value());
  if (!rendered) return 0;
  std::string joined;
  for (const auto& piece : *pieces) joined += *piece.text;
  require(joined == *rendered);
  if (text.contains("join")) return 0;  // may put one value in many times
  // "expanded" comes from expressions of the text alone, one each at most.
  std::size_t allowed = count(text, "expanded");
  for (const auto& reference : compiled->references()) {
    allowed += reference.root == workflow::Reference::Root::run ? 1 : 0;
  }
  require(count(*rendered, "expanded") <= allowed);
  return 0;
}
