#include "key-switch.h"

#include <algorithm>
#include <cstring>

#include "threads.h"

namespace cipherprune {

KeySwitcher::KeySwitcher(const RlweContext& context, size_t limbs, const uint32_t* galoisKeys)
    : context(context), limbs(limbs), keys(galoisKeys), turned(limbs * context.n), digits(limbs * context.n),
      sum(2 * context.n), rest(2 * context.n), minus(context.n), wrapped(context.n) {
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    specialInverse.push_back(m.factor(m.inverse(context.special().modulus.p % m.p)));
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

/** For each prime, special first: transform all digits, multiply by both halves of the key, transform back; then divide by the special
 *  prime with rounding. */
void KeySwitcher::switchKey(const uint32_t* key, size_t logEach, Halves out) {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n, each = ((n >> logEach) + 15) / 16 * 16;
  for (size_t turn = 0; turn <= limbs; turn++) {
    const size_t prime = turn == 0 ? context.limbs : turn - 1;
    const NttTable& t = context.table(prime);
    const uint32_t* rows = key + prime * 2 * context.limbs * n;
    for (size_t digit = 0; digit < limbs; digit++) {
      // A key is twice the size of the cache, and all of it is read by each switch.
      for (size_t h = 0; h < 2; h++) prefetchWords(rows + (h * context.limbs + digit) * n, n);
      loops.forwardTo(turned.data() + digit * n, digits.data() + digit * n, t);
    }
    uint32_t *ofA = turn == 0 ? rest.data() : sum.data(), *ofB = ofA + n;
    loops.dot(digits.data(), n, rows, n, limbs, n, t.modulus, minus.data());
    wanted(minus.data(), prime, logEach, ofB);
    loops.dot(digits.data(), n, rows + context.limbs * n, n, limbs, n, t.modulus, ofA);
    loops.inverse(ofA, t);
    if (turn == 0) continue;
    const auto divide = [&](uint32_t* x, const uint32_t* remainder, size_t count) {
      loops.divideRound(x, remainder, context.special().modulus, specialInverse[prime], count, t.modulus, x);
    };
    divide(ofA, rest.data(), n);
    divide(ofB, rest.data() + n, each);
    uint32_t *toA = out.a + prime * n, *toB = out.b + prime * n;
    loops.add(toA, ofA, n, t.modulus, toA);
    for (size_t i = 0; i < n >> logEach; i++) toB[i] = t.modulus.add(toB[i], ofB[i]);
  }
}

void KeySwitcher::automorphism(const uint32_t* ct, size_t logStep, uint32_t* out) {
  const PolyLoops& loops = polyLoops();
  const Automorphism& sigma = context.automorphism(logStep);
  const size_t n = context.n;
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    loops.permute(ct + l * n, sigma.index.data(), sigma.signs.data(), n, m, out + l * n);
    loops.permute(ct + (limbs + l) * n, sigma.index.data(), sigma.signs.data(), n, m, turned.data() + l * n);
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
  const Automorphism& sigma = context.automorphism(logStep);
  const size_t n = context.n;
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    const uint32_t* difference = even.a + l * n;
    if (oddA) {
      combine(even.a + l * n, oddA + l * n, size_t{1} << logStep, m, minus.data());
      difference = minus.data();
    }
    polyLoops().permute(difference, sigma.index.data(), sigma.signs.data(), n, m, turned.data() + l * n);
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
