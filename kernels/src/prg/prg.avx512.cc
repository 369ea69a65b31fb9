#include "engine-vaes.h"
#include "modes.h"

namespace cipherprune {
const PrgPath avx512PrgPath = PrgModes<VaesEngine>::path();
}
