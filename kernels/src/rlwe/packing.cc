#include "packing.h"

#include <algorithm>
#include <cstring>

#include "src/base/parallel.h"

namespace cipherprune {

namespace {

constexpr size_t divisors = RlweContext::divisors, packedLimbs = RlweContext::packedLimbs;

/** Components that are transformed before they are multiplied by their keys: what the cache of a core holds. */
constexpr size_t together = 4;

/** How an element is known modulo another prime. Of its residues modulo primes first ... first + count - 1, Q their product, times componentWeights, each times
 *  Q / p, and added up as integers, are the element plus u · Q, 0 <= u < count; count / 2 times Q are taken off, so that it is as often below as above zero. */
Combination composition(const RlweContext& context, size_t first, size_t count, const Modulus& m) {
  const auto product = [&](size_t without) {
    uint32_t result = 1;
    for (size_t i = first; i < first + count; i++)
      if (i != without) result = m.multiply(result, m.factor(context.modulus(i).p));
    return result;
  };
  Combination result{&m, m.subtract(0, m.multiply(product(RlweContext::allPrimes), m.factor(count / 2))), {}};
  for (size_t i = 0; i < count; i++) result.factors[i] = product(first + i);
  return result;
}

std::vector<uint32_t> inverseCofactors(const RlweContext& context, size_t first, size_t count) {
  std::vector<uint32_t> result;
  for (size_t i = first; i < first + count; i++) {
    const Modulus& m = context.modulus(i);
    uint32_t others = 1;
    for (size_t j = first; j < first + count; j++)
      if (j != i) others = m.multiply(others, m.factor(context.modulus(j).p));
    result.push_back(m.inverse(others));
  }
  return result;
}

}  // namespace

std::vector<uint32_t> componentWeights(const RlweContext& context, size_t limbs) { return inverseCofactors(context, 0, limbs); }

Packer::Packer(const RlweContext& context, size_t limbs, size_t kIn, const uint32_t* keys, size_t threads)
    : context(context), limbs(limbs), kIn(kIn), keys(keys), threads(threads) {}

void Packer::compose(const uint32_t* component, uint32_t* out) const {
  Combination combinations[divisors];
  for (size_t i = 0; i < divisors; i++) combinations[i] = composition(context, 0, limbs, context.modulus(packedLimbs + i));
  polyLoops().combineEach(component, kIn * context.n, limbs, combinations, divisors, context.n, out, kIn * context.n);
}

void Packer::sumModulo(size_t prime, const std::vector<Sum>& sums, uint32_t* work) const {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n;
  const NttTable& t = context.table(prime);
  const Modulus& m = t.modulus;
  const uint32_t *ofB = keys + 2 * prime * kIn * n, *ofA = ofB + kIn * n;
  for (size_t first = 0; first < kIn; first += together) {
    const size_t count = std::min(together, kIn - first);
    const uint32_t* const rows[2] = {ofB + first * n, ofA + first * n};
    for (const Sum& sum : sums) {
      for (size_t c = 0; c < count; c++) {
        const uint32_t* component = sum.components + (first + c) * n;
        if (c + 1 < count) prefetchWords(component + n, n);
        loops.forwardTo(component, work + c * n, t);
      }
      uint32_t* const halves[2] = {sum.out, sum.out + n};
      loops.dotPair(work, n, rows, n, count, first > 0, n, m, halves);
    }
  }
  for (const Sum& sum : sums)
    for (uint32_t* half : {sum.out, sum.out + n}) {
      // Modulo its own primes an element is its weighted residue times what the weight has taken away.
      if (prime < limbs) loops.scale(half, m.factor(composition(context, 0, limbs, m).factors[prime]), n, m, half);
      loops.inverse(half, t);
    }
}

void Packer::divide(uint32_t* sums, uint32_t* out) const {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n;
  uint32_t* rests = sums + 2 * packedLimbs * n;
  const std::vector<uint32_t> weights = inverseCofactors(context, packedLimbs, divisors);
  for (size_t i = 0; i < 2 * divisors; i++) {
    const Modulus& m = context.modulus(packedLimbs + i / 2);
    loops.scale(rests + i * n, m.factor(weights[i / 2]), n, m, rests + i * n);
  }
  Words rest(n);
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    const Combination together = composition(context, packedLimbs, divisors, m);
    const Factor inverse = m.factor(m.inverse(divisorModulo(context, m)));
    for (size_t half = 0; half < 2; half++) {
      uint32_t *sum = sums + (2 * l + half) * n, *to = out + (half * limbs + l) * n;
      loops.combine(rests + half * n, 2 * n, together.factors, divisors, together.addend, n, m, rest.data());
      loops.fold(sum, rest.data(), true, inverse, n, m, half == 0 ? sum : to);
      if (half == 0) loops.add(to, sum, n, m, to);
    }
  }
}

void Packer::pack(const std::vector<PackingGroup>& groups) {
  const size_t n = context.n, primes = RlweContext::allPrimes, sumWords = 2 * primes * n;
  std::vector<size_t> used;
  for (size_t prime = 0; prime < primes; prime++)
    if (prime < limbs || prime >= packedLimbs) used.push_back(prime);
  const size_t composedWords = divisors * kIn * n;
  Words sums(groups.size() * sumWords), composed(groups.size() * composedWords);
  splitWork(threads, groups.size() * kIn, [&](size_t unit, size_t) {
    const size_t group = unit / kIn, at = unit % kIn * n;
    compose(groups[group].words + limbs * n + at, composed.data() + group * composedWords + at);
  });
  std::vector<Words> works(threads);
  // Keys are several times what the cache of a core holds: what is there serves all groups, unless there are more threads than that leaves work for.
  const size_t chunks = std::min(groups.size(), (2 * threads + used.size() - 1) / used.size());
  splitWork(threads, used.size() * chunks, [&](size_t unit, size_t worker) {
    Words& work = works[worker];
    if (!work.data()) work = Words(together * n);
    const size_t prime = used[unit / chunks], chunk = unit % chunks;
    std::vector<Sum> ofChunk;
    for (size_t group = chunk * groups.size() / chunks; group < (chunk + 1) * groups.size() / chunks; group++) {
      const uint32_t* components = prime < limbs ? groups[group].words + (limbs + prime * kIn) * n
                                                 : composed.data() + group * composedWords + (prime - packedLimbs) * kIn * n;
      ofChunk.push_back({components, sums.data() + group * sumWords + 2 * prime * n});
    }
    sumModulo(prime, ofChunk, work.data());
  });
  splitWork(threads, groups.size(), [&](size_t group, size_t) { divide(sums.data() + group * sumWords, groups[group].words); });
}

void packProducts(const RlweContext& context, size_t limbs, size_t kIn, const uint32_t* keys, const uint32_t* products, uint32_t* out) {
  const size_t n = context.n, half = limbs * n;
  const std::vector<uint32_t> weights = componentWeights(context, limbs);
  Words group((1 + kIn) * half);
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    for (size_t t = 0; t < kIn; t++)
      for (size_t i = 0; i < n; i++) {
        const size_t j = i % kIn, to = i - j + t;
        const uint32_t *b = products + 2 * t * half + l * n, *a = b + half;
        if (j == kIn - 1) group[l * n + to] = b[i];
        group[half + (l * kIn + kIn - 1 - j) * n + to] = m.multiply(a[i], m.factor(weights[l]));
      }
  }
  Packer(context, limbs, kIn, keys, 1).pack({{group.data()}});
  std::memcpy(out, group.data(), 8 * half);
}

}  // namespace cipherprune
