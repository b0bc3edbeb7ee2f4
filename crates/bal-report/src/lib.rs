//! Run records and the figures drawn from them.
