/* The arithmetic of a dense step in float32, and nothing else: a bound for the engine, not a peer.

   The same random words, polynomials and sums as the engine's, in vectors of 16 that the compiler maps
   to registers: words, normals and sums are never stored. Support entries, seeds, columns with levels of
   their own and V are left out. The rule is a constant in each of the three loops. */
#include "dense_words.h"

typedef float vf __attribute__((vector_size(64)));
typedef float vf_any __attribute__((vector_size(64), aligned(4)));
typedef int32_t vi __attribute__((vector_size(64)));

#if defined(__AVX512F__)
static inline vf root(vf x) { return (vf)_mm512_sqrt_ps((__m512)x); }
static inline vf least(vf x, vf y) { return (vf)_mm512_min_ps((__m512)x, (__m512)y); }
static inline vf most(vf x, vf y) { return (vf)_mm512_max_ps((__m512)x, (__m512)y); }
#else
static inline vf root(vf x) {
  for (int i = 0; i < 16; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
}
static inline vf least(vf x, vf y) {
  for (int i = 0; i < 16; i++) x[i] = x[i] < y[i] ? x[i] : y[i];
  return x;
}
static inline vf most(vf x, vf y) {
  for (int i = 0; i < 16; i++) x[i] = x[i] > y[i] ? x[i] : y[i];
  return x;
}
#endif

static inline void pair(lanes *S, vf *x, vf *y) {
  vu low = S->c, word = next(S), turn = next(S);
  vf u = __builtin_convertvector((vi)(word >> 1), vf) +
         (__builtin_convertvector((vi)(low >> 1), vf) * 0x1p-31f + 0x1p-32f);
  vi bits = (vi)u, e = (bits - 0x3F3504F3) >> 23;
  vf f = (vf)(bits - (e << 23)) - 1.0f;
  vf p = f * -0.17066626165992303866f + 0.28538516412437664384f;
  p = p * f - 0.29954802560254749792f;
  p = p * f + 0.33155985793597725143f;
  p = p * f - 0.39911866716766494887f;
  p = p * f + 0.50002704370992124609f;
  p = p * f - 0.66668386572270156031f;
  p = p * f + 0.99999992764247776242f;
  p = p * f - 1.9999999482621341583f;
  vf square = p * f + __builtin_convertvector(e - 31, vf) * -1.3862943611198906f;
  vf r = root(most(square, (vf){0}));
  vf a = __builtin_convertvector((vi)(turn | 1), vf) * 0x1p-32f, t = a * a;
  vf s = t * 0.077655912276013869413f - 0.5982904112834275349f;
  s = s * t + 2.5500773865289118653f;
  s = s * t - 5.1677100766683144093f;
  s = s * t + 3.1415926400772032517f;
  vf c = t * -0.024395932097550444473f + 0.23493706859508651002f;
  c = c * t - 1.3352119493905503384f;
  c = c * t + 4.0587091547631342538f;
  c = c * t - 4.9348021369289456371f;
  c = c * t + 0.99999999977915403194f;
  *x = r * (vf)((vu)c ^ (turn << 31));
  *y = r * (s * a);
}

typedef vf vector;
typedef float real;
#include "dense_rules.h"

#define ENTRIES(i) (*(vf_any *)(s + (i)))

static inline void block(int rule, float *s, const uint32_t *w, numbers n, double *sums) {
  lanes both[2] = {{LOAD(0), LOAD(32), LOAD(64), LOAD(96)}, {LOAD(16), LOAD(48), LOAD(80), LOAD(112)}};
  vf total[2] = {{0}, {0}}, squares[2] = {{0}, {0}};
  for (int row = 0; row < 32; row++, s += 64) {
    for (int i = 0; i < 64; i += 16) __builtin_prefetch(s + 2048 + i, 1, 3);
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) {
      vf x, y;
      pair(&both[h], &x, &y);
      x = moved(rule, ENTRIES(16 * h), x, n);
      y = moved(rule, ENTRIES(32 + 16 * h), y, n);
      ENTRIES(16 * h) = x;
      ENTRIES(32 + 16 * h) = y;
      total[h] += x + y;
      squares[h] = squares[h] + x * x + y * y;
    }
  }
  vf t = total[0] + total[1], q = squares[0] + squares[1];
  float a = 0, b = 0;
  for (int i = 0; i < 16; i++) {
    a += t[i];
    b += q[i];
  }
  sums[0] += a;
  sums[1] += b;
}

/* Take steps of whole blocks; the rule is 0 for SGD, 1 for the l1 rule, 2 for denoise. */
void take(int rule, float *s, size_t first, size_t last, size_t blocks, size_t steps, float decay,
          float amplitude, float threshold, double *sums) {
  numbers n = {decay, amplitude, threshold};
  uint32_t w[128];
  EACH_RULE
}
