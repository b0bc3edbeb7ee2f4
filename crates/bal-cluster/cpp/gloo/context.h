// What LibTorch's header names of Gloo's context. It holds contexts by pointer, so nothing here has a size that matters.
#pragma once
#include <chrono>
namespace gloo {
class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};
}  // namespace gloo
