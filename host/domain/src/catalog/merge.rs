//! Two sorted sequences walked side by side: each is read once, whatever the other holds.

use std::cmp::Ordering;
use std::iter::Peekable;

/// What both have under one key, or one of them alone.
pub(super) fn merge<'k, K, L, R>(
    left: impl IntoIterator<Item = (&'k K, L)>,
    right: impl IntoIterator<Item = (&'k K, R)>,
) -> impl Iterator<Item = (&'k K, Option<L>, Option<R>)>
where
    K: Ord + 'k,
{
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    std::iter::from_fn(move || match order(&mut left, &mut right)? {
        Ordering::Less => left.next().map(|(key, value)| (key, Some(value), None)),
        Ordering::Greater => right.next().map(|(key, value)| (key, None, Some(value))),
        Ordering::Equal => match (left.next(), right.next()) {
            (Some((key, one)), Some((_, other))) => Some((key, Some(one), Some(other))),
            _ => None,
        },
    })
}

fn order<'k, K: Ord + 'k, L, R>(
    left: &mut Peekable<impl Iterator<Item = (&'k K, L)>>,
    right: &mut Peekable<impl Iterator<Item = (&'k K, R)>>,
) -> Option<Ordering> {
    match (left.peek(), right.peek()) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some((one, _)), Some((other, _))) => Some(one.cmp(other)),
    }
}
