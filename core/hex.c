#include "hex.h"

int hex_byte(const void *digits)
{
    const uint8_t *c = digits;
    const int high = hex_digit(c[0]), low = high < 0 ? -1 : hex_digit(c[1]);
    return low < 0 ? -1 : high << 4 | low;
}

void hex_write(const uint8_t *in, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * n] = '\0';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'F';
}

bool hex_read(struct bytes text, uint8_t *out, size_t n)
{
    if (text.len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *digits = text.data + 2 * i;
        const int byte = is_upper(digits[0]) || is_upper(digits[1]) ? -1 : hex_byte(digits);
        if (byte < 0)
            return false;
        out[i] = (uint8_t)byte;
    }
    return true;
}
