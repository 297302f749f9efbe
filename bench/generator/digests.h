/* What proves and signs a packet, in plain C: MD5 (RFC 1321), MD4 (RFC 1320), SHA-1 (RFC 3174), HMAC-MD5 (RFC 2104) and DES
 * (FIPS 46-3). No library is needed to compile it, and a digest of a packet costs a fraction of a microsecond. */
#include <stdint.h>
#include <string.h>

/* MD4, MD5 and SHA-1 take blocks of 64 octets in the same way; they differ in how a block is worked in, and in their byte order. */
typedef struct digest { uint32_t word[5]; uint64_t length; uint8_t block[64]; void (*compress)(uint32_t *, const uint8_t *); } digest_t;

static inline uint32_t left(uint32_t x, int r) { return x << r | x >> (32 - r); }
static const uint32_t initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

static uint32_t sine[64];
static void md5_table(void) {
  /* floor(2^32 * |sin(i + 1)|) without the mathematics library: the sum of angles, in long double. */
  long double s = 0.84147098480789650665L, c = 0.54030230586813971740L, one_s = s, one_c = c;
  for (int i = 0; i < 64; i++) {
    sine[i] = (uint32_t)((s < 0 ? -s : s) * 4294967296.0L);
    long double next = s * one_c + c * one_s;
    c = c * one_c - s * one_s;
    s = next;
  }
}
static void md5_compress(uint32_t *word, const uint8_t *block) {
  static const int turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint32_t m[16], a = word[0], b = word[1], c = word[2], d = word[3];
  memcpy(m, block, 64);
#define STEP(f, g, round, i) { uint32_t x = a + (f) + sine[i] + m[(g) & 15]; a = d; d = c; c = b; b += left(x, turns[round][(i) & 3]); }
  for (int i = 0; i < 16; i++) STEP((b & c) | (~b & d), i, 0, i)
  for (int i = 16; i < 32; i++) STEP((d & b) | (~d & c), 5 * i + 1, 1, i)
  for (int i = 32; i < 48; i++) STEP(b ^ c ^ d, 3 * i + 5, 2, i)
  for (int i = 48; i < 64; i++) STEP(c ^ (b | ~d), 7 * i, 3, i)
#undef STEP
  word[0] += a; word[1] += b; word[2] += c; word[3] += d;
}
static void md4_compress(uint32_t *word, const uint8_t *block) {
  static const int turns[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
  static const int third[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
  uint32_t m[16], a = word[0], b = word[1], c = word[2], d = word[3];
  memcpy(m, block, 64);
#define STEP(f, k, add, round, i) { uint32_t x = left(a + (f) + m[k] + (add), turns[round][(i) & 3]); a = d; d = c; c = b; b = x; }
  for (int i = 0; i < 16; i++) STEP((b & c) | (~b & d), i, 0, 0, i)
  for (int i = 0; i < 16; i++) STEP((b & c) | (b & d) | (c & d), i / 4 + i % 4 * 4, 0x5a827999u, 1, i)
  for (int i = 0; i < 16; i++) STEP(b ^ c ^ d, third[i], 0x6ed9eba1u, 2, i)
#undef STEP
  word[0] += a; word[1] += b; word[2] += c; word[3] += d;
}
static void sha1_compress(uint32_t *word, const uint8_t *block) {
  uint32_t w[80], a = word[0], b = word[1], c = word[2], d = word[3], e = word[4];
  for (int i = 0; i < 16; i++) { memcpy(&w[i], block + 4 * i, 4); w[i] = __builtin_bswap32(w[i]); }
  for (int i = 16; i < 80; i++) w[i] = left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  for (int i = 0; i < 80; i++) {
    uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
    uint32_t k = i < 20 ? 0x5a827999u : i < 40 ? 0x6ed9eba1u : i < 60 ? 0x8f1bbcdcu : 0xca62c1d6u;
    uint32_t x = left(a, 5) + f + e + k + w[i];
    e = d; d = c; c = left(b, 30); b = a; a = x;
  }
  word[0] += a; word[1] += b; word[2] += c; word[3] += d; word[4] += e;
}

static void begin(digest_t *h, void (*compress)(uint32_t *, const uint8_t *)) {
  memcpy(h->word, initial, sizeof initial);
  h->length = 0;
  h->compress = compress;
}
static void add(digest_t *h, const void *octets, size_t length) {
  const uint8_t *from = octets;
  for (size_t used = h->length & 63; length > 0;) {
    size_t part = 64 - used < length ? 64 - used : length;
    memcpy(h->block + used, from, part);
    h->length += part; from += part; length -= part; used += part;
    if (used == 64) { h->compress(h->word, h->block); used = 0; }
  }
}
/* 16 octets of MD4 and MD5, 20 of SHA-1. */
static void end(digest_t *h, uint8_t *digest) {
  int is_sha1 = h->compress == sha1_compress;
  uint64_t bits = is_sha1 ? __builtin_bswap64(h->length * 8) : h->length * 8;
  static const uint8_t padding[64] = {0x80};
  size_t used = h->length & 63;
  add(h, padding, used < 56 ? 56 - used : 120 - used);
  add(h, &bits, 8);
  if (is_sha1) for (int i = 0; i < 5; i++) h->word[i] = __builtin_bswap32(h->word[i]);
  memcpy(digest, h->word, is_sha1 ? 20 : 16);
}

/* DES: the tables of FIPS 46-3; S-boxes and P are one table, so that a round is eight look-ups. */
static const uint8_t first_permutation[64] = {58,50,42,34,26,18,10,2,60,52,44,36,28,20,12,4,62,54,46,38,30,22,14,6,64,56,48,40,32,24,16,8,
  57,49,41,33,25,17,9,1,59,51,43,35,27,19,11,3,61,53,45,37,29,21,13,5,63,55,47,39,31,23,15,7};
static const uint8_t last_permutation[64] = {40,8,48,16,56,24,64,32,39,7,47,15,55,23,63,31,38,6,46,14,54,22,62,30,37,5,45,13,53,21,61,29,
  36,4,44,12,52,20,60,28,35,3,43,11,51,19,59,27,34,2,42,10,50,18,58,26,33,1,41,9,49,17,57,25};
static const uint8_t key_choice[56] = {57,49,41,33,25,17,9,1,58,50,42,34,26,18,10,2,59,51,43,35,27,19,11,3,60,52,44,36,
  63,55,47,39,31,23,15,7,62,54,46,38,30,22,14,6,61,53,45,37,29,21,13,5,28,20,12,4};
static const uint8_t round_choice[48] = {14,17,11,24,1,5,3,28,15,6,21,10,23,19,12,4,26,8,16,7,27,20,13,2,
  41,52,31,37,47,55,30,40,51,45,33,48,44,49,39,56,34,53,46,42,50,36,29,32};
static const uint8_t spread[32] = {16,7,20,21,29,12,28,17,1,15,23,26,5,18,31,10,2,8,24,14,32,27,3,9,19,13,30,6,22,11,4,25};
static const uint8_t boxes[8][64] = {
  {14,4,13,1,2,15,11,8,3,10,6,12,5,9,0,7,0,15,7,4,14,2,13,1,10,6,12,11,9,5,3,8,4,1,14,8,13,6,2,11,15,12,9,7,3,10,5,0,15,12,8,2,4,9,1,7,5,11,3,14,10,0,6,13},
  {15,1,8,14,6,11,3,4,9,7,2,13,12,0,5,10,3,13,4,7,15,2,8,14,12,0,1,10,6,9,11,5,0,14,7,11,10,4,13,1,5,8,12,6,9,3,2,15,13,8,10,1,3,15,4,2,11,6,7,12,0,5,14,9},
  {10,0,9,14,6,3,15,5,1,13,12,7,11,4,2,8,13,7,0,9,3,4,6,10,2,8,5,14,12,11,15,1,13,6,4,9,8,15,3,0,11,1,2,12,5,10,14,7,1,10,13,0,6,9,8,7,4,15,14,3,11,5,2,12},
  {7,13,14,3,0,6,9,10,1,2,8,5,11,12,4,15,13,8,11,5,6,15,0,3,4,7,2,12,1,10,14,9,10,6,9,0,12,11,7,13,15,1,3,14,5,2,8,4,3,15,0,6,10,1,13,8,9,4,5,11,12,7,2,14},
  {2,12,4,1,7,10,11,6,8,5,3,15,13,0,14,9,14,11,2,12,4,7,13,1,5,0,15,10,3,9,8,6,4,2,1,11,10,13,7,8,15,9,12,5,6,3,0,14,11,8,12,7,1,14,2,13,6,15,0,9,10,4,5,3},
  {12,1,10,15,9,2,6,8,0,13,3,4,14,7,5,11,10,15,4,2,7,12,9,5,6,1,13,14,0,11,3,8,9,14,15,5,2,8,12,3,7,0,4,10,1,13,11,6,4,3,2,12,9,5,15,10,11,14,1,7,6,0,8,13},
  {4,11,2,14,15,0,8,13,3,12,9,7,5,10,6,1,13,0,11,7,4,9,1,10,14,3,5,12,2,15,8,6,1,4,11,13,12,3,7,14,10,15,6,8,0,5,9,2,6,11,13,8,1,4,10,7,9,5,0,15,14,2,3,12},
  {13,2,8,4,6,15,11,1,10,9,3,14,5,0,12,7,1,15,13,8,10,3,7,4,12,5,6,11,0,14,9,2,7,11,4,1,9,12,14,2,0,6,10,13,15,3,5,8,2,1,14,7,4,10,8,13,15,12,9,0,3,5,6,11}};
static uint32_t box_spread[8][64];

static void des_tables(void) {
  for (int box = 0; box < 8; box++) for (int six = 0; six < 64; six++) {
    uint32_t four = (uint32_t)boxes[box][(six & 32) | (six & 1) << 4 | (six >> 1 & 15)] << (28 - 4 * box), out = 0;
    for (int i = 0; i < 32; i++) out |= (four >> (32 - spread[i]) & 1) << (31 - i);
    box_spread[box][six] = out;
  }
}
static uint64_t choose(uint64_t from, int width, const uint8_t *choice, int count) {
  uint64_t out = 0;
  for (int i = 0; i < count; i++) out = out << 1 | (from >> (width - choice[i]) & 1);
  return out;
}
/* One block under a key of 7 octets; its parity bits, which DES ignores, are left 0. RFC 2759 section 8.6. */
static void des_encrypt(const uint8_t key7[7], const uint8_t plain[8], uint8_t out[8]) {
  uint64_t key = 0, block = 0;
  for (int i = 0; i < 7; i++) key = key << 8 | key7[i];
  for (int i = 0; i < 8; i++) block = block << 8 | plain[i];
  uint64_t wide = 0;
  for (int i = 0; i < 8; i++) wide = wide << 8 | (key >> (49 - 7 * i) & 127) << 1;
  uint64_t halves = choose(wide, 64, key_choice, 56);
  uint32_t c = halves >> 28, d = halves & 0xfffffff;
  block = choose(block, 64, first_permutation, 64);
  uint32_t l = block >> 32, r = (uint32_t)block;
  for (int round = 0; round < 16; round++) {
    int shift = round == 0 || round == 1 || round == 8 || round == 15 ? 1 : 2;
    c = (c << shift | c >> (28 - shift)) & 0xfffffff;
    d = (d << shift | d >> (28 - shift)) & 0xfffffff;
    uint64_t part = choose((uint64_t)c << 28 | d, 56, round_choice, 48);
    uint32_t f = 0;
    for (int box = 0; box < 8; box++) {
      /* Six bits of the right half, with a neighbour on each side. */
      uint32_t six = left(r, (4 * box + 5) & 31) & 63;
      f |= box_spread[box][six ^ (part >> (42 - 6 * box) & 63)];
    }
    uint32_t next = l ^ f;
    l = r; r = next;
  }
  block = choose((uint64_t)r << 32 | l, 64, last_permutation, 64);
  for (int i = 0; i < 8; i++) out[i] = block >> (56 - 8 * i);
}
