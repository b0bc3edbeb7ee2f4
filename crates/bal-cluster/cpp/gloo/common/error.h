// As algorithm.h: included by LibTorch's header, which uses nothing of it.
#pragma once
namespace gloo {}
