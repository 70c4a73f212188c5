// The functions sqlar_compress(X) and sqlar_uncompress(X, SIZE) for statements, as the sqlite3
// shell has them, so that texts which are kept deflated can be read there too. Used by sqlite.cpp
// for every connection. On the connection's thread.
#pragma once

struct sqlite3;

namespace tidegate::store {

// The result code of SQLite.
int add_deflate_functions(sqlite3* database);

}  // namespace tidegate::store
