#define COT_LOOPS cotLoopsAvx2
#include "cot-loops.inl"
