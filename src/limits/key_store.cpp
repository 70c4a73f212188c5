#include "limits/key_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "limits/key_rows.h"
#include "limits/key_secret.h"
#include "store/sqlite.h"

namespace tidegate::limits {
namespace {

// What the secret's proof is made of: shows that a secret is the one that keys were hashed under.
constexpr std::string_view kProofOf = "tidegate virtual keys";

std::string secret_path(const std::string& path) { return path + ".secret"; }

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// SQLite would make it readable by all; so are then the files beside it.
Result<void> make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(ErrorCode::io, fmt::format("{}: cannot open the file of the keys: {}", path,
                                           std::strerror(errno)));
  }
  ::close(fd);
  return {};
}

Error about(const std::string& path, Error error) {
  if (!error.message.contains(path)) error.message = fmt::format("{}: {}", path, error.message);
  return error;
}

}  // namespace

KeyStore::~KeyStore() = default;

KeyStore::FileIdentity KeyStore::identity_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino};
}

Result<std::unique_ptr<KeyStore>> KeyStore::open(KeyStoreOptions options) {
  auto existing = open_existing(options);
  if (!existing || *existing != nullptr) return existing;
  if (auto made = make_private_file(options.path); !made) return std::unexpected(made.error());
  return open_existing(std::move(options));
}

Result<std::unique_ptr<KeyStore>> KeyStore::open_existing(KeyStoreOptions options) {
  if (!exists(options.path)) {
    const std::string folder = std::filesystem::path(options.path).parent_path();
    if (!folder.empty() && !exists(folder)) {
      return fail(ErrorCode::io,
                  fmt::format("{}: the folder of the keys' file is not there; make or mount it, or "
                              "change state.keys",
                              folder));
    }
    if (!exists(secret_path(options.path))) return nullptr;
    // The file is made before the secret, so it was there: served without it, nobody would be asked
    // for a key any more.
    return fail(ErrorCode::not_found,
                fmt::format("{0}: the file of the keys is gone, while their secret {0}.secret is "
                            "there; restore it, or remove the secret to begin without keys",
                            options.path));
  }
  std::unique_ptr<KeyStore> store(new KeyStore(std::move(options)));
  if (auto started = store->start(); !started) {
    return std::unexpected(about(store->options_.path, std::move(started.error())));
  }
  return store;
}

Result<void> KeyStore::start() {
  identity_ = identity_of(options_.path);
  store::SqliteOptions sqlite;
  sqlite.path = options_.path;
  sqlite.cache_kib = 256;
  auto file = store::open_sqlite(std::move(sqlite));
  if (!file) return std::unexpected(file.error());
  file_ = std::move(*file);
  if (auto done = migrate_keys(*file_); !done) return done;
  bool any = false;
  auto read =
      file_->query("SELECT 1 FROM virtual_key LIMIT 1", {}, [&](const store::Row&) { any = true; });
  if (!read) return read;
  if (auto noted = changed(); !noted) return std::unexpected(noted.error());
  if (!any) return {};
  auto known = secret(false);
  if (!known) return std::unexpected(known.error());
  return {};
}

// make: the first key is being made, with the store's write lock held.
Result<std::string> KeyStore::secret(bool make) {
  std::string found = options_.secret;
  if (found.empty()) {
    const std::string path = secret_path(options_.path);
    auto read = read_key_secret(path);
    if (!read) return std::unexpected(read.error());
    if (*read) {
      found = std::move(**read);
    } else if (make) {
      auto made = make_key_secret(path);
      if (!made) return made;
      found = std::move(*made);
    } else {
      return fail(ErrorCode::not_found,
                  fmt::format("{}: the secret that the keys were hashed with is gone; restore the "
                              "file, or set key_secret",
                              path));
    }
  }
  if (auto good = check_secret(found, make); !good) return std::unexpected(good.error());
  return found;
}

Result<void> KeyStore::check_secret(const std::string& secret, bool make) {
  const std::string proof = to_hex(tls::KeyedHash(secret)(kProofOf));
  std::string known;
  auto read = file_->query("SELECT proof FROM virtual_key_secret", {},
                           [&](const store::Row& row) { known = row.text(0); });
  if (!read) return read;
  if (known.empty() && make) {
    const std::array<store::Value, 1> row{std::string_view(proof)};
    auto noted = file_->run("INSERT INTO virtual_key_secret VALUES (1, ?)", row);
    if (!noted) return std::unexpected(noted.error());
    return {};
  }
  if (known == proof) return {};
  return fail(ErrorCode::invalid,
              fmt::format("{}: the keys were hashed with another secret than {}; no key would fit",
                          options_.path,
                          options_.secret.empty() ? "that in " + secret_path(options_.path)
                                                  : std::string("key_secret")));
}

template <class T>
Result<T> KeyStore::in_transaction(const std::function<Result<T>()>& work) {
  if (auto begun = file_->begin(); !begun) return std::unexpected(begun.error());
  Result<T> done = work();
  if (done) {
    if (auto committed = file_->commit(); !committed) done = std::unexpected(committed.error());
  }
  if (!done) {
    file_->rollback();
    const ErrorCode code = done.error().code;
    if (code == ErrorCode::io || code == ErrorCode::unavailable) {
      done.error() = about(options_.path, std::move(done.error()));
    }
  }
  return done;
}

Result<NewKey> KeyStore::create(const KeyDraft& draft, WallTime now) {
  return in_transaction<NewKey>([&]() -> Result<NewKey> {
    bool taken = false;
    const std::array<store::Value, 1> name{std::string_view(draft.name)};
    auto looked = file_->query("SELECT 1 FROM virtual_key WHERE name = ? AND revoked_us IS NULL",
                               name, [&](const store::Row&) { taken = true; });
    if (!looked) return std::unexpected(looked.error());
    if (taken) {
      return fail(ErrorCode::invalid,
                  fmt::format("a key \"{}\" is in use; revoke it or take another name", draft.name),
                  "name");
    }
    auto under = secret(true);
    if (!under) return std::unexpected(under.error());
    auto text = make_key_text();
    if (!text) return std::unexpected(text.error());
    NewKey made{.text = std::move(*text), .key = {}};
    Key& key = made.key;
    key.id = *read_key_text(made.text);
    key.name = draft.name;
    key.tenant = draft.tenant;
    key.allowed = draft.allowed;
    key.own = draft.own;
    key.labels = draft.labels;
    key.last4 = made.text.substr(made.text.size() - 4);
    key.created = now;
    key.expires = draft.expires;
    key.hash = tls::KeyedHash(*under)(made.text);
    if (auto inserted = insert_key(*file_, key); !inserted) {
      return std::unexpected(inserted.error());
    }
    return made;
  });
}

Result<Key> KeyStore::find(std::string_view id_or_name) {
  const bool by_id = KeyId::parse(id_or_name).has_value();
  static const std::string kById =
      fmt::format("SELECT {} FROM virtual_key WHERE id = ?", kKeyColumns);
  static const std::string kByName =
      fmt::format("SELECT {} FROM virtual_key WHERE name = ? AND revoked_us IS NULL", kKeyColumns);
  std::optional<Result<Key>> found;
  const std::array<store::Value, 1> wanted{id_or_name};
  auto read = file_->query(by_id ? kById : kByName, wanted,
                           [&](const store::Row& row) { found = read_key(row); });
  if (!read) return std::unexpected(read.error());
  if (!found) {
    return fail(ErrorCode::not_found,
                by_id ? fmt::format("there is no key {}", id_or_name)
                      : fmt::format("no key \"{}\" is in use", id_or_name.substr(0, 64)));
  }
  if (*found && (*found)->revoked) {
    return fail(ErrorCode::invalid, fmt::format("the key {} was revoked at {}", id_or_name,
                                                format_rfc3339(*(*found)->revoked)));
  }
  return std::move(*found);
}

Result<Key> KeyStore::revoke(std::string_view id_or_name, WallTime now) {
  return in_transaction<Key>([&]() -> Result<Key> {
    auto key = find(id_or_name);
    if (!key) return key;
    key->revoked = now;
    if (auto done = update_key(*file_, *key); !done) return std::unexpected(done.error());
    return key;
  });
}

Result<NewKey> KeyStore::rotate(std::string_view id_or_name, Duration grace, WallTime now) {
  return in_transaction<NewKey>([&]() -> Result<NewKey> {
    auto found = find(id_or_name);
    if (!found) return std::unexpected(found.error());
    if (state_of(*found, now) == KeyState::expired) {
      return fail(ErrorCode::invalid, fmt::format("the key {} expired at {}; create another",
                                                  id_or_name, format_rfc3339(*found->expires)));
    }
    auto under = secret(false);
    if (!under) return std::unexpected(under.error());
    auto text = make_key_text(found->id);
    if (!text) return std::unexpected(text.error());
    NewKey made{.text = std::move(*text), .key = std::move(*found)};
    Key& key = made.key;
    key.old_until = grace > Duration{} ? std::optional(now + grace) : std::nullopt;
    key.old_hash = key.old_until ? key.hash : tls::Digest{};
    key.hash = tls::KeyedHash(*under)(made.text);
    key.last4 = made.text.substr(made.text.size() - 4);
    if (auto done = update_key(*file_, key); !done) return std::unexpected(done.error());
    return made;
  });
}

Result<void> KeyStore::each(const std::function<void(const Key&)>& take) {
  static const std::string kAll =
      fmt::format("SELECT {} FROM virtual_key ORDER BY created_us, id", kKeyColumns);
  Result<void> good;
  auto read = file_->query(kAll, {}, [&](const store::Row& row) {
    if (!good) return;
    const Result<Key> key = read_key(row);
    if (key) {
      take(*key);
    } else {
      good = std::unexpected(about(options_.path, key.error()));
    }
  });
  if (!read) return read;
  return good;
}

Result<bool> KeyStore::changed() {
  if (identity_of(options_.path) != identity_) {
    return fail(ErrorCode::io,
                fmt::format("{}: the file of the keys was removed or replaced", options_.path));
  }
  std::int64_t version = 0;
  auto read = file_->query("PRAGMA data_version", {},
                           [&](const store::Row& row) { version = row.integer(0); });
  if (!read) return std::unexpected(read.error());
  return std::exchange(data_version_, version) != version;
}

Result<tls::KeyedHash> KeyStore::keyed_hash() {
  auto under = secret(false);
  if (!under) return std::unexpected(under.error());
  return tls::KeyedHash(*under);
}

}  // namespace tidegate::limits
