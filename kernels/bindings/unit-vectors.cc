#include "src/unit-vectors/unit-vectors.h"

#include "binding.h"
#include "src/unit-vectors/bit-tables.h"
#include "src/unit-vectors/top-bit.h"

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

void entries(const Arguments& a) {
  const BitTablePlan plan{static_cast<unsigned>(a.integer("indexBits", bitTableMinIndexBits, bitTableMaxIndexBits)),
                          static_cast<unsigned>(a.bits("ringBits"))};
  const auto shifts = a.words("shifts"), table = a.words("table");
  const auto fields = a.bytes("fields"), out = a.bytes("out");
  const size_t places = size_t{1} << plan.indexBits;
  a.expectLength("table", table.length, places);
  a.expectLength("fields", fields.length, shifts.length * (places / 8));
  a.expectLength("out", out.length, shifts.length * plan.entryBits);
  bitTableEntries(shifts.data, shifts.length, plan, table.data, fields.data, out.data);
}

/** d [copies, n]; a vector serves all copies. */
void parts(const Arguments& a) {
  const auto halfBits = [&](Key key) { return static_cast<unsigned>(a.integer(key, 3, topBitMaxHalfBits)); };
  const TopBitPlan plan{halfBits("lowBits"), halfBits("highBits")};
  const auto d = a.words("d");
  const auto upper = a.bytes("upper"), lower = a.bytes("lower");
  const auto top = a.bytes("top"), changes = a.bytes("changes"), carries = a.bytes("carries");
  const size_t highBytes = (size_t{1} << plan.highBits) / 8, lowBytes = (size_t{1} << plan.lowBits) / 8;
  const size_t count = upper.length / highBytes;
  a.expectLength("upper", upper.length, count * highBytes);
  a.expectLength("lower", lower.length, count * lowBytes);
  a.expect(count == 0 ? d.length == 0 : d.length % count == 0, "d", "a multiple of the number of vectors");
  a.expectLength("top", top.length, d.length);
  a.expectLength("changes", changes.length, d.length);
  a.expectLength("carries", carries.length, d.length);
  for (size_t begin = 0; begin < d.length; begin += count)
    topBitParts(d.data + begin, count, plan, upper.data, lower.data, top.data + begin, changes.data + begin, carries.data + begin);
}

}  // namespace

void addUnitVectors(Bindings& bindings) {
  bindings.add<add>("unitVectorAdd");
  bindings.add<sums>("unitVectorSums");
  bindings.add<parts>("topBitParts");
  bindings.add<entries>("bitTableEntries");
}

}  // namespace cipherprune
