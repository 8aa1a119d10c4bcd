//! Hunts on servers that do without one mechanism, which have to fail: one that did not would be too weak.

use std::process::Command;

use futures_util::{StreamExt, stream};
use oponn::probe::without::{Mechanism, VARIABLE};

/// Hunts at the same time.
const AT_ONCE: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn the_hunt_notices_the_lack_of_each_rule() {
    let hunts = Mechanism::RULES.iter().map(|mechanism| async move {
        let hunt = move || {
            let mut hunt = Command::new(std::env::current_exe().expect("this program has a path"));
            hunt.args(["--exact", "access::hunt::nobody_sees_more_or_less_than_allowed_through_redis"]);
            hunt.env(VARIABLE, mechanism.name()).output().expect("it can be started")
        };
        (mechanism, tokio::task::spawn_blocking(hunt).await.expect("it does not panic"))
    });
    let hunts: Vec<_> = stream::iter(hunts).buffer_unordered(AT_ONCE).collect().await;
    for (mechanism, hunt) in hunts {
        let said = String::from_utf8_lossy(&hunt.stdout);
        assert!(!hunt.status.success() && said.contains("\nseed "), "without {mechanism:?}: {said}");
    }
}
