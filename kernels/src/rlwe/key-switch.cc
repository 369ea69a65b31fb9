#include "key-switch.h"

#include <algorithm>
#include <cstring>

#include "threads.h"

namespace cipherprune {

KeySwitcher::KeySwitcher(const RlweContext& context, size_t limbs, const uint32_t* galoisKeys)
    : context(context), limbs(limbs), keys(galoisKeys), turned(limbs * context.n), digits(limbs * context.n),
      sums(2 * context.n), rest(2 * context.n), minus(context.n), wrapped(context.n) {
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    specialInverse.push_back(m.factor(m.inverse(context.special().modulus.p % m.p)));
  }
}

/** Adds the switched `turned` (a half under s(X^g)) to out. For each prime, special first: transform all digits, multiply
 *  by both halves of the key, transform back; then divide by the special prime with rounding. */
void KeySwitcher::switchKey(const uint32_t* key, uint32_t* out) {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n;
  for (size_t turn = 0; turn <= limbs; turn++) {
    const size_t prime = turn == 0 ? context.limbs : turn - 1;
    const NttTable& t = context.table(prime);
    const uint32_t* rows = key + prime * 2 * context.limbs * n;
    for (size_t digit = 0; digit < limbs; digit++) {
      // A key is twice the size of the cache, and all of it is read by each switch.
      for (size_t h = 0; h < 2; h++) prefetchWords(rows + (h * context.limbs + digit) * n, n);
      loops.forwardTo(turned.data() + digit * n, digits.data() + digit * n, t);
    }
    for (size_t h = 0; h < 2; h++) {
      uint32_t* sum = turn == 0 ? rest.data() + h * n : sums.data() + h * n;
      loops.dot(digits.data(), n, rows + h * context.limbs * n, n, limbs, n, t.modulus, sum);
      loops.inverse(sum, t);
      if (turn == 0) continue;
      loops.divideRound(sum, rest.data() + h * n, context.special().modulus, specialInverse[prime], n, t.modulus, sum);
      uint32_t* to = out + (h * limbs + prime) * n;
      loops.add(to, sum, n, t.modulus, to);
    }
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
  switchKey(keys + logStep * galoisKeyWords(context), out);
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

void KeySwitcher::merge(uint32_t* even, const uint32_t* odd, size_t logStep) {
  const PolyLoops& loops = polyLoops();
  const Automorphism& sigma = context.automorphism(logStep);
  const size_t n = context.n;
  for (size_t part = 0; part < 2 * limbs; part++) {
    const Modulus& m = context.modulus(part % limbs);
    uint32_t* to = even + part * n;
    uint32_t* image = part < limbs ? digits.data() : turned.data() + (part - limbs) * n;
    const uint32_t* difference = to;
    if (odd) {
      combine(to, odd + part * n, size_t{1} << logStep, m, minus.data());
      difference = minus.data();
    }
    loops.permute(difference, sigma.index.data(), sigma.signs.data(), n, m, image);
    if (part < limbs) loops.add(to, image, n, m, to);
  }
  switchKey(keys + logStep * galoisKeyWords(context), even);
}

void packByTrace(KeySwitchers& switchers, std::vector<std::vector<uint32_t*>> groups, size_t logCount) {
  for (size_t logStep = logCount; logStep-- > 0;) {
    // All merges of a level use the same key.
    std::vector<std::pair<uint32_t*, uint32_t*>> merges;
    for (std::vector<uint32_t*>& group : groups) {
      std::vector<uint32_t*> next;
      for (size_t t = 0; t < group.size(); t += 2) {
        merges.emplace_back(group[t], t + 1 < group.size() ? group[t + 1] : nullptr);
        next.push_back(group[t]);
      }
      group = next;
    }
    splitWork(switchers.threads(), merges.size(), [&](size_t index, size_t worker) {
      switchers.of(worker).merge(merges[index].first, merges[index].second, logStep);
    });
  }
}

}  // namespace cipherprune
