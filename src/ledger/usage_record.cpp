#include "ledger/usage_record.h"

namespace tidegate::ledger {

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::provider_error:
      return "provider_error";
    case Outcome::unreachable:
      return "unreachable";
    case Outcome::timed_out:
      return "timed_out";
    case Outcome::truncated:
      return "truncated";
    case Outcome::failed_in_answer:
      return "failed_in_answer";
    case Outcome::client_gone:
      return "client_gone";
  }
  return "unknown";
}

std::string_view name(UsageSource source) {
  switch (source) {
    case UsageSource::none:
      return "none";
    case UsageSource::reported:
      return "reported";
    case UsageSource::estimated:
      return "estimated";
  }
  return "unknown";
}

}  // namespace tidegate::ledger
