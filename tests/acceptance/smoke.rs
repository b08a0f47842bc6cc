//! The shortest way through everything: if this fails, look here first.
