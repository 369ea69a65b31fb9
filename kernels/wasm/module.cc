// The surface of the WebAssembly module: the bindings by number, and memory for their arguments.
#include <cstdlib>

#include "bindings/binding.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

extern "C" __attribute__((import_module("cipherprune"), import_name("fail"), noreturn)) void importedFail(
    int ofRange, const char* message, size_t length);

/** The one thread of an instance does not end before it: nothing of it is ever destroyed. */
extern "C" int __cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }

namespace cipherprune {

/** JavaScript throws through these frames; what they own on the heap is lost, which only wrong calls do. */
void failInJavaScript(bool ofRange, const std::string& message) {
  importedFail(ofRange ? 1 : 0, message.data(), message.size());
  __builtin_unreachable();
}

EXPORT(allocate) void* allocate(size_t bytes) { return std::malloc(bytes); }
EXPORT(release) void release(void* at) { std::free(at); }

EXPORT(bindingCount) size_t bindingCount() { return allBindings().all().size(); }
EXPORT(bindingName) const char* bindingName(size_t index) { return allBindings().all()[index].name; }

/** Runs a binding, and its job at once. @returns the kind of outcome; its number is in `result` */
EXPORT(invoke) int invoke(size_t index, const Argument* arguments, size_t count, double* result) {
  const Binding& binding = allBindings().all()[index];
  Outcome outcome = binding.invoke(Call(arguments, count), binding.name);
  *result = outcome.kind == Outcome::Kind::job ? outcome.job() : outcome.number;
  return static_cast<int>(outcome.kind);
}

}  // namespace cipherprune
