// CUDA through LibTorch's own interface and the driver's, so that no header of CUDA's is needed to build this.
#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#if defined(__linux__)
#include <dlfcn.h>
#endif

namespace {

void say(const char* text, char* message, std::size_t capacity) { std::snprintf(message, capacity, "%s", text); }

// Runs `function`; what it threw goes into `message`.
template <typename Function>
bool guarded(Function function, char* message, std::size_t capacity) {
  try {
    function();
    return true;
  } catch (const std::exception& error) {
    say(error.what(), message, capacity);
  } catch (...) {
    say("an exception that LibTorch does not describe", message, capacity);
  }
  return false;
}

// The two sizes of cuBLAS's workspace under which LibTorch takes its products to be deterministic.
constexpr const char* WORKSPACE = "CUBLAS_WORKSPACE_CONFIG";
constexpr const char* WORKSPACES[] = {":4096:8", ":16:8"};

}  // namespace

// Brings libtorch_cuda into the process, where it registers itself with LibTorch. A program that calls none of its functions
// is not linked with it, whatever the linker was told.
extern "C" bool bal_cuda_load(char* message, std::size_t capacity) {
#if defined(__linux__)
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr) return true;
  const char* error = dlerror();
  say(error == nullptr ? "it cannot be loaded" : error, message, capacity);
#else
  say("libtorch_cuda.so: there is none for this system", message, capacity);
#endif
  return false;
}

// Single precision as it is, or TF32 if asked for; and every sum in an order that repeats.
extern "C" bool bal_cuda_settle(bool tf32, char* message, std::size_t capacity) {
  return guarded(
      [&] {
        const char* found = std::getenv(WORKSPACE);
        bool good = false;
        for (const char* workspace : WORKSPACES) good = good || (found != nullptr && std::strcmp(found, workspace) == 0);
#if defined(__linux__)
        // Read by cuBLAS when it starts, which is with the first product on the device.
        if (!good) setenv(WORKSPACE, WORKSPACES[0], 1);
#endif
        at::Context& context = at::globalContext();
        context.setAllowTF32CuDNN(tf32);
        context.setAllowTF32CuBLAS(tf32);
        context.setBenchmarkCuDNN(false);
        context.setDeterministicCuDNN(true);
        context.setDeterministicAlgorithms(true, /*warn_only=*/false);
        // Otherwise every new tensor, also on the CPU, is filled first.
        context.setDeterministicFillUninitializedMemory(false);
      },
      message, capacity);
}

// What LibTorch is set to: whether it rounds to TF32 anywhere, and whether it only takes what repeats.
extern "C" void bal_cuda_settings(bool* tf32, bool* deterministic) {
  const at::Context& context = at::globalContext();
  *tf32 = context.allowTF32CuDNN() || context.allowTF32CuBLAS();
  *deterministic = context.deterministicAlgorithms() && !context.deterministicAlgorithmsWarnOnly() &&
                   context.deterministicCuDNN() && !context.benchmarkCuDNN();
}

// The device's name and the driver's version of CUDA, as 1000 times its major and 10 times its minor number.
extern "C" bool bal_cuda_describe(int number, char* name, std::size_t capacity, int* version) {
#if defined(__linux__)
  // Of the driver's interface, all functions return 0 where they succeed.
  void* driver = dlopen("libcuda.so.1", RTLD_NOW);
  if (driver == nullptr) return false;
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
  const auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
  const auto get_name = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
  const auto get_version = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDriverGetVersion"));
  int device = 0;
  return init != nullptr && get != nullptr && get_name != nullptr && get_version != nullptr && init(0) == 0 &&
         get(&device, number) == 0 && get_name(name, static_cast<int>(capacity), device) == 0 && get_version(version) == 0;
#else
  return false;
#endif
}

// Fills `out`, of single precision, with standard normal numbers of LibTorch's Philox: each row from its pair (key, first block)
// in `keys`, `[rows, 2]`, whose signed integers stand for unsigned ones of the same bits. By name, since LibTorch before 2.12 has
// no such operator.
extern "C" bool bal_keyed_normal(at::Tensor* out, const at::Tensor* keys, char* message, std::size_t capacity) {
  return guarded(
      [&] {
        using Signature = at::Tensor&(at::Tensor&, const at::Tensor&, double, double);
        static const auto operation =
            c10::Dispatcher::singleton().findSchemaOrThrow("aten::_philox_normal_", "").typed<Signature>();
        // A key for each row, beside which the row's own sides are 1.
        std::vector<int64_t> sides(static_cast<std::size_t>(out->dim()) + 1, 1);
        sides.front() = keys->size(0);
        sides.back() = 2;
        operation.call(*out, keys->view(at::kUInt64).reshape(sides), 0.0, 1.0);
      },
      message, capacity);
}
