/* cache_file.c: the SQLite file behind the cache.
 *
 * Journal: SQLite's own default, a rollback journal. A write-ahead log needs shared memory, which network file systems, on which
 * homes often lie, do not have; and there is one short write a process at most. Each value carries a checksum of
 * its own, since SQLite has none. A damaged file is reset under SQLite's locks, never unlinked: another process may have it open,
 * and its journal would then be taken for the new file's. */
#include "rt/cache_file.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

/* Changes with the table below: a file of another version is emptied. */
enum { LAYOUT_VERSION = 1 };
/* How long to wait for other processes that write. */
enum { BUSY_MILLISECONDS = 2000 };

static const char *const schema = "DROP TABLE IF EXISTS entries; "
                                  "CREATE TABLE entries(key BLOB PRIMARY KEY, checksum INTEGER NOT NULL, "
                                  "used INTEGER NOT NULL, size INTEGER NOT NULL, value BLOB NOT NULL); "
                                  "PRAGMA user_version = 1";

struct cache_file {
    base_env *env;
    sqlite3 *database; /* NULL until opened */
    char *directory, *path;
    char reason[256];
};

cache_file *cache_file_create(base_env *env, const char *directory) {
    cache_file *file = base_allocate_zero(env, 1, sizeof *file);
    if (!file) return NULL;
    file->env = env;
    file->directory = base_copy_string(env, directory);
    file->path = base_format(env, "%s/clade.sqlite", directory);
    if (!file->directory || !file->path) cache_file_destroy(&file);
    return file;
}

static void close_database(cache_file *file) {
    sqlite3_close(file->database); /* NULL is fine */
    file->database = NULL;
}

void cache_file_destroy(cache_file **file) {
    if (!file || !*file) return;
    cache_file *gone = *file;
    *file = NULL;
    close_database(gone);
    base_free(gone->env, gone->path);
    base_free(gone->env, gone->directory);
    base_free(gone->env, gone);
}

const char *cache_file_path(const cache_file *file) { return file->path; }
const char *cache_file_reason(const cache_file *file) { return file->reason; }

/* What SQLite's code means here; keeps the reason. */
static cache_result judge(cache_file *file, int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return CACHE_FOUND;
    snprintf(file->reason, sizeof file->reason, "%s",
             file->database ? sqlite3_errmsg(file->database) : sqlite3_errstr(code));
    const int primary = code & 0xff;
    /* SQLITE_ERROR comes from statements that the file's tables do not fit. */
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR || primary == SQLITE_FORMAT
               ? CACHE_DAMAGED
               : CACHE_REFUSED;
}

/* ---- Statements ------------------------------------------------------------------------------------------------- */

static cache_result compile(cache_file *file, const char *text, sqlite3_stmt **statement_out) {
    return judge(file, sqlite3_prepare_v2(file->database, text, -1, statement_out, NULL));
}

/* Steps once, then ends the statement; NULL is fine. */
static cache_result finish(cache_file *file, cache_result bound, sqlite3_stmt *statement) {
    const cache_result result = bound == CACHE_FOUND ? judge(file, sqlite3_step(statement)) : bound;
    sqlite3_finalize(statement);
    return result;
}

static cache_result bind_key(cache_file *file, sqlite3_stmt *statement, const rt_cache_key *key) {
    return judge(file, sqlite3_bind_blob(statement, 1, key->bytes, sizeof key->bytes, SQLITE_STATIC));
}

static cache_result bind_number(cache_file *file, sqlite3_stmt *statement, int index, int64_t number) {
    return judge(file, sqlite3_bind_int64(statement, index, number));
}

static cache_result execute(cache_file *file, const char *text) {
    return judge(file, sqlite3_exec(file->database, text, NULL, NULL, NULL));
}

/* The one number that a statement without parameters gives. */
static cache_result query_number(cache_file *file, const char *text, int64_t *number_out) {
    sqlite3_stmt *statement = NULL;
    cache_result result = compile(file, text, &statement);
    if (result == CACHE_FOUND) result = judge(file, sqlite3_step(statement));
    if (result == CACHE_FOUND) *number_out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result;
}

cache_result cache_file_end(cache_file *file, cache_result result) {
    if (!file->database) return result;
    if (result == CACHE_FOUND) result = execute(file, "COMMIT");
    if (result != CACHE_FOUND && !sqlite3_get_autocommit(file->database))
        sqlite3_exec(file->database, "ROLLBACK", NULL, NULL, NULL); /* the reason kept is the first fault's */
    return result;
}

/* ---- Opening ---------------------------------------------------------------------------------------------------- */

/* mkdir -p, for the user alone: a binary that others could change would be run. */
static cache_result make_directory(cache_file *file) {
    char *path = file->directory;
    for (char *end = path; end;) {
        end = strchr(end + 1, '/');
        if (end) *end = '\0';
        const int code = mkdir(path, 0700) == 0 ? 0 : errno;
        if (end) *end = '/';
        struct stat found;
        /* What is there already may answer with another error than EEXIST: EROFS, EACCES. */
        if (code != 0 && end == NULL && stat(path, &found) != 0) {
            snprintf(file->reason, sizeof file->reason, "mkdir: %s", strerror(code));
            return CACHE_REFUSED;
        }
    }
    return CACHE_FOUND;
}

/* A fresh file gets its table; one of another layout is emptied. */
static cache_result prepare(cache_file *file) {
    int64_t version = 0;
    cache_result result = query_number(file, "PRAGMA user_version", &version);
    if (result != CACHE_FOUND || version == LAYOUT_VERSION) return result;
    if (sqlite3_db_readonly(file->database, "main") == 1) return CACHE_MISSING;
    result = execute(file, "BEGIN IMMEDIATE");
    /* Another process may have done it while this one waited for the lock. */
    if (result == CACHE_FOUND) result = query_number(file, "PRAGMA user_version", &version);
    if (result == CACHE_FOUND && version != LAYOUT_VERSION) result = execute(file, schema);
    return cache_file_end(file, result);
}

static cache_result connect(cache_file *file, int flags) {
    if (file->database) return CACHE_FOUND;
    cache_result result = judge(file, sqlite3_open_v2(file->path, &file->database, flags | SQLITE_OPEN_NOMUTEX, NULL));
    if (result == CACHE_FOUND) result = judge(file, sqlite3_busy_timeout(file->database, BUSY_MILLISECONDS));
    if (result == CACHE_FOUND) result = execute(file, "PRAGMA synchronous = NORMAL");
    if (result == CACHE_FOUND) result = prepare(file);
    if (result != CACHE_FOUND) close_database(file);
    return result;
}

/* Opens what is there. */
static cache_result open_existing(cache_file *file) {
    struct stat found;
    if (!file->database && stat(file->path, &found) != 0 && errno == ENOENT) return CACHE_MISSING;
    return connect(file, SQLITE_OPEN_READWRITE);
}

static cache_result open_or_create(cache_file *file) {
    cache_result result = file->database ? CACHE_FOUND : make_directory(file);
    if (result == CACHE_FOUND) result = connect(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (result != CACHE_MISSING) return result;
    snprintf(file->reason, sizeof file->reason, "it is read-only and of another layout");
    return CACHE_REFUSED;
}

cache_result cache_file_empty(cache_file *file) {
    close_database(file);
    cache_result result =
        judge(file, sqlite3_open_v2(file->path, &file->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    if (result == CACHE_FOUND) result = judge(file, sqlite3_busy_timeout(file->database, BUSY_MILLISECONDS));
    if (result == CACHE_FOUND)
        result = judge(file, sqlite3_db_config(file->database, SQLITE_DBCONFIG_RESET_DATABASE, 1, (int *)NULL));
    if (result == CACHE_FOUND) result = execute(file, "VACUUM");
    close_database(file);
    return result;
}

/* ---- Entries ---------------------------------------------------------------------------------------------------- */

/* Copies the row that `statement` stands on. */
static cache_result take_value(cache_file *file, sqlite3_stmt *statement, void **value_out, size_t *size_out,
                               int64_t *used_out) {
    const void *value = sqlite3_column_blob(statement, 0);
    const size_t size = (size_t)sqlite3_column_bytes(statement, 0);
    if (!value || (int64_t)XXH3_64bits(value, size) != sqlite3_column_int64(statement, 1)) {
        snprintf(file->reason, sizeof file->reason, "an entry does not have its checksum");
        return CACHE_DAMAGED;
    }
    void *copy = base_allocate(file->env, size);
    if (!copy) {
        snprintf(file->reason, sizeof file->reason, "out of host memory");
        return CACHE_REFUSED;
    }
    memcpy(copy, value, size);
    *value_out = copy;
    *size_out = size;
    *used_out = sqlite3_column_int64(statement, 2);
    return CACHE_FOUND;
}

cache_result cache_file_read(cache_file *file, const rt_cache_key *key, void **value_out, size_t *size_out,
                             int64_t *used_out) {
    sqlite3_stmt *statement = NULL;
    cache_result result = open_existing(file);
    if (result != CACHE_FOUND) return result;
    result = compile(file, "SELECT value, checksum, used FROM entries WHERE key = ?", &statement);
    if (result == CACHE_FOUND) result = bind_key(file, statement, key);
    if (result == CACHE_FOUND) {
        const int code = sqlite3_step(statement);
        result = code == SQLITE_DONE ? CACHE_MISSING : judge(file, code);
    }
    if (result == CACHE_FOUND) result = take_value(file, statement, value_out, size_out, used_out);
    sqlite3_finalize(statement);
    return result;
}

cache_result cache_file_begin(cache_file *file) {
    const cache_result result = open_or_create(file);
    return result == CACHE_FOUND ? execute(file, "BEGIN IMMEDIATE") : result;
}

cache_result cache_file_write(cache_file *file, const rt_cache_entry *entry, int64_t now) {
    sqlite3_stmt *statement = NULL;
    cache_result result = compile(
        file, "INSERT OR REPLACE INTO entries(key, checksum, used, size, value) VALUES(?, ?, ?, ?, ?)", &statement);
    if (result == CACHE_FOUND) result = bind_key(file, statement, &entry->key);
    if (result == CACHE_FOUND)
        result = bind_number(file, statement, 2, (int64_t)XXH3_64bits(entry->value, entry->size));
    if (result == CACHE_FOUND) result = bind_number(file, statement, 3, now);
    if (result == CACHE_FOUND) result = bind_number(file, statement, 4, (int64_t)entry->size);
    if (result == CACHE_FOUND)
        result = judge(file, sqlite3_bind_blob64(statement, 5, entry->value, entry->size, SQLITE_STATIC));
    return finish(file, result, statement);
}

cache_result cache_file_note_use(cache_file *file, const rt_cache_key *key, int64_t now) {
    sqlite3_stmt *statement = NULL;
    cache_result result = compile(file, "UPDATE entries SET used = ?2 WHERE key = ?1", &statement);
    if (result == CACHE_FOUND) result = bind_key(file, statement, key);
    if (result == CACHE_FOUND) result = bind_number(file, statement, 2, now);
    return finish(file, result, statement);
}

cache_result cache_file_trim(cache_file *file, uint64_t limit) {
    sqlite3_stmt *statement = NULL;
    cache_result result = compile(file,
                                  "DELETE FROM entries WHERE key IN (SELECT key FROM (SELECT key, sum(size) OVER "
                                  "(ORDER BY used DESC, key) AS newer FROM entries) WHERE newer > ?)",
                                  &statement);
    if (result == CACHE_FOUND) result = bind_number(file, statement, 1, (int64_t)limit);
    return finish(file, result, statement);
}
