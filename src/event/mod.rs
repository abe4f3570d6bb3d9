//! The event data model: batches of spans over one shared buffer.

pub mod batch;
pub mod escape;
pub mod field;
pub mod id;
pub mod json;
pub mod level;
pub mod memory;
pub mod partition;
pub mod schema;
pub mod span;
pub mod tally;
pub mod time;
pub mod value;

pub use batch::{Batch, Flags, Key, Pair, Row, Stream};
pub use field::Field;
pub use id::EventId;
pub use level::Level;
pub use memory::{DynMemory, End, Memory};
pub use partition::{Identity, Origin, Partition, SharedOrigin, template_of};
pub use schema::{Presence, Schema, Type};
pub use span::{Buffer, Lease, Span, Text};
pub use tally::{Reason, Tally};
pub use time::{NO_TIME, Nanos, SECOND};
pub use value::{Cell, Column, Constant, Value};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
