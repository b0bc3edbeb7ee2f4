// LibTorch exports its group of Gloo, but ships no header of Gloo. Its own header includes this one and uses nothing of it.
#pragma once
namespace gloo {}
