//! Contenders that take turns, so that whatever else the machine does hits all of them alike.

use std::time::Instant;

/// Some ways to do about the same.
#[derive(Default)]
pub(crate) struct Contest<'a> {
    contenders: Vec<Contender<'a>>,
}

struct Contender<'a> {
    name: &'static str,
    amount: f64,
    run: Box<dyn FnMut() + 'a>,
    seconds: Vec<f64>,
}

impl<'a> Contest<'a> {
    /// Lets `run` take part, which gets through `amount` of whatever is counted.
    pub(crate) fn enter(&mut self, name: &'static str, amount: f64, run: impl FnMut() + 'a) {
        let (run, seconds) = (Box::new(run), Vec::new());
        self.contenders.push(Contender { name, amount, run, seconds });
    }

    /// The median amount per second of each, after a round that doesn't count.
    pub(crate) fn run(mut self, rounds: usize) -> Vec<(&'static str, f64)> {
        for round in 0..=rounds {
            for contender in &mut self.contenders {
                let start = Instant::now();
                (contender.run)();
                if round > 0 {
                    contender.seconds.push(start.elapsed().as_secs_f64());
                }
            }
        }
        let median = |contender: &mut Contender<'_>| {
            contender.seconds.sort_by(f64::total_cmp);
            contender.amount / contender.seconds[contender.seconds.len() / 2]
        };
        self.contenders.iter_mut().map(|contender| (contender.name, median(contender))).collect()
    }
}
