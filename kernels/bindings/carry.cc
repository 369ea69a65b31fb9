#include "src/carry/carry.h"

#include "binding.h"

namespace cipherprune {

namespace {

/** Digits of a ring of 64 bits. */
constexpr size_t mostGroups = 16;

View<uint8_t> kindsOf(const Arguments& a) {
  const auto kinds = a.bytes("kinds");
  a.expect(kinds.length <= mostGroups, "kinds", "at most 16 groups");
  for (size_t i = 0; i < kinds.length; i++) a.expect(kinds.data[i] < carryKinds, "kinds", "numbers below 7");
  return kinds;
}

void vectors(const Arguments& a) {
  const auto kinds = kindsOf(a);
  const auto index = a.words("index");
  const auto out = a.bytes("vectors");
  a.expectLength("vectors", out.length, index.length * carryVectorBytes(kinds.data, kinds.length));
  carryVectors(kinds.data, kinds.length, index.data, index.length, out.data);
}

void sums(const Arguments& a) {
  const auto kinds = kindsOf(a);
  const auto index = a.words("index"), out = a.words("out");
  const auto vectors = a.bytes("vectors");
  const size_t bytes = carryVectorBytes(kinds.data, kinds.length);
  a.expectLength("out", out.length, index.length);
  a.expect(bytes > 0 && vectors.length % bytes == 0, "vectors", "whole elements");
  const size_t period = vectors.length / bytes;
  a.expect(period == 0 ? index.length == 0 : index.length % period == 0, "vectors", "a length that divides that of index");
  carrySums(kinds.data, kinds.length, index.data, index.length, vectors.data, period, out.data);
}

}  // namespace

void addCarry(Bindings& bindings) {
  bindings.add<vectors>("carryVectors");
  bindings.add<sums>("carrySums");
}

}  // namespace cipherprune
