#include "key-switch.h"

#include <algorithm>
#include <cstring>

#include "threads.h"

namespace cipherprune {

KeySwitcher::KeySwitcher(const RlweContext& context, size_t limbs, const uint32_t* galoisKeys)
    : context(context), limbs(limbs), digits(digitsOf(limbs)), keys(galoisKeys), turned(limbs * context.n), upper(digits * context.n),
      transformed(digits * context.n + 256), sum(2 * context.n), rest(2 * RlweContext::specials * context.n), minus(context.n), wrapped(context.n) {
  const Modulus &first = context.special(0), &second = context.special(1);
  const uint64_t product = uint64_t{first.p} * second.p;
  firstInverse = second.factor(second.inverse(first.p % second.p));
  for (size_t prime = 0; prime < galoisKeyPrimes(context); prime++) {
    const Modulus& m = context.modulus(prime);
    halves.push_back(m.reduceWide(product / 2));
    specialInverse.push_back(prime < limbs ? m.factor(m.inverse(m.reduceWide(product))) : Factor{});
  }
}

void KeySwitcher::wanted(uint32_t* sums, size_t prime, size_t logEach, uint32_t* out) {
  const PolyLoops& loops = polyLoops();
  const size_t log = std::min(logEach, context.foldedLogs());
  const NttTable& t = context.foldedTable(prime, log);
  if (log > 0) {
    loops.sumNodes(sums, context.n, log, t.modulus, out);
    loops.scale(out, t.modulus.factor(t.modulus.inverse(uint32_t{1} << log)), t.n, t.modulus, out);
  } else {
    std::memcpy(out, sums, 4 * t.n);
  }
  loops.inverse(out, t);
  // Rings of a few coefficients exist in tests only.
  for (size_t i = 1; logEach > log && i < context.n >> logEach; i++) out[i] = out[i << (logEach - log)];
}

/** x modulo the product of two neighbouring limbs is x modulo the first plus the first times this. */
void KeySwitcher::upperDigits() {
  const size_t n = context.n;
  for (size_t digit = 0; digitLimbs * digit + 1 < limbs; digit++) {
    const size_t l = digitLimbs * digit;
    const Modulus& m = context.modulus(l + 1);
    const Factor inverse = m.factor(m.inverse(context.modulus(l).p % m.p));
    polyLoops().fold(turned.data() + (l + 1) * n, turned.data() + l * n, true, inverse, n, m, upper.data() + digit * n);
  }
}

/** All digits modulo one prime, transformed. */
void KeySwitcher::transformDigits(size_t prime) {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n;
  const NttTable& t = context.table(prime);
  for (size_t digit = 0; digit < digits; digit++) {
    const size_t l = digitLimbs * digit;
    uint32_t* to = transformed.data() + digit * n;
    const bool own = prime == l || prime == l + 1, alone = l + 1 == limbs;
    if (own && prime < limbs) {
      loops.forwardTo(turned.data() + prime * n, to, t);
    } else if (alone) {
      loops.forwardTo(turned.data() + l * n, to, t);
    } else {
      loops.addScaled(turned.data() + l * n, upper.data() + digit * n, t.modulus.factor(context.modulus(l).p), n, t.modulus, to);
      loops.forward(to, t);
    }
  }
}

/** A remainder by the product of the special primes, [2][n] modulo each, plus half of it: as first + p · second, p the first special prime. */
void KeySwitcher::shiftedRemainder(uint32_t* remainder, size_t count) {
  const PolyLoops& loops = polyLoops();
  const Modulus &first = context.special(0), &second = context.special(1);
  uint32_t *low = remainder, *high = remainder + context.n;
  loops.shift(low, halves[context.limbs], count, first, low);
  loops.shift(high, halves[context.limbs + 1], count, second, high);
  loops.fold(high, low, true, firstInverse, count, second, high);
}

/** For each prime, the special ones first: transform all digits, multiply by both halves of the key, transform back; then divide by
 *  the product of the special primes with rounding. */
void KeySwitcher::switchKey(const uint32_t* key, size_t logEach, Halves out) {
  const PolyLoops& loops = polyLoops();
  constexpr size_t specials = RlweContext::specials;
  const size_t n = context.n, each = ((n >> logEach) + 15) / 16 * 16, keyDigits = digitsOf(context.limbs);
  uint32_t *restA = rest.data(), *restB = rest.data() + specials * n;
  upperDigits();
  for (size_t turn = 0; turn < specials + limbs; turn++) {
    const bool isSpecial = turn < specials;
    const size_t prime = isSpecial ? context.limbs + turn : turn - specials;
    const NttTable& t = context.table(prime);
    const uint32_t* rows = key + prime * 2 * keyDigits * n;
    // A key is about as large as the cache, and all of it is read by each switch.
    prefetchWords(rows, 2 * keyDigits * n);
    transformDigits(prime);
    uint32_t *ofA = isSpecial ? restA + turn * n : sum.data(), *ofB = isSpecial ? restB + turn * n : sum.data() + n;
    loops.dot(transformed.data(), n, rows, n, digits, n, t.modulus, minus.data());
    wanted(minus.data(), prime, logEach, ofB);
    loops.dot(transformed.data(), n, rows + keyDigits * n, n, digits, n, t.modulus, ofA);
    loops.inverse(ofA, t);
    if (turn + 1 == specials) {
      shiftedRemainder(restA, n);
      shiftedRemainder(restB, each);
    }
    if (isSpecial) continue;
    const auto divide = [&](uint32_t* x, const uint32_t* remainder, size_t count) {
      loops.divideRoundPair(x, remainder, remainder + n, t.modulus.factor(context.special(0).p), halves[prime], specialInverse[prime],
                            count, t.modulus, x);
    };
    divide(ofA, restA, n);
    divide(ofB, restB, each);
    uint32_t *toA = out.a + prime * n, *toB = out.b + prime * n;
    loops.add(toA, ofA, n, t.modulus, toA);
    for (size_t i = 0; i < n >> logEach; i++) toB[i] = t.modulus.add(toB[i], ofB[i]);
  }
}

/** One limb under sigma. */
void KeySwitcher::substitute(const uint32_t* x, size_t logStep, const Modulus& m, uint32_t* out) {
  const size_t n = context.n, step = size_t{1} << logStep;
  const Automorphism& sigma = context.automorphism(logStep);
  if (canSubstitute(n, step)) polyLoops().substitute(x, n, step, m, transformed.data(), out);
  else polyLoops().permute(x, sigma.index.data(), sigma.signs.data(), n, m, out);
}

void KeySwitcher::automorphism(const uint32_t* ct, size_t logStep, uint32_t* out) {
  const size_t n = context.n;
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    substitute(ct + l * n, logStep, m, out + l * n);
    substitute(ct + (limbs + l) * n, logStep, m, turned.data() + l * n);
  }
  std::memset(out + limbs * n, 0, 4 * limbs * n);
  switchKey(keys + logStep * galoisKeyWords(context), 0, {out, out + limbs * n});
}

void KeySwitcher::combine(uint32_t* even, const uint32_t* odd, size_t step, const Modulus& m, uint32_t* difference) {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n, head = std::max<size_t>(step, 16);
  // The first coefficients of X^step · odd: what wrapped, and what follows up to a whole vector.
  for (size_t i = 0; i < step; i++) wrapped[i] = m.subtract(0, odd[n - step + i]);
  std::memcpy(wrapped.data() + step, odd, 4 * (head - step));
  loops.subtract(even, wrapped.data(), head, m, difference);
  loops.add(even, wrapped.data(), head, m, even);
  const uint32_t* rest = odd + head - step;
  loops.subtract(even + head, rest, n - head, m, difference + head);
  loops.add(even + head, rest, n - head, m, even + head);
}

void KeySwitcher::doubled(uint32_t* even, bool hasOdd, size_t count, const Modulus& m) {
  const uint32_t* odd = even + count;
  for (size_t i = 0; i < count; i++) {
    minus[2 * i] = m.add(even[i], even[i]);
    minus[2 * i + 1] = hasOdd ? m.add(odd[i], odd[i]) : 0;
  }
  std::memcpy(even, minus.data(), 8 * count);
}

void KeySwitcher::merge(Halves even, const uint32_t* oddA, size_t logStep) {
  const size_t n = context.n;
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    const uint32_t* difference = even.a + l * n;
    if (oddA) {
      combine(even.a + l * n, oddA + l * n, size_t{1} << logStep, m, minus.data());
      difference = minus.data();
    }
    substitute(difference, logStep, m, turned.data() + l * n);
    doubled(even.b + l * n, oddA != nullptr, n >> (logStep + 1), m);
  }
  switchKey(keys + logStep * galoisKeyWords(context), logStep, even);
}

void packByTrace(KeySwitchers& switchers, const std::vector<TraceGroup>& groups, size_t logCount) {
  const size_t n = switchers.limbWords(), ctWords = switchers.limbs * n;
  for (size_t logStep = logCount; logStep-- > 0;) {
    // All merges of a level use the same key.
    const size_t distance = (size_t{1} << logCount) >> (logStep + 1);
    std::vector<std::pair<Halves, const uint32_t*>> merges;
    for (const TraceGroup& group : groups)
      for (size_t t = 0; t < group.count; t += 2 * distance) {
        uint32_t* a = group.words + (1 + t) * ctWords;
        merges.push_back({{group.words + t * (n >> logCount), a}, t + distance < group.count ? a + distance * ctWords : nullptr});
      }
    splitWork(switchers.threads(), merges.size(), [&](size_t index, size_t worker) {
      switchers.of(worker).merge(merges[index].first, merges[index].second, logStep);
    });
  }
}

}  // namespace cipherprune
