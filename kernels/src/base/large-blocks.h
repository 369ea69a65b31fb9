// Memory for large blocks, kept for the next call.
#pragma once
#include <cstddef>
#include <mutex>
#include <vector>

namespace cipherprune {

/**
 * Blocks are cut from a few regions, each from the lowest place where it fits, and neighbours that are free grow together again: sizes that differ
 * from layer to layer lie where others lay before. So a process touches as much memory as it has in use at once, and no page of a size that nobody
 * asks for again. A page that is touched first is cleared, by the system and often by its host as well, which took a twelfth of a text's time.
 */
class LargeBlocks {
 public:
  /** Of the whole process; leaked on purpose: threads may outlive static objects. */
  static LargeBlocks& instance();

  LargeBlocks() = default;
  LargeBlocks(const LargeBlocks&) = delete;
  LargeBlocks& operator=(const LargeBlocks&) = delete;

  /** At the beginning of a page, of any content; null where the system gives none. */
  void* take(size_t bytes);

  /** A block of so many bytes that was taken, to whoever takes next. Beyond what is kept, regions that are free go back to the system. */
  void give(void* at, size_t bytes);

 private:
  struct Hole {
    size_t at, bytes;
  };
  struct Region {
    char* begin;
    size_t bytes;
    /** By their places; no two touch. */
    std::vector<Hole> holes;

    bool isFree() const { return holes.size() == 1 && holes.front().bytes == bytes; }
  };

  bool addRegion(size_t bytes);
  static void fill(Region& region, Hole hole);

  std::mutex mutex;
  std::vector<Region> regions;
};

}  // namespace cipherprune
