//! Many questions, a few at a time, answers in the order asked.

use std::future::poll_fn;
use std::task::Poll;

use counterfoil_domain::ports::Pending;

pub(crate) async fn gather<'a, I, T>(items: Vec<I>, at_once: usize, work: impl Fn(I) -> Pending<'a, T>) -> Vec<T> {
    let mut done: Vec<Option<T>> = items.iter().map(|_| None).collect();
    let mut waiting = items.into_iter().enumerate();
    let mut running: Vec<(usize, Pending<'a, T>)> = Vec::new();
    poll_fn(|context| {
        loop {
            let free = at_once.max(1).saturating_sub(running.len());
            running.extend(waiting.by_ref().take(free).map(|(index, item)| (index, work(item))));
            if running.is_empty() {
                return Poll::Ready(());
            }
            let before = running.len();
            running.retain_mut(|(index, future)| match future.as_mut().poll(context) {
                Poll::Ready(answer) => {
                    done[*index] = Some(answer);
                    false
                }
                Poll::Pending => true,
            });
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test]
    async fn keeps_the_order_and_the_bound() {
        let now = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        let work = |n: u64| -> Pending<'_, u64> {
            let (now, most) = (&now, &most);
            Box::pin(async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(7 * (n % 3))).await;
                now.fetch_sub(1, Ordering::SeqCst);
                n * 10
            })
        };
        let answers = gather((0..20).collect(), 4, work).await;
        assert_eq!(answers, (0..20).map(|n| n * 10).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), 4);
        assert_eq!(gather(Vec::new(), 4, work).await, Vec::<u64>::new());
    }
}
