//! Each order of steps that the cache's protocol has to survive, by name: servers are stopped between two of their
//! steps while others go on.

mod faults;
mod fills;
mod world;
mod writers;
