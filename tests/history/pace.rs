//! The lengths of faults. No outcome rests on them: what is judged is judged at any speed.

use std::future::pending;
use std::time::Duration;

use crate::dice::Dice;

/// Lets time pass.
pub async fn pass(time: Duration) {
    let _ = tokio::time::timeout(time, pending::<()>()).await;
}

/// Lets some milliseconds pass, between two bounds.
pub async fn pass_some(dice: &mut Dice, least: u64, most: u64) {
    pass(Duration::from_millis(least + dice.roll((most - least) as usize + 1) as u64)).await;
}
