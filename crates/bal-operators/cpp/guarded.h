// Errors of LibTorch as text: no exception crosses into Rust.
#pragma once

#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdio>
#include <exception>

namespace bal {

// Whether `function` went through; otherwise `message` holds why.
template <typename Function>
bool guarded(Function function, char* message, std::size_t capacity) {
  try {
    function();
    return true;
  } catch (const c10::Error& error) {
    std::snprintf(message, capacity, "%s", error.what_without_backtrace());
  } catch (const std::exception& error) {
    std::snprintf(message, capacity, "%s", error.what());
  } catch (...) {
    std::snprintf(message, capacity, "an exception that LibTorch does not describe");
  }
  return false;
}

}  // namespace bal
