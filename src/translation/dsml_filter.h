// DsmlFilter: turns tool calls that leak into text or reasoning as DSML (dsml_tag.h) back into tool
// calls. Stands between a decoder and whatever takes its events. One per answer, one thread.
//
// Only a call of a tool that the request declares is believed; all other text, be it about DSML,
// passes as it is. Held back is only what may yet become a tag, and the line breaks before it,
// which belong to the markup. Arguments go out as they come in, but for values that are no text,
// which wait for their end (16 KiB at most) so that what is no JSON can be sent as a string.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "translation/dsml_tag.h"
#include "translation/event.h"

namespace tidegate::translation {

class DsmlFilter : public EventSink {
 public:
  // `tools`: the names of those that the request declares, raw; they must outlive the filter, and
  // so must `next`. `id_seed` must differ from answer to answer: call ids are made from it.
  DsmlFilter(EventSink& next, std::vector<std::string_view> tools, std::string_view id_seed);

  void take(const Event& event) override;

  // How many calls were made from text.
  [[nodiscard]] std::uint32_t found() const { return found_; }

 private:
  enum class State : std::uint8_t {
    text,       // outside
    block,      // between calls
    call,       // between parameters
    parameter,  // in a parameter's value
  };

  void take_text(const Event& event);
  void drain();
  bool drain_text();
  bool drain_block();
  bool drain_call();
  bool drain_parameter();

  // The tags from a "<" on that begin a call: of its block, if there is one, and of the call.
  struct Opening {
    DsmlTag::Kind kind = DsmlTag::Kind::none;
    std::string_view name;
    std::size_t size = 0;
  };
  [[nodiscard]] Opening opening(std::string_view raw) const;
  [[nodiscard]] bool declared(std::string_view name) const;

  void consume(std::size_t size) { held_.erase(0, size); }
  void say(std::size_t size);  // the first bytes that are held, as text or reasoning
  void begin_call(std::string_view name);
  void begin_parameter(const DsmlTag& tag);
  void add_value(std::string_view raw);
  void end_parameter();
  void end_call();
  void arguments(std::string_view escaped);
  void settle(bool cut);  // the answer ends here

  EventSink& next_;
  std::vector<std::string_view> tools_;
  std::uint64_t seed_;
  State state_ = State::text;
  Event::Kind channel_ = Event::Kind::text;  // of what is held
  Seal channel_seal_ = Seal::none;
  std::string held_;
  std::string value_;  // of a parameter that is no text, until its end
  std::string scratch_;
  bool as_text_ = false;    // the parameter's value is a string
  bool undecided_ = false;  // it waits in value_
  bool first_parameter_ = true;
  std::uint32_t found_ = 0;
  std::uint32_t calls_ = 0;             // all that were told
  std::uint32_t current_ = 0;           // index of the call that is open
  std::vector<std::uint32_t> indexes_;  // ours, by the decoder's
};

}  // namespace tidegate::translation
