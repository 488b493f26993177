//! Catching panics: silences those that a case provokes, and extracts their messages.
//!
//! A case may provoke hundreds of panics and reports one. Only the panics of the calling thread are
//! silenced; other threads of the test binary print theirs.

use std::any::Any;
use std::cell::Cell;
use std::sync::Once;

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs `f` without printing the panics of this thread. `f` has to catch them.
pub(crate) fn silence_panics<T>(f: impl FnOnce() -> T) -> T {
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                loud(panic);
            }
        }));
    });
    let before = IS_QUIET.replace(true);
    let result = f();
    IS_QUIET.set(before);
    result
}

/// The message of a caught panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(message), _) => message.clone(),
        (_, Some(message)) => (*message).to_owned(),
        _ => "a panic without a message".to_owned(),
    }
}
