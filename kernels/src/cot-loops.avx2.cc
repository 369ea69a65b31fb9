#define COT_LOOPS cotLoopsAvx2
#include "src/cot-loops.inl"
