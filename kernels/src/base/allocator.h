// How the process treats memory that was freed.
#pragma once

namespace cipherprune {

/**
 * Keeps freed blocks of up to 32 MB for the next allocation, where the C library allows it. The engine allocates and drops
 * megabytes at every step; giving each back to the operating system and faulting it in again took half the time.
 */
void keepFreedMemory();

}  // namespace cipherprune
