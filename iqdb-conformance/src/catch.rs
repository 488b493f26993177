//! Panics that a case expects by the hundred: the code that catches them prints once, at the end.
//!
//! Only the panics of the threads that ask for it are silent: what another thread of the test
//! binary says is its own business.

use std::any::Any;
use std::cell::Cell;
use std::sync::Once;

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs `f`, which catches its own panics, without printing those of this thread.
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

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(message), _) => message.clone(),
        (_, Some(message)) => (*message).to_owned(),
        _ => "a panic without a message".to_owned(),
    }
}
