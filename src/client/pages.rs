//! Reading a list to its end. The service drops rows after it has counted them, so a page can be short, even empty,
//! before the end: the offset steps by the page size asked for, and `total_count` says where the end is.

use std::collections::HashSet;

use super::Client;
use super::answer::{Entity, Page};
use super::error::Error;
use super::request::Route;

/// Rows asked for at a time: the most that the service gives.
const PAGE: u64 = 100;

/// Rows that a list may count. Far above what an account has, it bounds the requests that a wrong count can cost.
const MOST_ROWS: u64 = 100_000;

/// All rows of a list, each id once.
pub(super) async fn read_all<T: Entity>(
    client: &Client,
    route: &'static Route,
    filter: &[(&str, Option<&str>)],
) -> Result<Vec<T>, Error> {
    let limit = PAGE.to_string();
    let mut progress = Progress::default();
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    while let Some(offset) = progress.next {
        let offset = offset.to_string();
        let query = [filter, &[("offset", Some(offset.as_str())), ("limit", Some(limit.as_str()))]].concat();
        let answer = client.call(&client.request(route).query(&query)).await?;
        let too_long =
            answer.unusable(format!("total_count: a list of at most {MOST_ROWS} rows can be read"));
        let page: Page<T> = answer.page()?;
        let came = page.rows.len();
        let before = rows.len();
        rows.extend(page.rows.into_iter().filter(|row| seen.insert(row.id().to_owned())));
        if !progress.advance(came, rows.len() - before, page.total_count) {
            return Err(too_long);
        }
    }
    Ok(rows)
}

/// How far a list is read.
struct Progress {
    /// Where the next page begins; none at the end.
    next: Option<u64>,
    /// Where the end was when the first page came. Beyond it, only rows that do come count.
    first_total: Option<u64>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { next: Some(0), first_total: None }
    }
}

impl Progress {
    /// Takes account of a page with `came` rows, `fresh` of them not seen before, and the count that came with it.
    /// False if the list is longer than can be read.
    fn advance(&mut self, came: usize, fresh: usize, total: u64) -> bool {
        let Some(offset) = self.next else { return true };
        let first_total = *self.first_total.get_or_insert(total);
        let reached = offset.saturating_add(PAGE);
        // A page that goes past the count shows that the count is too low.
        let understated = offset.saturating_add(came as u64) > total && came as u64 <= PAGE;
        let ended = reached >= total && !understated;
        let barren = reached >= first_total && fresh == 0;
        if ended || barren {
            self.next = None;
            return true;
        }
        self.next = Some(reached);
        total <= MOST_ROWS && reached < MOST_ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a list whose pages bring `(rows, fresh rows, total_count)`; returns how many pages were asked for, none
    /// if the list was refused. After the last of `pages`, every page is as that one.
    fn pages_read(pages: &[(usize, usize, u64)]) -> Option<usize> {
        let mut progress = Progress::default();
        let mut read = 0;
        while progress.next.is_some() {
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
        assert_eq!(pages_read(&[(100, 100, 40), (100, 100, 40), (20, 20, 40), (0, 0, 40)]), Some(4));
    }

    #[test]
    fn a_list_that_grows_is_read_while_rows_come() {
        assert_eq!(pages_read(&[(100, 100, 150), (100, 100, 250), (30, 30, 250)]), Some(3));
        assert_eq!(pages_read(&[(100, 100, 150), (100, 100, 9000), (0, 0, 9100)]), Some(3));
    }

    #[test]
    fn a_list_that_never_ends_is_given_up() {
        assert_eq!(pages_read(&[(100, 100, 10), (100, 0, 10)]), Some(2), "the same page again and again");
        assert_eq!(pages_read(&[(100, 100, u64::MAX)]), None);
        assert_eq!(pages_read(&[(0, 0, u64::MAX)]), None);
        assert_eq!(pages_read(&[(100, 100, 10)]), None, "ever new rows");
    }
}
