//! The commits that go out with a deploy, and the guard against going back.

use crate::error::{Error, Kind};
use crate::resolve::{Direction, Outgoing};

/// Refuses to go back in a protected environment unless that was allowed.
pub(crate) fn check_direction(
    outgoing: &Outgoing,
    is_protected: bool,
    is_allowed: bool,
) -> Result<(), Error> {
    match outgoing.direction {
        Direction::Backward if is_protected && !is_allowed => Err(Error::new(
            Kind::Refused,
            "this deploy goes back to an older commit",
        )
        .hint("If that is what you want, add --allow-backwards.")),
        Direction::Same
        | Direction::Forward
        | Direction::Backward
        | Direction::Diverged { .. }
        | Direction::Unknown(_) => Ok(()),
    }
}
