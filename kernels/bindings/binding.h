// Functions that JavaScript sees, by name. Each kernels/bindings/<area>.cc adds its own; kernels/napi and kernels/wasm hand
// the list to JavaScript. Buffers in, buffers out.
#pragma once
#include <functional>
#include <type_traits>
#include <vector>

#include "arguments.h"

namespace cipherprune {

/** Long work that touches only memory of the arguments, not JavaScript's values; its promise resolves to the result. */
using Job = std::function<double()>;

/** What a call returns: nothing, a number, a boolean, or a job to be run off the main thread. */
struct Outcome {
  enum class Kind { nothing, number, flag, job };
  Kind kind = Kind::nothing;
  double number = 0;
  Job job;
};

struct Binding {
  const char* name;
  Outcome (*invoke)(const Call& call, const char* name);
};

class Bindings {
 public:
  /** `body` takes const Arguments& or a class made from the same, and returns void, double, bool or Job. */
  template <auto body>
  void add(const char* name) {
    list.push_back({name, [](const Call& call, const char* function) { return invoke(body, call, function); }});
  }

  const std::vector<Binding>& all() const { return list; }

 private:
  template <class Result, class Reader>
  static Outcome invoke(Result (*body)(Reader), const Call& call, const char* function) {
    std::remove_const_t<std::remove_reference_t<Reader>> arguments(call, function);
    if constexpr (std::is_void_v<Result>) {
      body(arguments);
      return {};
    } else if constexpr (std::is_same_v<Result, bool>) {
      return {Outcome::Kind::flag, body(arguments) ? 1.0 : 0.0, {}};
    } else if constexpr (std::is_same_v<Result, double>) {
      return {Outcome::Kind::number, body(arguments), {}};
    } else {
      return {Outcome::Kind::job, 0, body(arguments)};
    }
  }

  std::vector<Binding> list;
};

void addCpu(Bindings& bindings);
void addNtt(Bindings& bindings);
void addRlwe(Bindings& bindings);
void addResident(Bindings& bindings);
void addPrg(Bindings& bindings);
void addOt(Bindings& bindings);
void addFerret(Bindings& bindings);
void addFloat(Bindings& bindings);
void addRing(Bindings& bindings);
void addSeedMatrix(Bindings& bindings);
void addCot(Bindings& bindings);
void addLookUp(Bindings& bindings);
void addRunningHash(Bindings& bindings);
void addCarry(Bindings& bindings);
void addUnitVectors(Bindings& bindings);

/** The whole surface. */
const Bindings& allBindings();

}  // namespace cipherprune
