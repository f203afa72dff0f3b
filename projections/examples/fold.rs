//! How fast events fold in memory: `cargo run --release -p projections --example fold [EVENTS [MIRRORS]]`.

use events::sample::{Chat, chat};
use projections::Generation;
use projections::fold::Fold;

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().unwrap_or(0));
    let events = args.next().unwrap_or(1_000_000);
    let mirrors = args.next().unwrap_or(50);
    let chat: Vec<_> = chat(Chat { seed: 1, count: events, mirrors: mirrors as u32, raw: false }).collect();
    for _ in 0..5 {
        let start = cpu_seconds();
        let mut fold = Fold::new(Generation(1));
        chat.iter().for_each(|event| fold.add(event));
        let folded = cpu_seconds() - start;
        let cells = fold.into_sorted().count();
        let sorted = cpu_seconds() - start - folded;
        let rate = events as f64 / (folded + sorted);
        println!(
            "{events} events -> {cells} cells: fold {folded:.2} s, sort {sorted:.2} s of CPU, {rate:.0} events/s"
        );
    }
}

/// CPU time of this thread: other work on the machine does not count.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0.0);
    nanos / 1e9
}
