/* Every row that japy_heads notes is what its head says, whatever the bytes, limits and cut.

   No read or write goes beyond the data or the table; the build with SSE4.2 and the one without
   agree; a beginning of the data gives a beginning of the rows; asking for one row at a time gives
   the same rows; japy_fields finds every field line of every head in its place. */
#include "oracle.h"

enum { CONTROLS = 6, MAX_ROWS = 64 };

struct ask {
    size_t start, max_head, max_fields, rows;
};

struct answer {
    int count;
    int64_t table[WORDS + MAX_ROWS * COLUMNS];
};

/* Call the shim with memory that is exactly as large as it may use. */
static struct answer heads(const char *data, size_t size, struct ask ask, int simd)
{
    struct answer answer = {0, {0}};
    size_t words = WORDS + ask.rows * COLUMNS;
    char *copy = copy_of(data, size);
    int64_t *table = calloc(words, sizeof *table);
    expect(table != NULL && ask.rows <= MAX_ROWS);
    table[WORD_NEXT] = (int64_t)ask.start;
    table[WORD_SIZE] = (int64_t)size;
    table[WORD_MAX_HEAD] = (int64_t)ask.max_head;
    table[WORD_MAX_FIELDS] = (int64_t)ask.max_fields;
    table[WORD_ROWS] = (int64_t)ask.rows;
    japy_use_simd(simd);
    answer.count = japy_heads(copy, table);
    expect(memcmp(copy, data, size) == 0);
    memcpy(answer.table, table, words * sizeof *table);
    free(table);
    free(copy);
    return answer;
}

static void check_fields(const char *data, const int64_t *row, int lines)
{
    int64_t *spots = calloc(4 * FIELDS_ROOM, sizeof *spots);
    char *copy = copy_of(data, (size_t)row[ROW_END]);
    expect(spots != NULL);
    int found = japy_fields(copy, (size_t)row[ROW_END], (size_t)row[ROW_START], spots);
    expect(found == lines);
    int64_t last = row[ROW_TARGET_END] + 9;
    int64_t noted[COLUMNS] = {0};
    for (int i = 0; i < found; ++i) {
        const int64_t *spot = spots + 4 * i;
        expect(last < spot[0] && spot[0] < spot[1] && spot[1] < spot[2]);
        expect(spot[2] <= spot[3] && spot[3] < row[ROW_END] && data[spot[1]] == ':');
        read_line(data, (size_t)spot[0], (size_t)spot[3], noted);
        last = spot[3];
    }
    for (int i = ROW_HOST; i <= ROW_UPGRADE_END; ++i)
        expect(noted[i] == row[i]);
    free(copy);
    free(spots);
}

static void check_rows(const char *data, const struct answer *answer, struct ask ask)
{
    int64_t expected[COLUMNS];
    size_t start = ask.start;
    for (int i = 0; i < answer->count; ++i) {
        const int64_t *row = answer->table + WORDS + i * COLUMNS;
        expect(row[ROW_END] > (int64_t)start && row[ROW_END] <= answer->table[WORD_SIZE]);
        expect((size_t)row[ROW_END] - start <= ask.max_head);
        int lines = read_head(data, start, (size_t)row[ROW_END], expected);
        if (row[ROW_MARKS] & MARK_FOLDED) /* the end of the line before it is not looked at */
            expected[ROW_MARKS] ^= (expected[ROW_MARKS] ^ row[ROW_MARKS]) & MARK_BARE_LF;
        expect(memcmp(row, expected, sizeof expected) == 0);
        expect(lines <= (int)ask.max_fields);
        if (!(row[ROW_MARKS] & MARK_FOLDED)) /* nobody asks for the fields of such a head */
            check_fields(data, row, lines);
        int stops = (row[ROW_MARKS] & (MARK_LENGTH | MARK_CODING | MARK_UPGRADE)) != 0;
        expect(!stops || i == answer->count - 1);
        expect(i < answer->count - 1 || stops == (answer->table[WORD_OUTCOME] == OUTCOME_STOPPED));
        start = (size_t)row[ROW_END];
    }
    expect(answer->table[WORD_NEXT] == (int64_t)start);
}

static void check_outcome(const struct answer *answer, struct ask ask)
{
    const int64_t *table = answer->table;
    size_t left = (size_t)(table[WORD_SIZE] - table[WORD_NEXT]);
    expect(answer->count >= 0 && answer->count <= (int)ask.rows);
    expect(table[WORD_MAX_HEAD] == (int64_t)ask.max_head);
    expect(table[WORD_MAX_FIELDS] == (int64_t)ask.max_fields);
    expect(table[WORD_ROWS] == (int64_t)ask.rows);
    switch (table[WORD_OUTCOME]) {
    case OUTCOME_EMPTY:
        expect(left == 0);
        return;
    case OUTCOME_STOPPED:
        expect(answer->count > 0);
        return;
    case OUTCOME_FULL:
        expect(left > 0 && answer->count == (int)ask.rows);
        return;
    case OUTCOME_PARTIAL:
        expect(left > 0 && left < ask.max_head);
        return;
    case OUTCOME_LONG:
        expect(left >= ask.max_head);
        return;
    default:
        expect(left > 0);
        expect(table[WORD_OUTCOME] == OUTCOME_MALFORMED ||
               table[WORD_OUTCOME] == OUTCOME_MANY_FIELDS);
    }
}

/* Bytes that are still to come change no row, and no refusal. */
static void check_cut(const char *data, size_t cut, const struct answer *whole, struct ask ask)
{
    struct answer part = heads(data, cut, ask, 1);
    int64_t outcome = part.table[WORD_OUTCOME];
    expect(part.count <= whole->count);
    expect(memcmp(part.table + WORDS, whole->table + WORDS,
                  (size_t)part.count * COLUMNS * sizeof(int64_t)) == 0);
    if (outcome == OUTCOME_EMPTY || outcome == OUTCOME_PARTIAL)
        return;
    expect(outcome == whole->table[WORD_OUTCOME] && part.count == whole->count);
}

static void check_one_by_one(const char *data, size_t size, const struct answer *whole,
                             struct ask ask)
{
    for (int i = 0; i < whole->count; ++i) {
        struct ask one = {ask.start, ask.max_head, ask.max_fields, 1};
        struct answer next = heads(data, size, one, 0);
        expect(next.count == 1);
        expect(memcmp(next.table + WORDS, whole->table + WORDS + i * COLUMNS,
                      COLUMNS * sizeof(int64_t)) == 0);
        ask.start = (size_t)next.table[WORD_NEXT];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < CONTROLS)
        return 0;
    const char *data = (const char *)bytes + CONTROLS;
    size -= CONTROLS;
    struct ask ask = {bytes[0] % 8u, 64 + (size_t)bytes[1] * bytes[1], 1 + (size_t)bytes[2],
                      1 + bytes[3] % MAX_ROWS};
    if (ask.start > size)
        ask.start = size;
    struct answer whole = heads(data, size, ask, 1);
    struct answer plain = heads(data, size, ask, 0);
    expect(memcmp(&whole, &plain, sizeof whole) == 0);
    check_outcome(&whole, ask);
    check_rows(data, &whole, ask);
    check_cut(data, ask.start + (bytes[4] | bytes[5] << 8) % (size - ask.start + 1), &whole, ask);
    if (ask.rows > 1)
        check_one_by_one(data, size, &whole, ask);
    return 0;
}
