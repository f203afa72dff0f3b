//! The same histories give the same digests in memory, on SQLite and on CQL.

use crate::stage::Stage;
use events::log::memory::MemoryLog;
use futures_util::{StreamExt, stream};
use mirror::sqlite::DataDir;
use projections::views::Views;
use projections::{Generation, laws, sample};

/// Histories; MIRROR_TEST_HISTORIES is another number.
const HISTORIES: u64 = 1000;
/// Played at once.
const AT_ONCE: usize = 12;

fn histories() -> u64 {
    std::env::var("MIRROR_TEST_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(HISTORIES)
}

/// Each is told in any order, repeated in part and committed in batches of any size, by two projectors now and then,
/// and compared with the plain fold in memory. A failure names its generation, which is the seed.
#[tokio::test(flavor = "multi_thread")]
async fn random_histories_have_equal_digests() {
    let Some(stage) = Stage::given("laws").await else { return };
    let place = tempfile::tempdir().expect("a directory");
    let directory = DataDir::open(place.path()).expect("a data directory");
    let engines: [Box<dyn Views>; 2] = [Box::new(directory.views()), Box::new(stage.store.views())];
    let play = |seed: u64| {
        let engines = &engines;
        async move {
            let history = sample::history(seed, 1 + seed % 3, 10 + (seed % 40) as usize);
            for views in engines {
                if seed.is_multiple_of(4) {
                    laws::two_at_once(views.as_ref(), &history, Generation(seed as u32), seed).await;
                } else {
                    laws::any_order(views.as_ref(), &history, Generation(seed as u32), seed).await;
                }
            }
        }
    };
    stream::iter(0..histories()).map(play).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    stage.end().await;
}

/// A rebuild beside a live follower equals the live build. Each needs views without rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_equals_the_live_build() {
    for seed in 0..3 {
        let Some(stage) = Stage::given("rebuild").await else { return };
        let log = MemoryLog::new("node-a".parse().expect("a name"));
        let (views, lanes) = (stage.store.views(), stage.store.lanes());
        let ports = laws::Ports { log: &log, views: &views, lanes: &lanes };
        laws::rebuild(ports, &sample::history(seed, 3, 120), seed).await;
        stage.end().await;
    }
}
