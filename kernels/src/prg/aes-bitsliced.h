// AES-128 in portable C++ without tables: sixteen blocks side by side, one bit of all of them per machine word. Every
// operation is AND, XOR, NOT or a shift by a constant, so that time and addresses depend on no secret.
#pragma once

#include <cstdint>

namespace cipherprune {

/** The S-box on eight words of bits, most significant first: Boyar and Peralta, "A new combinational logic minimization
 *  technique with applications to cryptology" (SEA 2010), as a straight-line program. */
template <class Word>
inline void sBox(Word* x) {
  const Word y14 = x[3] ^ x[5], y13 = x[0] ^ x[6], y9 = x[0] ^ x[3], y8 = x[0] ^ x[5];
  const Word t0 = x[1] ^ x[2], y1 = t0 ^ x[7], y4 = y1 ^ x[3], y12 = y13 ^ y14;
  const Word y2 = y1 ^ x[0], y5 = y1 ^ x[6], y3 = y5 ^ y8, t1 = x[4] ^ y12;
  const Word y15 = t1 ^ x[5], y20 = t1 ^ x[1], y6 = y15 ^ x[7], y10 = y15 ^ t0;
  const Word y11 = y20 ^ y9, y7 = x[7] ^ y11, y17 = y10 ^ y11, y19 = y10 ^ y8;
  const Word y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = x[0] ^ y16;

  const Word t2 = y12 & y15, t4 = (y3 & y6) ^ t2, t6 = (y4 & x[7]) ^ t2;
  const Word t7 = y13 & y16, t9 = (y5 & y1) ^ t7, t11 = (y2 & y7) ^ t7;
  const Word t12 = y9 & y11, t14 = (y14 & y17) ^ t12, t16 = (y8 & y10) ^ t12;
  const Word t21 = t4 ^ t14 ^ y20, t22 = t6 ^ t16 ^ y19, t23 = t9 ^ t14 ^ y21, t24 = t11 ^ t16 ^ y18;

  const Word t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26;
  const Word t29 = (t25 & t27) ^ t22, t30 = t23 ^ t24, t31 = t22 ^ t26;
  const Word t33 = (t31 & t30) ^ t24, t34 = t23 ^ t33, t35 = t27 ^ t33;
  const Word t36 = t24 & t35, t37 = t36 ^ t34, t38 = t27 ^ t36, t40 = t25 ^ (t29 & t38);

  const Word t41 = t40 ^ t37, t42 = t29 ^ t33, t43 = t29 ^ t40, t44 = t33 ^ t37, t45 = t42 ^ t41;
  const Word z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & x[7], z3 = t43 & y16, z4 = t40 & y1, z5 = t29 & y7;
  const Word z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10, z9 = t44 & y12, z10 = t37 & y3, z11 = t33 & y4;
  const Word z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2, z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;

  const Word t46 = z15 ^ z16, t48 = z5 ^ z13, t53 = z0 ^ z3, t54 = z6 ^ z7;
  const Word t57 = z2 ^ z12 ^ t53, t58 = z4 ^ t46, t59 = z3 ^ t54;
  const Word t62 = z7 ^ z8 ^ t58, t63 = z9 ^ z10 ^ t58, t64 = z4 ^ t59;
  const Word t65 = z14 ^ t57 ^ t62, t66 = z1 ^ t63;
  x[0] = t59 ^ t63;
  x[3] = t53 ^ t66;
  x[4] = z2 ^ z5 ^ t66;
  x[5] = z10 ^ z11 ^ t65;
  x[6] = ~(z12 ^ t48 ^ t62);
  x[7] = ~(t48 ^ t46 ^ t57);
  x[1] = ~(t64 ^ x[3]);
  x[2] = ~(z16 ^ z17 ^ t64 ^ t65);
}

}  // namespace cipherprune
