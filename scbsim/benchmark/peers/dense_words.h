/* The random words of a block of the dense step: 32 lanes of xoshiro128++, seeded by Philox. */
#include <stddef.h>
#include <stdint.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define ROL(x, k) (((x) << (k)) | ((x) >> (32 - (k))))

typedef uint32_t vu __attribute__((vector_size(64)));
typedef uint32_t vu_any __attribute__((vector_size(64), aligned(4)));
typedef uint64_t v8 __attribute__((vector_size(64)));
typedef uint32_t half_any __attribute__((vector_size(32), aligned(4)));

typedef struct {
  vu a, b, c, d;
} lanes;

static inline vu next(lanes *s) {
  vu word = ROL(s->a + s->d, 7) + s->a, t = s->b << 9;
  s->c ^= s->a;
  s->d ^= s->b;
  s->b ^= s->c;
  s->a ^= s->d;
  s->c ^= t;
  s->d = ROL(s->d, 11);
  return word;
}

/* Philox4x32-10 for 32 lanes. */
static inline void seed(uint32_t *out, uint64_t first, uint64_t column, uint64_t step) {
  for (int g = 0; g < 32; g += 8) {
    v8 c0 = first + (uint64_t)g + (v8){0, 1, 2, 3, 4, 5, 6, 7};
    v8 c1 = (v8){0} + column, c2 = (v8){0} + step, c3 = (v8){0} + (1ull << 24);
    uint64_t k0 = 4, k1 = 5;
    for (int i = 0; i < 10; i++) {
      v8 p0 = 0xD2511F53ull * (c0 & 0xFFFFFFFFull), p1 = 0xCD9E8D57ull * (c2 & 0xFFFFFFFFull);
      c0 = (p1 >> 32) ^ c1 ^ k0;
      c2 = (p0 >> 32) ^ c3 ^ k1;
      c1 = p1;
      c3 = p0;
      k0 = (k0 + 0x9E3779B9u) & 0xFFFFFFFF;
      k1 = (k1 + 0xBB67AE85u) & 0xFFFFFFFF;
    }
    *(half_any *)(out + g) = __builtin_convertvector(c0, half_any);
    *(half_any *)(out + 32 + g) = __builtin_convertvector(c1, half_any);
    *(half_any *)(out + 64 + g) = __builtin_convertvector(c2, half_any);
    *(half_any *)(out + 96 + g) = __builtin_convertvector(c3, half_any);
  }
}

#define LOAD(i) (*(const vu_any *)(w + (i)))

/* Of all blocks of some rows, at all steps; the rule is a constant. */
#define STEPS(rule)                                                                        \
  for (size_t i = 0; i < steps; i++)                                                       \
    for (size_t k = first; k < last; k++)                                                  \
      for (size_t b = 0; b < blocks; b++) {                                                \
        seed(w, 32 * b, k, i);                                                             \
        block(rule, s + (k * blocks + b) * 2048, w, n, sums + 2 * k);                      \
      }

#define EACH_RULE                                                                          \
  if (rule == 1) {                                                                         \
    STEPS(1)                                                                               \
  } else if (rule == 2) {                                                                  \
    STEPS(2)                                                                               \
  } else {                                                                                 \
    STEPS(0)                                                                               \
  }
