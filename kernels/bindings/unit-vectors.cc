#include "src/unit-vectors/unit-vectors.h"

#include "binding.h"

namespace cipherprune {

namespace {

UnitVectorPlan planOf(const Arguments& a) {
  return {static_cast<unsigned>(a.integer("indexBits", 1, unitVectorMaxIndexBits)), static_cast<unsigned>(a.bits("ringBits"))};
}

void add(const Arguments& a) {
  const UnitVectorPlan plan = planOf(a);
  const auto places = a.words("places");
  const auto fields = a.bytes("fields");
  a.expectLength("fields", fields.length, unitVectorBytes(places.length, plan));
  unitVectorAdd(places.data, places.length, plan, fields.data);
}

void sums(const Arguments& a) {
  const UnitVectorPlan plan = planOf(a);
  const auto shifts = a.words("shifts"), table = a.words("table"), out = a.words("out");
  const auto fields = a.bytes("fields");
  a.expectLength("table", table.length, size_t{1} << plan.indexBits);
  a.expectLength("fields", fields.length, unitVectorBytes(shifts.length, plan));
  a.expectLength("out", out.length, shifts.length);
  unitVectorSums(shifts.data, shifts.length, plan, table.data, fields.data, out.data);
}

}  // namespace

void addUnitVectors(Bindings& bindings) {
  bindings.add<add>("unitVectorAdd");
  bindings.add<sums>("unitVectorSums");
}

}  // namespace cipherprune
