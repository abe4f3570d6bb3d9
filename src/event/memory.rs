//! Memory: what a decoder or stage keeps of one partition between batches.

use std::any::Any;

use serde_json::Value;

use super::batch::Key;

/// Why a Scan is asked to let go of what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Time has passed: the source looked at `now` and there was nothing new.
    Clock,
    /// The container ended (or the file will not grow any more); its next record belongs to a new life.
    Life,
    /// The partition's input has ended: nothing more will ever come.
    Input,
}

/// What a Scan keeps between batches. Cloned at every batch (a panic goes back to the clone), so keep it small.
pub trait Memory: Clone + Send + 'static {
    /// Keys begun and not yet let out.
    fn owed(&self) -> Vec<Key>;

    /// For the checkpoint; holds a format version of its own.
    fn save(&self) -> Value;

    /// From the checkpoint. The error says what is wrong; the Memory then starts empty, with a warning.
    fn restore(saved: &Value) -> Result<Self, String>;
}

/// [`Memory`] of any stage.
pub trait DynMemory: Send {
    /// The Memory itself.
    fn as_any(&mut self) -> &mut dyn Any;
    /// A copy.
    fn snapshot(&self) -> Box<dyn DynMemory>;
    /// See [`Memory::owed`].
    fn owed(&self) -> Vec<Key>;
    /// See [`Memory::save`].
    fn save(&self) -> Value;
}

impl<M: Memory> DynMemory for M {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
    fn snapshot(&self) -> Box<dyn DynMemory> {
        Box::new(self.clone())
    }
    fn owed(&self) -> Vec<Key> {
        Memory::owed(self)
    }
    fn save(&self) -> Value {
        Memory::save(self)
    }
}

/// The Memory that a decoder or stage started, behind its trait.
pub fn own<M: Memory>(memory: &mut dyn DynMemory) -> &mut M {
    memory.as_any().downcast_mut().expect("the lane hands every stage the Memory it started")
}
