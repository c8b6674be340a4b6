"""cffi recipe of `japy._pico`: picohttpparser, and the few lines of C between it and Python.

Knows where the bytes of a request head lie and nothing else. `japy_heads` calls picohttpparser for
every head in a buffer and notes offsets in a table of int64; what the offsets mean is decided in
`japy/core`. cffi *executes* this file from the top of the source tree, so it imports nothing of
japy.

Invariants:
- The C allocates nothing, keeps nothing between calls, and never reads outside [data, data + size).
- Each fact is noted, never judged: no status code, no limit but the size of its own tables.
- picohttpparser is compiled twice on x86-64, with and without SSE4.2; `japy_use_simd` picks one.
"""

import runpy
from pathlib import Path

from cffi import FFI

VENDOR = Path("vendor", "picohttpparser")
runpy.run_path(str(VENDOR / "fetch.py"))["main"]()

# The table that `japy_heads` reads and fills: words about the call, then a row per head.
# `japy/core/parser.py` holds the same numbers for Python; tests/core/test_parser.py compares them.
WORDS = (
    "OUTCOME",  # out: why the call stopped
    "NEXT",  # in: where the first head begins; out: where the call stopped
    "SIZE",  # in: size of the data
    "MAX_HEAD",  # in: longest head
    "MAX_FIELDS",  # in: most fields of a head, at most FIELDS_ROOM
    "ROWS",  # in: rows that the table has room for
)
ROW = (
    "START",  # first byte of the method, after an empty line that a client may have left behind
    "METHOD_END",
    "TARGET",
    "PATH_END",  # the first "?" of the target, or its end
    "TARGET_END",
    "END",  # first byte after the empty line that ends the head
    "MARKS",  # the facts below, as bits
    "HOST",
    "HOST_END",
    "LENGTH",
    "LENGTH_END",
    "CODING",
    "CODING_END",
    "CONNECTION",
    "CONNECTION_END",
    "EXPECT",
    "EXPECT_END",
    "UPGRADE",
    "UPGRADE_END",
)
MARKS = (
    "HOST",  # the six fields that framing needs, in the order of their columns
    "LENGTH",
    "CODING",
    "CONNECTION",
    "EXPECT",
    "UPGRADE",
    "REPEATED",  # one of the six came more than once
    "BARE_LF",  # a line ends without CR
    "FOLDED",  # a line continues the one before it (obs-fold)
    "SPACES",  # more than one space between the parts of the request line
    "ODD_HOST",  # Host is more than letters, digits, "-", "." and a port
    "ODD_TARGET",  # the target begins with something else than "/", holds "#", or may be CONNECT's
    "OLD",  # HTTP/1.0
)
OUTCOMES = ("PARTIAL", "MALFORMED", "MANY_FIELDS", "LONG", "FULL", "STOPPED", "EMPTY")


def _enum(prefix: str, names: tuple[str, ...], bits: bool = False) -> str:
    values = (f"{prefix}_{name} = {1 << i if bits else i}" for i, name in enumerate(names))
    return f"enum {{ {', '.join(values)} }};\n"


# A second copy of picohttpparser lives in this translation unit under other names; the first one is
# an ordinary source. The compiler is told per function, not by a flag, that SSE4.2 may be used.
SIMD = r"""
#if defined(__x86_64__)
#define phr_parse_request sse42_parse_request
#define phr_parse_response sse42_parse_response
#define phr_parse_headers sse42_parse_headers
#define phr_decode_chunked sse42_decode_chunked
#define phr_decode_chunked_is_in_data sse42_decode_chunked_is_in_data
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("sse4.2"))), apply_to = function)
#define __SSE4_2__ 1
#else
#pragma GCC push_options
#pragma GCC target("sse4.2")
#endif
#include "picohttpparser.c"
#if defined(__clang__)
#pragma clang attribute pop
#undef __SSE4_2__
#else
#pragma GCC pop_options
#endif
#undef phr_parse_request
#undef phr_parse_response
#undef phr_parse_headers
#undef phr_decode_chunked
#undef phr_decode_chunked_is_in_data
int phr_parse_request(const char *, size_t, const char **, size_t *, const char **, size_t *,
                      int *, struct phr_header *, size_t *, size_t);
static int (*parse_head)(const char *, size_t, const char **, size_t *, const char **, size_t *,
                         int *, struct phr_header *, size_t *, size_t) = phr_parse_request;
static int japy_use_simd(int wanted)
{
    int simd = wanted && __builtin_cpu_supports("sse4.2");
    parse_head = simd ? sse42_parse_request : phr_parse_request;
    return simd;
}
#else
#include "picohttpparser.h"
#define parse_head phr_parse_request
static int japy_use_simd(int wanted) { (void)wanted; return 0; }
#endif
"""

# PERF: cffi gives up the GIL and saves errno around every call; both take longer than the call
# itself and neither is wanted here (bench/micro, stage parse).
BARE_CALLS = r"""
#undef Py_BEGIN_ALLOW_THREADS
#undef Py_END_ALLOW_THREADS
#define Py_BEGIN_ALLOW_THREADS {
#define Py_END_ALLOW_THREADS }
#undef _cffi_save_errno
#undef _cffi_restore_errno
#define _cffi_save_errno() ((void)0)
#define _cffi_restore_errno() ((void)0)
"""

SHIM = r"""
#include <string.h>

/* Host text that needs no second look: 1 reg-name or address, 2 digit (also legal in a port). */
static const unsigned char plain_host[256] = {
    ['-'] = 1, ['.'] = 1,
    ['0'] = 2, ['1'] = 2, ['2'] = 2, ['3'] = 2, ['4'] = 2,
    ['5'] = 2, ['6'] = 2, ['7'] = 2, ['8'] = 2, ['9'] = 2,
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1,
    ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1,
    ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1,
    ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
    ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
    ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1,
    ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
};

static int is_plain_host(const char *p, size_t size)
{
    const char *end = p + size;
    const char *start = p;
    while (p < end && plain_host[(unsigned char)*p])
        ++p;
    if (p == start)
        return 0;
    if (p == end)
        return 1;
    if (*p++ != ':' || end - p > 5)
        return 0;
    while (p < end && plain_host[(unsigned char)*p] == 2)
        ++p;
    return p == end;
}

static int is_name(const char *name, const char *lower, size_t size)
{
    for (size_t i = 0; i < size; ++i)
        if ((name[i] | 0x20) != lower[i])
            return 0;
    return 1;
}

/* Column of a field that framing needs, or 0. `|0x20` folds case; it would take CR for "-", but a
   field name is made of token characters only. */
static int column_of(const char *name, size_t size)
{
    switch (size) {
    case 4:
        return is_name(name, "host", 4) ? ROW_HOST : 0;
    case 6:
        return is_name(name, "expect", 6) ? ROW_EXPECT : 0;
    case 7:
        return is_name(name, "upgrade", 7) ? ROW_UPGRADE : 0;
    case 10:
        return is_name(name, "connection", 10) ? ROW_CONNECTION : 0;
    case 14:
        return is_name(name, "content-length", 14) ? ROW_LENGTH : 0;
    case 17:
        return is_name(name, "transfer-encoding", 17) ? ROW_CODING : 0;
    }
    return 0;
}

static int64_t note_target(const char *data, int64_t *row, const char *target, size_t size)
{
    const char *method = data + row[ROW_START];
    int64_t marks = *target == '/' && *method != 'C' ? 0 : MARK_ODD_TARGET; /* CONNECT */
    row[ROW_PATH_END] = row[ROW_TARGET_END];
    for (size_t i = 0; i < size; ++i) {
        char c = target[i];
        if (c == '?' && row[ROW_PATH_END] == row[ROW_TARGET_END])
            row[ROW_PATH_END] = (int64_t)(target + i - data);
        else if (c == '#')
            marks |= MARK_ODD_TARGET;
    }
    return marks;
}

static int64_t note_fields(const char *data, int64_t *row, const struct phr_header *fields,
                           size_t count)
{
    int64_t marks = 0;
    memset(row + ROW_HOST, 0, (ROW_UPGRADE_END + 1 - ROW_HOST) * sizeof(int64_t));
    for (size_t i = 0; i < count; ++i) {
        if (fields[i].name == NULL) {
            marks |= MARK_FOLDED;
            continue;
        }
        if (fields[i].name[-2] != '\r')
            marks |= MARK_BARE_LF;
        int column = column_of(fields[i].name, fields[i].name_len);
        if (!column)
            continue;
        int64_t mark = MARK_HOST << ((column - ROW_HOST) / 2);
        if (marks & mark) {
            marks |= MARK_REPEATED;
            continue;
        }
        marks |= mark;
        row[column] = (int64_t)(fields[i].value - data);
        row[column + 1] = row[column] + (int64_t)fields[i].value_len;
        if (column == ROW_HOST && !is_plain_host(fields[i].value, fields[i].value_len))
            marks |= MARK_ODD_HOST;
    }
    return marks;
}

static int japy_heads(const char *data, int64_t *table)
{
    struct phr_header fields[FIELDS_ROOM];
    int count = 0;
    size_t pos = (size_t)table[WORD_NEXT];
    size_t size = (size_t)table[WORD_SIZE];
    size_t max_head = (size_t)table[WORD_MAX_HEAD];
    size_t max_fields = (size_t)table[WORD_MAX_FIELDS];
    table[WORD_OUTCOME] = OUTCOME_EMPTY;
    while (pos < size) {
        int64_t *row = table + WORDS + count * COLUMNS;
        const char *method, *target;
        size_t method_size, target_size;
        int minor;
        size_t found = max_fields;
        size_t window = size - pos > max_head ? max_head : size - pos;
        if (count == table[WORD_ROWS]) {
            table[WORD_OUTCOME] = OUTCOME_FULL;
            break;
        }
        int end = parse_head(data + pos, window, &method, &method_size, &target, &target_size,
                             &minor, fields, &found, 0);
        if (end < 0) {
            table[WORD_OUTCOME] = end == -2 ? (window == max_head ? OUTCOME_LONG : OUTCOME_PARTIAL)
                                  : found == max_fields ? OUTCOME_MANY_FIELDS : OUTCOME_MALFORMED;
            break;
        }
        row[ROW_START] = (int64_t)(method - data);
        row[ROW_METHOD_END] = row[ROW_START] + (int64_t)method_size;
        row[ROW_TARGET] = (int64_t)(target - data);
        row[ROW_TARGET_END] = row[ROW_TARGET] + (int64_t)target_size;
        int64_t marks = note_target(data, row, target, target_size);
        marks |= note_fields(data, row, fields, found);
        if (minor == 0)
            marks |= MARK_OLD;
        if (target != method + method_size + 1 || target[target_size + 1] != 'H')
            marks |= MARK_SPACES;
        if (method != data + pos && data[pos] != '\r')
            marks |= MARK_BARE_LF;
        pos += end;
        if (data[pos - 2] != '\r' || data[pos - 4] != '\r') /* the last two lines */
            marks |= MARK_BARE_LF;
        row[ROW_END] = (int64_t)pos;
        row[ROW_MARKS] = marks;
        ++count;
        if (marks & (MARK_LENGTH | MARK_CODING | MARK_UPGRADE)) {
            table[WORD_OUTCOME] = OUTCOME_STOPPED; /* what follows may be no head */
            break;
        }
    }
    table[WORD_NEXT] = (int64_t)pos;
    return count;
}

static int japy_fields(const char *data, size_t size, size_t pos, int64_t *table)
{
    struct phr_header fields[FIELDS_ROOM];
    const char *method, *target;
    size_t method_size, target_size, found = FIELDS_ROOM;
    int minor;
    if (parse_head(data + pos, size - pos, &method, &method_size, &target, &target_size, &minor,
                   fields, &found, 0) < 0)
        return -1;
    for (size_t i = 0; i < found; ++i) {
        table[4 * i] = (int64_t)(fields[i].name - data);
        table[4 * i + 1] = table[4 * i] + (int64_t)fields[i].name_len;
        table[4 * i + 2] = (int64_t)(fields[i].value - data);
        table[4 * i + 3] = table[4 * i + 2] + (int64_t)fields[i].value_len;
    }
    return (int)found;
}
"""

SIZES = f"#define FIELDS_ROOM 256\n#define WORDS {len(WORDS)}\n#define COLUMNS {len(ROW)}\n"
ENUMS = (
    _enum("WORD", WORDS)
    + _enum("ROW", ROW)
    + _enum("MARK", MARKS, bits=True)
    + _enum("OUTCOME", OUTCOMES)
)

ffibuilder = FFI()
ffibuilder.cdef(
    ENUMS
    + """
    #define FIELDS_ROOM ...
    #define WORDS ...
    #define COLUMNS ...
    int japy_use_simd(int wanted);
    int japy_heads(const char *data, int64_t *table);
    int japy_fields(const char *data, size_t size, size_t pos, int64_t *table);
    """
)
ffibuilder.set_source(
    "japy._pico",
    SIMD + BARE_CALLS + SIZES + ENUMS + SHIM,
    sources=[str(VENDOR / "picohttpparser.c")],
    include_dirs=[str(VENDOR)],
    depends=[str(VENDOR / "picohttpparser.h")],
    extra_compile_args=["-O3"],
)
