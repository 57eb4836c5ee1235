/* What the loops in float32 and float64 share: the update rules. The file that includes this has a type
   `vector` of numbers of a type `real`, and the smaller and the larger of two, `least` and `most`. */
typedef struct {
  real decay, amplitude, threshold;
} numbers;

static inline vector soft(vector x, real threshold) {
  vector h = (vector){0} + threshold;
  return x - most(least(x, h), -h);
}

static inline vector moved(int rule, vector s, vector z, numbers n) {
  vector change = n.decay * s + n.amplitude * z;
  if (rule == 1) return soft(s - change, n.threshold);
  return s - (rule == 2 ? soft(change, n.threshold) : change);
}
