//! Reading a list, to its end or a part of it. The service drops rows after it has counted them, so a page can be short,
//! even empty, before the end: the offset steps by the page size asked for, and `total_count` says where the end is.

use std::collections::HashSet;

use super::super::http::{Error, Request, Response};
use super::Client;
use super::envelope::{Entity, Malformed, Page};

/// Rows asked for at a time: the most that the service gives.
const PAGE: u64 = 100;

/// Rows that a list may count. Far above what an account has, it bounds the requests that a wrong count can cost.
const MOST_ROWS: u64 = 100_000;

/// A part of a list, in the service's count of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many rows to leave out at the beginning.
    pub offset: u64,
    /// How many rows to look at; none for all. Rows that the service counts but does not show are among them.
    pub limit: Option<u64>,
}

impl Window {
    /// The whole list.
    pub const ALL: Window = Window { offset: 0, limit: None };
}

/// What was read of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T> {
    /// The rows, each id once.
    pub rows: Vec<T>,
    /// How many rows the service counts in the whole list; may count rows that it never shows.
    pub total_count: u64,
}

/// The rows of a list that are in `window`. `request` makes the request without offset and limit, and `belongs` tells whether
/// a row is one of those that it asks for.
pub(super) async fn read<T: Entity>(
    client: &Client,
    request: impl Fn() -> Result<Request, Error>,
    belongs: impl Fn(&T) -> Result<(), Malformed>,
    window: Window,
) -> Result<Listing<T>, Error> {
    let mut progress = Progress::new(window);
    let mut listing = Listing { rows: Vec::new(), total_count: 0 };
    let mut seen = HashSet::new();
    while let Some((offset, size)) = progress.next_page() {
        let (offset, limit) = (offset.to_string(), size.to_string());
        let request = request()?.query(&[("offset", Some(&offset)), ("limit", Some(&limit))]);
        let read = |answer: Response| {
            let too_long = answer
                .unusable(format!("total_count: a list of at most {MOST_ROWS} rows can be read"));
            Ok((answer.page(&belongs)?, too_long))
        };
        let (page, too_long): (Page<T>, Error) = client.http().call(&request, read).await?;
        let came = page.rows.len();
        let before = listing.rows.len();
        listing.rows.extend(page.rows.into_iter().filter(|row| seen.insert(row.id().to_owned())));
        listing.total_count = page.total_count;
        if !progress.advance(came, listing.rows.len() - before, page.total_count) {
            return Err(too_long);
        }
    }
    Ok(listing)
}

/// How far a list is read.
struct Progress {
    /// Where the next page begins; none at the end.
    next: Option<u64>,
    /// Where the window ends; none at the end of the list.
    end: Option<u64>,
    /// Where the end was when the first page came. Beyond it, only rows that do come count.
    first_total: Option<u64>,
}

impl Progress {
    fn new(window: Window) -> Progress {
        let end = window.limit.map(|limit| window.offset.saturating_add(limit));
        Progress { next: Some(window.offset), end, first_total: None }
    }

    /// Offset and size of the next page.
    fn next_page(&self) -> Option<(u64, u64)> {
        let offset = self.next?;
        let size = self.end.map_or(PAGE, |end| end.saturating_sub(offset).min(PAGE));
        (size > 0).then_some((offset, size))
    }

    /// Takes account of a page with `came` rows, `fresh` of them not seen before, and the count that came with it.
    /// False if the list is longer than can be read.
    fn advance(&mut self, came: usize, fresh: usize, total: u64) -> bool {
        let Some((offset, size)) = self.next_page() else { return true };
        let first_total = *self.first_total.get_or_insert(total);
        let reached = offset.saturating_add(size);
        // A page that goes past the count shows that the count is too low.
        let understated = offset.saturating_add(came as u64) > total && came as u64 <= size;
        let ended = reached >= total && !understated;
        let barren = reached >= first_total && fresh == 0;
        if ended || barren {
            self.next = None;
            return true;
        }
        self.next = Some(reached);
        self.next_page().is_none() || (total <= MOST_ROWS && reached < MOST_ROWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a list whose pages bring `(rows, fresh rows, total_count)`; returns how many pages were asked for, none
    /// if the list was refused. After the last of `pages`, every page is as that one.
    fn pages_read(pages: &[(usize, usize, u64)]) -> Option<usize> {
        let mut progress = Progress::new(Window::ALL);
        let mut read = 0;
        while progress.next_page().is_some() {
            let (came, fresh, total) = pages[read.min(pages.len() - 1)];
            read += 1;
            if !progress.advance(came, fresh, total) {
                return None;
            }
        }
        Some(read)
    }

    #[test]
    fn the_count_ends_a_list() {
        assert_eq!(pages_read(&[(0, 0, 0)]), Some(1));
        assert_eq!(pages_read(&[(100, 100, 100)]), Some(1));
        assert_eq!(pages_read(&[(100, 100, 101), (1, 1, 101)]), Some(2));
    }

    #[test]
    fn short_and_empty_pages_do_not() {
        assert_eq!(pages_read(&[(0, 0, 350), (3, 3, 350), (0, 0, 350), (50, 50, 350)]), Some(4));
        assert_eq!(pages_read(&[(0, 0, 350)]), Some(4));
    }

    #[test]
    fn a_count_that_is_too_low_is_not_believed() {
        assert_eq!(
            pages_read(&[(100, 100, 40), (100, 100, 40), (20, 20, 40), (0, 0, 40)]),
            Some(4)
        );
    }

    #[test]
    fn a_list_that_grows_is_read_while_rows_come() {
        assert_eq!(pages_read(&[(100, 100, 150), (100, 100, 250), (30, 30, 250)]), Some(3));
        assert_eq!(pages_read(&[(100, 100, 150), (100, 100, 9000), (0, 0, 9100)]), Some(3));
    }

    #[test]
    fn a_list_that_never_ends_is_given_up() {
        assert_eq!(
            pages_read(&[(100, 100, 10), (100, 0, 10)]),
            Some(2),
            "the same page again and again"
        );
        assert_eq!(pages_read(&[(100, 100, u64::MAX)]), None);
        assert_eq!(pages_read(&[(0, 0, u64::MAX)]), None);
        assert_eq!(pages_read(&[(100, 100, 10)]), None, "ever new rows");
    }

    #[test]
    fn a_window_is_read_in_pages_and_no_further() {
        let mut progress = Progress::new(Window { offset: 30, limit: Some(150) });
        assert_eq!(progress.next_page(), Some((30, 100)));
        assert!(progress.advance(90, 90, 1000));
        assert_eq!(progress.next_page(), Some((130, 50)));
        assert!(progress.advance(50, 50, 1000));
        assert_eq!(progress.next_page(), None);
        let mut beyond = Progress::new(Window { offset: 500, limit: None });
        assert!(beyond.advance(0, 0, 20));
        assert_eq!(beyond.next_page(), None);
    }
}
