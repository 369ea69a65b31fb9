// Products of transformed polynomials of which only the coefficients of outputs are wanted, each kIn-th (resident.h): the leaves below
// a node of kIn coefficients add up to kIn times its first, and over these nodes lies a transform of length kOut. So the products of
// leaves are added up node by node, sixteen outputs side by side, and what is transformed back is short.
#pragma once
#include "resident.h"

namespace cipherprune {

/** Rows, and blocks of outputs, that share what they read of the other factor. */
constexpr size_t laneRows = 4, laneBlocks = 2;

/** visit(position in a transform, output / 16, feature, output % 16) for all leaves: leaf o·kIn + k is feature k of output o. */
template <class Visit>
void forEachLeaf(const ResidentLayout& layout, Visit visit) {
  for (size_t vector = 0; vector < layout.kOut() / columns; vector++)
    for (size_t k = 0; k < layout.kIn; k++)
      for (size_t lane = 0; lane < columns; lane++)
        visit(leafPosition(layout.n, (vector * columns + lane) * layout.kIn + k), vector, k, lane);
}

/** Copies polynomials [rank][n], transformed and reduced, to place `which` of `count` neighbours: to [output / 16][feature][rank][count][16]. */
inline void toLeaves(const ResidentLayout& layout, const uint32_t* polynomials, size_t which, size_t count, uint32_t* to) {
  size_t at[columns];
  for (size_t vector = 0; vector < layout.kOut() / columns; vector++)
    for (size_t k = 0; k < layout.kIn; k++) {
      for (size_t lane = 0; lane < columns; lane++) at[lane] = leafPosition(layout.n, (vector * columns + lane) * layout.kIn + k);
      for (size_t i = 0; i < layout.rank; i++) {
        uint32_t* lanes = to + (((vector * layout.kIn + k) * layout.rank + i) * count + which) * columns;
        for (size_t lane = 0; lane < columns; lane++) lanes[lane] = polynomials[i * layout.n + at[lane]];
      }
    }
}

/** Of sums over nodes, [kOut][16], the coefficients of outputs, reduced. */
inline void outputsOfNodes(const ResidentLayout& layout, const NttTable& table, uint32_t* nodes) {
  polyLoops().inverseColumns(nodes, layout.kOut(), true, table);
  polyLoops().scale(nodes, table.scale, layout.kOut() * columns, table.modulus, nodes);
}

}  // namespace cipherprune
