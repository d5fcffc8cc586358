//! Where a walk through a list stands. Pages are asked for by offset while the list moves under the reader, so each
//! page overlaps the last one: of the last rows of the page before, the anchors, one must be seen again. If none is, rows
//! may have been skipped and the walk steps back. Rows that are read twice are the price; whoever reads knows them by id.

use counterfoil_domain::market::PageCursor;

/// Rows asked for again with the next page.
const OVERLAP: usize = 10;
/// A list that moves more than this during one walk cannot be read by offset.
const MOST_STEPS_BACK: u32 = 40;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) offset: u64,
    /// How often the walk stepped back, or stood still, so far.
    pub(super) stepped_back: u32,
    /// Ids of the last rows that were read, in the list's order.
    pub(super) anchors: Vec<String>,
}

impl Mark {
    /// "490.0.1000016↵1000017": an id may hold a point, so the ids stand last, one a line.
    pub(super) fn cursor(&self) -> PageCursor {
        let anchors = if self.anchors.is_empty() { String::new() } else { format!(".{}", self.anchors.join("\n")) };
        PageCursor(format!("{}.{}{anchors}", self.offset, self.stepped_back))
    }

    /// A bare number is an offset.
    pub(super) fn parse(cursor: Option<&PageCursor>) -> Option<Self> {
        let Some(PageCursor(text)) = cursor else { return Some(Self::default()) };
        let mut parts = text.splitn(3, '.');
        let offset = parts.next()?.parse().ok()?;
        let stepped_back = parts.next().map_or(Ok(0), str::parse).ok()?;
        let anchors = parts.next().map(|text| text.lines().map(str::to_owned).collect());
        Some(Self { offset, stepped_back, anchors: anchors.unwrap_or_default() })
    }
}

/// What to do after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask again from further up; this page is not used.
    Back(Mark),
    /// Use the page; rows before `fresh` were on the page before.
    Use {
        fresh: usize,
        next: Option<Mark>,
    },
    /// The list says it has more rows and shows none of them.
    Hollow,
    Lost,
}

pub(super) fn step(mark: &Mark, ids: &[Option<String>], total: Option<u64>, limit: u64) -> Step {
    let overlap = OVERLAP as u64;
    let is_anchor = |id: &Option<String>| id.as_ref().is_some_and(|id| mark.anchors.contains(id));
    let seen = ids.iter().rposition(is_anchor);
    if seen.is_none() && !mark.anchors.is_empty() && mark.offset > 0 {
        if mark.stepped_back >= MOST_STEPS_BACK {
            return Step::Lost;
        }
        let offset = mark.offset.saturating_sub(limit.saturating_sub(overlap).max(1));
        return Step::Back(Mark { offset, stepped_back: mark.stepped_back + 1, anchors: mark.anchors.clone() });
    }
    if ids.is_empty() {
        return match total {
            Some(total) if total > mark.offset => Step::Hollow,
            _ => Step::Use { fresh: 0, next: None },
        };
    }
    let fresh = seen.map_or(0, |at| at + 1);
    let reached = mark.offset + ids.len() as u64;
    // All of it was read before: the end, or the list moved down by as much.
    let stands_still = fresh == ids.len();
    // A total smaller than the page itself is no total.
    let is_last = match total.filter(|total| *total >= ids.len() as u64) {
        Some(total) => reached >= total,
        None => stands_still && (ids.len() as u64) < limit,
    };
    if stands_still && !is_last && mark.stepped_back >= MOST_STEPS_BACK {
        return Step::Lost;
    }
    let next = (!is_last).then(|| {
        let next = next(mark, ids, reached);
        Mark { stepped_back: next.stepped_back + u32::from(stands_still), ..next }
    });
    Step::Use { fresh, next }
}

fn next(mark: &Mark, ids: &[Option<String>], reached: u64) -> Mark {
    let overlap = OVERLAP.min(ids.len() / 2);
    // Rows without an id anchor nothing, but the overlap still covers as many rows that went away.
    let anchors = ids.iter().skip(ids.len() - overlap).flatten().cloned().collect();
    Mark { offset: reached.saturating_sub(overlap as u64), stepped_back: mark.stepped_back, anchors }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cursors() {
        for mark in [
            Mark::default(),
            Mark { offset: 490, stepped_back: 3, anchors: vec!["SO.17.x".into(), "2".into()] },
            Mark { offset: 490, stepped_back: 0, anchors: vec![] },
        ] {
            assert_eq!(Mark::parse(Some(&mark.cursor())), Some(mark));
        }
        assert_eq!(Mark::parse(None), Some(Mark::default()));
        assert_eq!(Mark::parse(Some(&PageCursor("200".into()))).unwrap().offset, 200);
        for bad in ["", "x", "1.x", "-1"] {
            assert_eq!(Mark::parse(Some(&PageCursor(bad.into()))), None, "{bad}");
        }
    }

    fn ids(range: std::ops::Range<u32>) -> Vec<Option<String>> {
        range.map(|n| Some(n.to_string())).collect()
    }

    #[test]
    fn steps() {
        let start = Mark::default();
        let after_first = Mark { offset: 90, stepped_back: 0, anchors: (90..100).map(|n| n.to_string()).collect() };
        // The first of three pages; the last; one where the total is silent; one that stops short.
        assert_eq!(step(&start, &ids(0..100), Some(250), 100), Step::Use { fresh: 0, next: Some(after_first.clone()) });
        assert_eq!(step(&after_first, &ids(90..150), Some(150), 100), Step::Use { fresh: 10, next: None });
        assert_eq!(step(&after_first, &ids(90..100), None, 100), Step::Use { fresh: 10, next: None });
        assert_eq!(step(&start, &[], Some(0), 100), Step::Use { fresh: 0, next: None });
        assert_eq!(step(&start, &[], None, 100), Step::Use { fresh: 0, next: None });
        assert_eq!(step(&start, &[], Some(7), 100), Step::Hollow);
        // A few rows went away, the last one read among them: another anchor holds.
        let shrunk: Vec<_> = ids(93..99).into_iter().chain(ids(100..190)).collect();
        assert_eq!(step(&after_first, &shrunk, Some(186), 100), Step::Use { fresh: 6, next: None });
        // More rows went away: the anchors slid above the page.
        let back = Mark { offset: 0, stepped_back: 1, ..after_first.clone() };
        assert_eq!(step(&after_first, &ids(110..210), Some(210), 100), Step::Back(back.clone()));
        // All anchors went away: the whole list is read again.
        assert!(matches!(step(&back, &ids(110..210), Some(300), 100), Step::Use { fresh: 0, next: Some(_) }));
        let tired = Mark { stepped_back: MOST_STEPS_BACK, ..after_first };
        assert_eq!(step(&tired, &ids(110..210), Some(210), 100), Step::Lost);
        // A total that is less than the page is not believed.
        assert!(matches!(step(&start, &ids(0..100), Some(1), 100), Step::Use { next: Some(_), .. }));
    }

    proptest! {
        /// Whatever is added at the top and taken away anywhere while the list is walked: every row that was there
        /// all the time is read.
        #[test]
        fn no_row_is_skipped(
            size in 0usize..300,
            limit in 1usize..60,
            moves in prop::collection::vec((0usize..30, prop::collection::vec(0usize..400, 0..12)), 0..40),
            tells_total in any::<bool>(),
        ) {
            let mut list: Vec<u32> = (1000..1000 + size as u32).collect();
            let mut newest = 1000u32;
            let mut moves = moves.into_iter();
            let mut read = std::collections::BTreeSet::new();
            let mut steady: std::collections::BTreeSet<u32> = list.iter().copied().collect();
            let mut mark = Mark::default();
            let mut calls = 0;
            loop {
                calls += 1;
                prop_assert!(calls < 5000, "the walk does not end");
                let page: Vec<u32> = list.iter().skip(mark.offset as usize).take(limit).copied().collect();
                let ids: Vec<_> = page.iter().map(|n| Some(n.to_string())).collect();
                match step(&mark, &ids, tells_total.then_some(list.len() as u64), limit as u64) {
                    Step::Back(to) => mark = to,
                    Step::Use { next, .. } => {
                        read.extend(page);
                        match next { Some(to) => mark = to, None => break }
                    }
                    Step::Hollow => prop_assert!(false, "a list that shows its rows is not hollow"),
                    // Said to be unreadable, not silently cut short.
                    Step::Lost => return Ok(()),
                }
                if let Some((added, removed)) = moves.next() {
                    // Fewer than the overlap go away where a page is too small to carry an anchor.
                    let removed = if limit < 2 { Vec::new() } else { removed };
                    for at in removed {
                        if at < list.len() { steady.remove(&list.remove(at)); }
                    }
                    for _ in 0..added { newest -= 1; list.insert(0, newest); }
                }
            }
            for row in &steady {
                prop_assert!(read.contains(row), "row {row} was skipped");
            }
        }
    }
}
