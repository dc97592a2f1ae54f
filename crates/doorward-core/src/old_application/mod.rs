//! The application that users come from by and by: it is asked whether a password is right, the first time that somebody signs in
//! whom Doorward has no password of.

mod ask;
mod take_over;

pub(crate) use take_over::take_over;
