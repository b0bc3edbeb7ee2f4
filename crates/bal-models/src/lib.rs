//! Networks, ensembles of them, and their weights in safetensors.
