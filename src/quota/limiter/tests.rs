//! Limiters by a clock that the test moves.

use std::net::{IpAddr, Ipv4Addr};

use governor::clock::FakeRelativeClock;

use super::*;
use crate::viewer::Identity;

fn limiter(amount: u32, seconds: u64, room: u64) -> (Limiter<FakeRelativeClock>, FakeRelativeClock, Tallies) {
    let (clock, tallies) = (FakeRelativeClock::default(), Tallies::new(room));
    // Time has passed since the clock began.
    clock.advance(Duration::from_secs(1_000));
    let rate = Rate { amount, time: Duration::from_secs(seconds) };
    (Limiter::new(rate, 0, tallies.clone(), clock.clone()), clock, tallies)
}

fn address(number: u32) -> Account {
    Account::Address(IpAddr::V4(Ipv4Addr::from_bits(number)))
}

/// Whether it was given, what remains, and the milliseconds until.
fn told(drawn: Drawn) -> (bool, u32, u128) {
    (drawn.given, drawn.standing.remaining, drawn.standing.until.as_millis())
}

#[test]
fn a_quota_may_be_taken_at_once_and_comes_back_evenly() {
    let (limiter, clock, _) = limiter(10, 60, 1 << 20);
    let one = address(1);
    assert_eq!(told(limiter.draw(one, 4)), (true, 6, 24_000));
    assert_eq!(told(limiter.draw(one, 6)), (true, 0, 60_000));
    assert_eq!(told(limiter.draw(one, 1)), (false, 0, 6_000));
    assert_eq!(told(limiter.draw(one, 10)), (false, 0, 60_000));
    clock.advance(Duration::from_millis(5_999));
    assert_eq!(told(limiter.draw(one, 1)), (false, 0, 1));
    clock.advance(Duration::from_millis(1));
    assert_eq!(told(limiter.draw(one, 1)), (true, 0, 60_000));
    clock.advance(Duration::from_secs(33));
    assert_eq!(told(limiter.draw(one, 7)), (false, 5, 9_000));
    assert_eq!(told(limiter.draw(one, 5)), (true, 0, 60_000));
    // No more comes back than there was.
    clock.advance(Duration::from_secs(100_000));
    assert_eq!(told(limiter.draw(one, 1)), (true, 9, 6_000));
    // And it was theirs alone.
    assert_eq!(told(limiter.draw(address(2), 10)), (true, 0, 60_000));
}

#[test]
fn a_look_takes_nothing() {
    let (limiter, clock, tallies) = limiter(2, 60, 1 << 20);
    let one = address(1);
    for _ in 0..10 {
        assert_eq!(limiter.look(one), Ok(()));
    }
    assert_eq!(tallies.len(), 0);
    assert!(limiter.draw(one, 2).given);
    assert_eq!(limiter.look(one).expect_err("nothing is left").until, Duration::from_secs(30));
    clock.advance(Duration::from_secs(30));
    assert_eq!(limiter.look(one), Ok(()));
    assert_eq!(told(limiter.draw(one, 1)), (true, 0, 60_000));
}

#[test]
fn what_does_not_divide_evenly_is_given_all_the_same() {
    let (limiter, clock, _) = limiter(7, 60, 1 << 20);
    assert_eq!(told(limiter.draw(address(1), 7)).1, 0);
    clock.advance(Duration::from_secs(60));
    assert!(limiter.draw(address(1), 7).given);
    for n in 1..=7 {
        let other = address(10 + n);
        assert_eq!(limiter.draw(other, n).standing.remaining, 7 - n);
    }
}

#[test]
fn a_million_addresses_fill_a_room_and_no_more() {
    let (limiter, _, tallies) = limiter(3, 60, 256 << 10);
    let viewer = Account::Viewer(Identity::of(&["key", "ann"]));
    assert!(limiter.draw(viewer, 3).given);
    let busy = address(u32::MAX);
    assert!(limiter.draw(busy, 2).given);
    for number in 0..1_000_000 {
        limiter.draw(address(number), 1);
        if number % 100 == 0 {
            limiter.look(busy).expect("one is left");
        }
    }
    assert!(tallies.len() <= 2_048, "{}", tallies.len());
    assert!(!limiter.draw(viewer, 1).given, "a viewer is not forgotten for addresses");
    assert!(!limiter.draw(busy, 2).given, "nor is an address that is looked at again and again");
}

#[test]
fn what_a_redis_counts_is_told_in_the_same_way() {
    let (limiter, _, _) = limiter(10, 60, 1 << 20);
    let second = 1_000_000_000;
    for taken in 1..=10 {
        let here = limiter.draw(address(1), 1);
        assert_eq!(limiter.drawn(true, taken * 6 * second, 1), here);
    }
    assert_eq!(limiter.drawn(false, 60 * second, 3), limiter.draw(address(1), 3));
}
