#include "engine-aesni.h"
#include "long-rows.avx.h"

namespace cipherprune {
const PrgPath avx2PrgPath = LongRows<AesNiEngine>::path();
}
