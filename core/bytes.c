#include "bytes.h"

size_t bytes_behind(struct bytes a, char c)
{
    const uint8_t *last = a.len == 0 ? NULL : memrchr(a.data, c, a.len);
    return last == NULL ? 0 : (size_t)(last - a.data) + 1;
}

struct bytes bytes_trim(struct bytes a, const char *blanks)
{
    const size_t n = strlen(blanks);
    while (a.len > 0 && memchr(blanks, a.data[0], n) != NULL)
        a = bytes_of(a.data + 1, a.len - 1);
    while (a.len > 0 && memchr(blanks, a.data[a.len - 1], n) != NULL)
        a.len--;
    return a;
}

int bytes_compare(struct bytes a, struct bytes b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int order = n == 0 ? 0 : memcmp(a.data, b.data, n);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}
