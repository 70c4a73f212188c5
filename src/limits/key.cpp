#include "limits/key.h"

namespace tidegate::limits {

KeyState state_of(const Key& key, WallTime now) {
  if (key.revoked) return KeyState::revoked;
  return key.expires && *key.expires <= now ? KeyState::expired : KeyState::active;
}

std::string_view name(KeyState state) {
  switch (state) {
    case KeyState::active:
      return "active";
    case KeyState::expired:
      return "expired";
    case KeyState::revoked:
      break;
  }
  return "revoked";
}

}  // namespace tidegate::limits
