// KeyStore: the file of the virtual keys, one row a key. Any number of processes may have it open:
// `tidegate keys` writes beside running gateways. One object belongs to one thread.
//
// A row holds an HMAC of the key under a secret of the server's own, which is given by the
// configuration or else kept in PATH.secret, made with the first key.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "limits/key.h"
#include "limits/key_draft.h"
#include "store/store.h"
#include "tls/keyed_hash.h"

namespace tidegate::limits {

struct KeyStoreOptions {
  std::string path;
  std::string secret;  // empty: the one in PATH.secret
};

class KeyStore {
 public:
  // Makes the file when it is missing, unless it was there: a secret without its keys is an error,
  // as are a damaged file, one of a newer version, and a secret that is not the keys' own.
  static Result<std::unique_ptr<KeyStore>> open(KeyStoreOptions options);
  // The same; null when there is no file.
  static Result<std::unique_ptr<KeyStore>> open_existing(KeyStoreOptions options);
  ~KeyStore();
  KeyStore(const KeyStore&) = delete;
  KeyStore& operator=(const KeyStore&) = delete;

  // `draft` has passed check(). Error::invalid: a key in use has this name.
  Result<NewKey> create(const KeyDraft& draft, WallTime now);
  // By id, or by the name of a key that is in use. Errors: not_found; invalid: it is revoked.
  Result<Key> revoke(std::string_view id_or_name, WallTime now);
  // Gives the key a new secret; the one until now stays good for `grace`.
  Result<NewKey> rotate(std::string_view id_or_name, Duration grace, WallTime now);

  // Every key, in the order of their creation. Error::invalid: a row is damaged.
  Result<void> each(const std::function<void(const Key&)>& take);
  // Whether somebody else wrote since the last call. Error::io: the file was removed or replaced.
  Result<bool> changed();
  // Under the keys' secret, which must be there: no key exists without it.
  Result<tls::KeyedHash> keyed_hash();

 private:
  struct FileIdentity {
    std::uint64_t device = 0, inode = 0;
    bool operator==(const FileIdentity&) const = default;
  };
  explicit KeyStore(KeyStoreOptions options) : options_(std::move(options)) {}
  static FileIdentity identity_of(const std::string& path);
  Result<void> start();
  Result<std::string> secret(bool make);
  Result<void> check_secret(const std::string& secret, bool make);
  template <class T>
  Result<T> in_transaction(const std::function<Result<T>()>& work);
  Result<Key> find(std::string_view id_or_name);

  const KeyStoreOptions options_;
  std::unique_ptr<store::Store> file_;
  FileIdentity identity_;
  std::int64_t data_version_ = 0;
};

}  // namespace tidegate::limits
