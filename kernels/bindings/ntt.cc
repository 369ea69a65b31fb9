#include "src/ntt/ntt.h"

#include <map>
#include <memory>

#include "binding.h"

namespace cipherprune {

namespace {

/** The table of the last prime and length used: these functions serve tests and benchmarks. */
const NttTable& tableOf(const Arguments& a, size_t n) {
  static std::map<std::pair<uint32_t, size_t>, std::unique_ptr<NttTable>> tables;
  auto& table = tables[{static_cast<uint32_t>(a.integer(0, 3, (1 << primeBits) - 1)), n}];
  if (!table) table = std::make_unique<NttTable>(static_cast<uint32_t>(a.integer(0, 3, (1 << primeBits) - 1)), n);
  return *table;
}

void forward(const Arguments& a) {
  const auto x = a.uint32s(1);
  const NttTable& table = tableOf(a, x.length);
  polyLoops().forward(x.data, table);
  polyLoops().reduce(x.data, x.length, table.modulus);
}

void forwardLow(const Arguments& a) {
  const auto x = a.uint32s(1), out = a.uint32s(2);
  a.expect(x.length >= 1 && x.length <= out.length && (x.length & (x.length - 1)) == 0, 1, "a power of two up to the length of the transform");
  const NttTable& table = tableOf(a, out.length);
  polyLoops().forwardLow(x.data, x.length, out.data, table);
  polyLoops().reduce(out.data, out.length, table.modulus);
}

void inverse(const Arguments& a) {
  const auto x = a.uint32s(1);
  polyLoops().inverse(x.data, tableOf(a, x.length));
}

void multiply(const Arguments& a) {
  const auto x = a.uint32s(1), y = a.uint32s(2), out = a.uint32s(3);
  a.expectLength(2, y.length, x.length);
  a.expectLength(3, out.length, x.length);
  polyLoops().multiply(x.data, y.data, x.length, tableOf(a, x.length).modulus, out.data);
}

size_t columnLength(const Arguments& a, size_t n, size_t words) {
  const size_t length = words / columns;
  a.expect(words % columns == 0 && length >= 2 && length <= 2 * n && (length & (length - 1)) == 0, 2,
           "16 columns of a power of two, at most 2n");
  return length;
}

void forwardColumns(const Arguments& a) {
  const auto x = a.uint32s(2);
  const size_t n = a.size(1), length = columnLength(a, n, x.length), support = a.size(3);
  a.expect(support >= 1 && support <= length && (support & (support - 1)) == 0, 3, "a power of two up to the length");
  const bool negacyclic = a.integer(4, 0, 1) == 1;
  a.expect(!negacyclic || length == n, 4, "length n if negacyclic");
  polyLoops().forwardColumns(x.data, length, support, negacyclic, tableOf(a, n), x.data, columns);
}

void inverseColumns(const Arguments& a) {
  const auto x = a.uint32s(2);
  const size_t n = a.size(1);
  const size_t length = columnLength(a, n, x.length);
  const bool negacyclic = a.integer(3, 0, 1) == 1;
  a.expect(!negacyclic || length == n, 3, "length n if negacyclic");
  polyLoops().inverseColumns(x.data, length, negacyclic, tableOf(a, n));
}

void inverseColumnsLast(const Arguments& a) {
  const auto x = a.uint32s(2);
  const size_t n = a.size(1), length = columnLength(a, n, x.length);
  const bool negacyclic = a.integer(3, 0, 1) == 1;
  a.expect(!negacyclic || length == n, 3, "length n if negacyclic");
  const size_t log = static_cast<size_t>(a.integer(4, 0, 8));
  a.expect(length >> log >= 1, 4, "at least one row that is left");
  polyLoops().inverseColumnsLast(x.data, length, log, negacyclic, tableOf(a, n));
}

void tile(const Arguments& a) {
  const auto x = a.uint32s(1), y = a.uint32s(2), out = a.uint32s(4);
  const size_t rows = a.size(3), depth = y.length / columns;
  a.expect(rows >= 1 && rows <= mostTileRows, 3, "1 to 12");
  a.expect(y.length % columns == 0 && depth <= 4096, 2, "at most 4096 rows of 16");
  a.expectLength(1, x.length, depth * rows);
  a.expectLength(4, out.length, rows * columns);
  polyLoops().tile(x.data, rows, y.data, rows, depth, tableOf(a, 16).modulus, out.data, columns);
}

void laneProducts(const Arguments& a) {
  const auto x = a.uint32s(1), y = a.uint32s(3), out = a.uint32s(5);
  const size_t rows = a.size(2), cols = a.size(4);
  a.expect(rows >= 1 && rows <= 4, 2, "1 to 4");
  a.expect(cols >= 1 && cols <= 4096, 4, "1 to 4096");
  const size_t terms = x.length / (rows * columns);
  a.expect(x.length % (rows * columns) == 0 && terms <= 4096, 1, "at most 4096 terms of `rows` times 16");
  a.expectLength(3, y.length, terms * cols * columns);
  a.expectLength(5, out.length, rows * cols * columns);
  polyLoops().laneProducts(x.data, rows, y.data, cols, terms, tableOf(a, 16).modulus, out.data);
}

}  // namespace

void addNtt(Bindings& bindings) {
  bindings.add<forward>("nttForward");
  bindings.add<forwardLow>("nttForwardLow");
  bindings.add<inverse>("nttInverse");
  bindings.add<multiply>("nttMultiply");
  bindings.add<forwardColumns>("nttForwardColumns");
  bindings.add<inverseColumns>("nttInverseColumns");
  bindings.add<inverseColumnsLast>("nttInverseColumnsLast");
  bindings.add<tile>("nttTile");
  bindings.add<laneProducts>("nttLaneProducts");
}

}  // namespace cipherprune
