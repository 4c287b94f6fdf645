//! Opening the store that the user means, and saying what is wrong with it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::store::{Durability, Store, StoreError};

use super::args::StoreArgs;
use super::failure::Failure;

/// How long to sleep between two looks at a store that is being collected.
const POLL: Duration = Duration::from_millis(100);

/// Opens the store for use; waits while it is being collected.
///
/// # Errors
/// If it cannot be opened, or `cancel` is set meanwhile.
pub fn open_for_use(args: &StoreArgs, durability: Durability, cancel: &AtomicBool) -> Result<Store, Failure> {
    let mut said = false;
    loop {
        if let Some(store) = Store::open_for_use(&args.store, durability)? {
            return Ok(store);
        }
        if !said {
            eprintln!("waiting for `rnnwm gc` or `rnnwm verify`, which has the store alone");
            said = true;
        }
        if cancel.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        std::thread::sleep(POLL);
    }
}

/// The folder of a store that must be there.
///
/// # Errors
/// If it is not.
pub fn existing(args: &StoreArgs) -> Result<&Path, Failure> {
    if args.store.is_dir() {
        return Ok(&args.store);
    }
    Err(Failure::Input(format!("there is no store in {}; --store names another", args.store.display())))
}

/// Says what was found damaged while the store was used.
pub fn warn_of_damage(store: &Store) {
    let damage = store.damage();
    if damage.records > 0 {
        eprintln!(
            "warning: {} damaged records were passed over; `rnnwm verify` removes them",
            damage.records
        );
    }
    for digest in &damage.objects {
        eprintln!("warning: object {digest} was damaged and has been put away; it is made again when needed");
    }
}

/// What happened, where the store cannot be written.
///
/// # Errors
/// Any other error.
pub fn unless_read_only(result: Result<(), StoreError>) -> Result<(), Failure> {
    match result {
        Err(error) if error.is_read_only() => Ok(()),
        other => Ok(other?),
    }
}
