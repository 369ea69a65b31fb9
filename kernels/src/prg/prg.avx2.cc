#include "engine-aesni.h"
#include "modes.h"

namespace cipherprune {
const PrgPath avx2PrgPath = PrgModes<AesNiEngine>::path();
}
