//! Defects that no case catches yet.

macro_rules! of_not_yet {
    ($($joined:tt)*) => {
        join! {
            $($joined)*
        }
    };
}
