use super::Event;

/// Is told what happens to accounts, after it was committed and in the process that did it. It must not
/// block: hand the event over to a task where there is much to do.
pub trait Listener: Send + Sync + 'static {
    /// This happened.
    fn happened(&self, event: &Event);
}
