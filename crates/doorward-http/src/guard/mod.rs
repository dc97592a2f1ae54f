//! Tower layers: one that lets extractors know who is asking, and one that lets nobody through who
//! isn't signed in.

mod doorward_layer;
mod login_required;

pub use doorward_layer::{DoorwardLayer, DoorwardService};
pub use login_required::{LoginRequired, LoginRequiredService};
