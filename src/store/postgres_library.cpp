#include "store/postgres_library.h"

#include <dlfcn.h>

#include <type_traits>

namespace tidegate::store {
namespace {

bool load(PostgresLibrary& library) {
  void* const handle = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return false;
  bool all = true;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
    all = all && function != nullptr;
  };
#define TIDEGATE_PQ_FIND(name) find(library.name, #name);
  TIDEGATE_PQ_FUNCTIONS(TIDEGATE_PQ_FIND)
#undef TIDEGATE_PQ_FIND
  return all;
}

}  // namespace

const PostgresLibrary* postgres_library() {
  static const PostgresLibrary* const loaded = [] {
    static PostgresLibrary library;
    return load(library) ? &library : nullptr;
  }();
  return loaded;
}

}  // namespace tidegate::store
