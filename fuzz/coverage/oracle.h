/* What an accepted head says, read once more by the slowest means there are.

   Knows the text of the shim (shim.h, made from japy/_pico_build.py) and nothing of how it finds
   what it notes. `expect` ends the process, which libFuzzer takes for a finding. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

#define expect(fact)                                                                               \
    do {                                                                                           \
        if (!(fact)) {                                                                             \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #fact);                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const char *const names[] = {"host",       "content-length", "transfer-encoding",
                                    "connection", "expect",         "upgrade"};

/* A copy that ends where its memory ends, so that no read behind it goes unseen. */
static char *copy_of(const char *data, size_t size)
{
    char *copy = malloc(size);
    expect(copy != NULL);
    memcpy(copy, data, size);
    return copy;
}

static int is_token_char(int c)
{
    return c > ' ' && c < 0x7f && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}

static int is_text_char(int c) { return c == '\t' || (c >= ' ' && c != 0x7f); }

static int is_blank(char c) { return c == ' ' || c == '\t'; }

static int is_same(const char *name, size_t size, const char *lower)
{
    if (size != strlen(lower))
        return 0;
    for (size_t i = 0; i < size; ++i) {
        char c = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
        if (c != lower[i])
            return 0;
    }
    return 1;
}

static int is_simple_host(const char *host, size_t size)
{
    const char *colon = size ? memchr(host, ':', size) : NULL;
    size_t name = colon ? (size_t)(colon - host) : size;
    for (size_t i = 0; i < name; ++i)
        if (strchr("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", host[i]) ==
                NULL || host[i] == '\0')
            return 0;
    for (size_t i = name + 1; i < size; ++i)
        if (host[i] < '0' || host[i] > '9')
            return 0;
    return name > 0 && size <= name + 6;
}

/* Note what one field line says: its column and the marks that follow from it. */
static void read_line(const char *data, size_t start, size_t end, int64_t *row)
{
    size_t colon = start, value, last = end;
    while (colon < end && is_token_char((unsigned char)data[colon]))
        ++colon;
    expect(colon > start && colon < end && data[colon] == ':');
    for (value = colon + 1; value < end && is_blank(data[value]);)
        ++value;
    while (last > value && is_blank(data[last - 1]))
        --last;
    for (int i = 0; i < 6; ++i) {
        if (!is_same(data + start, colon - start, names[i]))
            continue;
        if (row[ROW_MARKS] & (MARK_HOST << i)) {
            row[ROW_MARKS] |= MARK_REPEATED;
            continue;
        }
        row[ROW_MARKS] |= MARK_HOST << i;
        row[ROW_HOST + 2 * i] = (int64_t)value;
        row[ROW_HOST + 2 * i + 1] = (int64_t)last;
        if (i == 0 && !is_simple_host(data + value, last - value))
            row[ROW_MARKS] |= MARK_ODD_HOST;
    }
}

/* Note what the request line says; exactly one space stands around the target, or SPACES is set. */
static void read_first(const char *data, size_t start, size_t end, int64_t *row)
{
    size_t pos = start, spaces = 0;
    for (size_t i = start; i < end; ++i)
        spaces += data[i] == ' ';
    row[ROW_START] = (int64_t)start;
    while (is_token_char((unsigned char)data[pos]))
        ++pos;
    row[ROW_METHOD_END] = (int64_t)pos;
    for (; data[pos] == ' '; ++pos)
        ;
    row[ROW_TARGET] = row[ROW_PATH_END] = (int64_t)pos;
    row[ROW_MARKS] |= spaces > 2 ? MARK_SPACES : 0;
    row[ROW_MARKS] |= data[pos] == '/' && data[start] != 'C' ? 0 : MARK_ODD_TARGET; /* CONNECT */
    for (; data[pos] != ' '; ++pos)
        if (data[pos] == '#')
            row[ROW_MARKS] |= MARK_ODD_TARGET;
    row[ROW_TARGET_END] = (int64_t)pos;
    while (row[ROW_PATH_END] < row[ROW_TARGET_END] && data[row[ROW_PATH_END]] != '?')
        ++row[ROW_PATH_END];
    for (; data[pos] == ' '; ++pos)
        ;
    expect(end == pos + 8 && memcmp(data + pos, "HTTP/1.", 7) == 0);
    expect(data[pos + 7] >= '0' && data[pos + 7] <= '9');
    row[ROW_MARKS] |= data[pos + 7] == '0' ? MARK_OLD : 0;
}

/* Fill the row of the head in [start, end) and return how many field lines it has. */
static int read_head(const char *data, size_t start, size_t end, int64_t *row)
{
    int lines = 0; /* that are not empty */
    memset(row, 0, COLUMNS * sizeof *row);
    row[ROW_END] = (int64_t)end;
    for (size_t pos = start, next; pos < end; pos = next) {
        const char *newline = memchr(data + pos, '\n', end - pos);
        expect(newline != NULL);
        next = (size_t)(newline - data) + 1;
        size_t stop = newline > data + pos && newline[-1] == '\r' ? next - 2 : next - 1;
        if (stop == next - 1)
            row[ROW_MARKS] |= MARK_BARE_LF;
        for (size_t i = pos; i < stop; ++i)
            expect(is_text_char((unsigned char)data[i]));
        if (stop == pos) {
            expect(pos == start || next == end); /* before the head, or its end */
            continue;
        }
        if (++lines == 1)
            read_first(data, pos, stop, row);
        else if (lines > 2 && is_blank(data[pos]))
            row[ROW_MARKS] |= MARK_FOLDED;
        else
            read_line(data, pos, stop, row);
    }
    expect(lines > 0);
    return lines - 1;
}
