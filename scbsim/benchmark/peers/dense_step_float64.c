/* The arithmetic of a dense step in float64; see `dense_step_float32.c`. A vector has 8 numbers. */
#include "dense_words.h"

typedef double vd __attribute__((vector_size(64)));
typedef double vd_any __attribute__((vector_size(64), aligned(8)));
typedef int64_t vl __attribute__((vector_size(64)));
typedef uint32_t half __attribute__((vector_size(32)));

#if defined(__AVX512DQ__)
static inline vd root(vd x) { return (vd)_mm512_sqrt_pd((__m512d)x); }
static inline vd least(vd x, vd y) { return (vd)_mm512_min_pd((__m512d)x, (__m512d)y); }
static inline vd most(vd x, vd y) { return (vd)_mm512_max_pd((__m512d)x, (__m512d)y); }
#define SHIFT 63.0
static inline vd uniform(half word, half low) {
  v8 high = __builtin_convertvector(word >> 1, v8) << 32;
  return __builtin_convertvector((vl)(high | __builtin_convertvector(low | 1, v8)), vd);
}
#else
static inline vd root(vd x) {
  for (int i = 0; i < 8; i++) x[i] = __builtin_sqrt(x[i]);
  return x;
}
static inline vd least(vd x, vd y) {
  for (int i = 0; i < 8; i++) x[i] = x[i] < y[i] ? x[i] : y[i];
  return x;
}
static inline vd most(vd x, vd y) {
  for (int i = 0; i < 8; i++) x[i] = x[i] > y[i] ? x[i] : y[i];
  return x;
}
#define SHIFT 31.0
typedef int32_t half_signed __attribute__((vector_size(32)));
static inline vd uniform(half word, half low) {
  vd rest = __builtin_convertvector((half_signed)(low >> 1), vd) + 0.5;
  return __builtin_convertvector((half_signed)(word >> 1), vd) + rest * 0x1p-31;
}
#endif

static inline void pair(half word, half low, half turn, vd *x, vd *y) {
  v8 biased = (v8)uniform(word, low) + ((1023ull << 52) - 0x3FE6A09E667F3BCDull);
  vd m = (vd)((biased & ((1ull << 52) - 1)) + 0x3FE6A09E667F3BCDull);
  vd e = (vd)((biased >> 52) | (1075ull << 52)) - (0x1p52 + 1023.0 + SHIFT);
  vd q = (m - 1.0) / (m + 1.0), t = q * q;
  vd p = t * -0.29619420721310553396 - 0.30625056296728381932;
  p = p * t - 0.36367263360458657607;
  p = p * t - 0.44444394113452093217;
  p = p * t - 0.57142857521283359765;
  p = p * t - 0.79999999998604676226;
  p = p * t - 1.3333333333333529132;
  p = p * t - 3.9999999999999999955;
  vd r = root(p * q + e * -1.3862943611198906);
  v8 wide = __builtin_convertvector(turn, v8);
  vd a = (vd)((wide & 0xFFFFFFFEull) ^ 0x4338000080000001ull) * 0x1p-32 - (3.0 * 0x1p19 + 0.5);
  t = a * a;
  vd s = t * 7.6978267682241906454e-7 - 0.000021903497074626017191;
  s = s * t + 0.00046629981618983938014;
  s = s * t - 0.0073704305059169434047;
  s = s * t + 0.08214588657310289502;
  s = s * t - 0.59926452931894468132;
  s = s * t + 2.5501640398773004745;
  s = s * t - 5.1677127800499696077;
  s = s * t + 3.1415926535897932378;
  vd c = t * 4.1495643539425855122e-6 - 0.00010456655338748738169;
  c = c * t + 0.0019295562724817131482;
  c = c * t - 0.02580688873700220327;
  c = c * t + 0.23533063012953285391;
  c = c * t - 1.3352627688434470934;
  c = c * t + 4.0587121264164969995;
  c = c * t - 4.9348022005446767673;
  c = c * t + 0.99999999999999999608;
  *x = r * (vd)((v8)c ^ (wide << 63));
  *y = r * (s * a);
}

typedef vd vector;
typedef double real;
#include "dense_rules.h"

#define ENTRIES(i) (*(vd_any *)(s + (i)))
#define HALF(x, g) __builtin_shufflevector(x, x, 8 * g, 8 * g + 1, 8 * g + 2, 8 * g + 3, 8 * g + 4, 8 * g + 5, 8 * g + 6, 8 * g + 7)
#define EIGHT(h, g)                                                   \
  {                                                                   \
    vd x, y;                                                          \
    pair(HALF(word, g), HALF(low, g), HALF(turn, g), &x, &y);         \
    x = moved(rule, ENTRIES(16 * h + 8 * g), x, n);                   \
    y = moved(rule, ENTRIES(32 + 16 * h + 8 * g), y, n);              \
    ENTRIES(16 * h + 8 * g) = x;                                      \
    ENTRIES(32 + 16 * h + 8 * g) = y;                                 \
    total[2 * h + g] += x + y;                                        \
    squares[2 * h + g] = squares[2 * h + g] + x * x + y * y;          \
  }

static inline void block(int rule, double *s, const uint32_t *w, numbers n, double *sums) {
  lanes both[2] = {{LOAD(0), LOAD(32), LOAD(64), LOAD(96)}, {LOAD(16), LOAD(48), LOAD(80), LOAD(112)}};
  vd total[4] = {{0}, {0}, {0}, {0}}, squares[4] = {{0}, {0}, {0}, {0}};
  for (int row = 0; row < 32; row++, s += 64) {
    for (int i = 0; i < 64; i += 8) __builtin_prefetch(s + 2048 + i, 1, 3);
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) {
      vu low = both[h].c, word = next(&both[h]), turn = next(&both[h]);
      EIGHT(h, 0)
      EIGHT(h, 1)
    }
  }
  vd t = (total[0] + total[1]) + (total[2] + total[3]);
  vd q = (squares[0] + squares[1]) + (squares[2] + squares[3]);
  for (int i = 0; i < 8; i++) {
    sums[0] += t[i];
    sums[1] += q[i];
  }
}

/* Take steps of whole blocks; the rule is 0 for SGD, 1 for the l1 rule, 2 for denoise. */
void take(int rule, double *s, size_t first, size_t last, size_t blocks, size_t steps, double decay,
          double amplitude, double threshold, double *sums) {
  numbers n = {decay, amplitude, threshold};
  uint32_t w[128];
  EACH_RULE
}
