/* japy_fields reads nothing outside the data, and writes a word only for a field that is there.

   The bytes need not be a head; the build with SSE4.2 and the one without agree. */
#include "oracle.h"

static int fields(const char *data, size_t size, size_t pos, int64_t *spots, int simd)
{
    char *copy = copy_of(data, size);
    japy_use_simd(simd);
    int found = japy_fields(copy, size, pos, spots);
    expect(memcmp(copy, data, size) == 0);
    free(copy);
    return found;
}

static void check_spot(const int64_t *spot, const int64_t *other, size_t pos, size_t size)
{
    expect(spot[2] >= (int64_t)pos && spot[2] <= spot[3] && spot[3] < (int64_t)size);
    expect(spot[2] == other[2] && spot[3] == other[3]);
    if (spot[0] == spot[1]) /* the name of a folded line is nowhere */
        return;
    expect(spot[0] > (int64_t)pos && spot[0] < spot[1] && spot[1] < spot[2]);
    expect(spot[0] == other[0] && spot[1] == other[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    const char *data = (const char *)bytes + 1;
    size_t pos = bytes[0] % --size;
    int64_t *room = calloc(4 * FIELDS_ROOM, sizeof *room);
    expect(room != NULL);
    int found = fields(data, size, pos, room, 1);
    expect(found >= -1 && found <= FIELDS_ROOM);
    size_t used = found > 0 ? 4 * (size_t)found : 0;
    for (size_t i = used; i < 4 * FIELDS_ROOM; ++i)
        expect(room[i] == 0);
    int64_t *exact = malloc(used * sizeof *exact);
    expect(exact != NULL && fields(data, size, pos, exact, 0) == found);
    for (size_t i = 0; i < used; i += 4)
        check_spot(room + i, exact + i, pos, size);
    free(exact);
    free(room);
    return 0;
}
