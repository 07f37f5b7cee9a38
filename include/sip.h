/*
 * SipHash-1-3 with 64 or 128 bits of output (Aumasson and Bernstein, 2012), fed with whole words: the hash of
 * tables whose keys a client chooses. Nobody who does not know the seed can make many keys meet in one place.
 */
#ifndef MANDOLINE_SIP_H
#define MANDOLINE_SIP_H

#include "bytes.h"
#include "reader.h"

struct sip_seed {
    uint64_t word[2];
};

struct sip {
    uint64_t v0, v1, v2, v3;
};

struct sip_print {
    uint64_t a, b;
};

/* A seed that nobody knows, for one table. */
struct sip_seed sip_seed_make(void);

static inline uint64_t sip_rotate(uint64_t v, int bits)
{
    return v << bits | v >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = sip_rotate(s->v1, 13) ^ s->v0;
    s->v0 = sip_rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = sip_rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = sip_rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = sip_rotate(s->v1, 17) ^ s->v2;
    s->v2 = sip_rotate(s->v2, 32);
}

static inline struct sip sip_start(struct sip_seed seed)
{
    return (struct sip){seed.word[0] ^ 0x736f6d6570736575, seed.word[1] ^ 0x646f72616e646f6d ^ 0xee,
                        seed.word[0] ^ 0x6c7967656e657261, seed.word[1] ^ 0x7465646279746573};
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

/* The last n bytes, 1 to 7, of b, and zeros above. Other bytes of b may be read, none outside. */
static inline uint64_t sip_last(struct bytes b, size_t n)
{
    const uint8_t *p = b.data + b.len - n;
    if (b.len >= 8)
        return load_u64_le(b.data + b.len - 8) >> (64 - 8 * n);
    if (n >= 4)
        return load_u32_le(p) | (uint64_t)load_u32_le(p + n - 4) << (8 * n - 32);
    return p[0] | (uint64_t)p[n / 2] << (n / 2 * 8) | (uint64_t)p[n - 1] << ((n - 1) * 8);
}

/* Words that say how long the bytes are, and the bytes. tag: what they are, below 256. */
static inline void sip_bytes(struct sip *s, unsigned tag, struct bytes b)
{
    sip_word(s, (uint64_t)tag | (uint64_t)b.len << 8);
    size_t i = 0;
    for (; b.len - i >= 8; i += 8)
        sip_word(s, load_u64_le(b.data + i));
    if (i < b.len)
        sip_word(s, sip_last(b, b.len - i));
}

/* 64 bits, of which any are as good as the others. */
static inline uint64_t sip_end(struct sip *s)
{
    s->v2 ^= 0xee;
    for (int i = 0; i < 3; i++)
        sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline struct sip_print sip_end_print(struct sip *s)
{
    const uint64_t a = sip_end(s);
    s->v1 ^= 0xdd;
    for (int i = 0; i < 3; i++)
        sip_round(s);
    return (struct sip_print){a, s->v0 ^ s->v1 ^ s->v2 ^ s->v3};
}

static inline uint64_t sip_number(struct sip_seed seed, uint64_t n)
{
    struct sip s = sip_start(seed);
    sip_word(&s, n);
    return sip_end(&s);
}

#endif
