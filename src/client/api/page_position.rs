//! Where the pages of a list begin, and where the list ends. Pure: counts in, positions out.

use super::super::http::Request;
use super::envelope::Malformed;

/// Rows asked for at a time: the most that the API returns.
pub(super) const PAGE: u64 = 100;

/// Rows that a list may count. Far above what an account has, it bounds the requests that a wrong
/// count can cost.
pub(super) const MAX_LIST_ROWS: u64 = 100_000;

/// A part of a list, in the API's count of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    /// How many rows to leave out at the beginning.
    pub offset: u64,
    /// How many rows to look at; none for all. Counted rows that the API does not show are among
    /// them.
    pub limit: Option<u64>,
}

impl RowRange {
    /// The whole list.
    pub const ALL: RowRange = RowRange { offset: 0, limit: None };
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    pub(super) offset: u64,
    window: RowRange,
    /// The count that came with the first page. Beyond it, only rows that do come count.
    first_total: Option<u64>,
}

impl Position {
    pub(super) fn first(window: RowRange) -> Option<Position> {
        let first = Position { offset: window.offset, window, first_total: None };
        (first.size() > 0).then_some(first)
    }

    /// The request for the page.
    pub(super) fn request(self, list: &Request) -> Request {
        let (offset, limit) = (self.offset.to_string(), self.size().to_string());
        list.clone().query(&[("offset", Some(&offset)), ("limit", Some(&limit))])
    }

    /// Where the list ends, or the part that is read of it, if it has so many rows.
    pub(super) fn end(self, total_count: u64) -> u64 {
        let window = self.window.limit.map(|limit| self.window.offset.saturating_add(limit));
        window.map_or(total_count, |end| end.min(total_count)).min(MAX_LIST_ROWS)
    }

    /// How many rows to ask for.
    pub(super) fn size(self) -> u64 {
        let Some(limit) = self.window.limit else { return PAGE };
        self.window.offset.saturating_add(limit).saturating_sub(self.offset).min(PAGE)
    }

    /// The position after a page of `rows` rows, of which `new` were not seen before; `seen` were
    /// seen by now. None at the end.
    ///
    /// # Errors
    /// When the page cannot be part of a list that has an end.
    pub(super) fn after(
        self,
        rows: usize,
        new: usize,
        seen: usize,
        total: u64,
    ) -> Result<Option<Position>, Malformed> {
        let (rows, seen) = (rows as u64, self.window.offset.saturating_add(seen as u64));
        // The offset was ignored. Taken for the end of the list, this would hide the rest of the
        // rows.
        if self.first_total.is_some() && rows > 0 && new == 0 && total > seen {
            return Err(format!(
                "data: it contains only rows of earlier pages, but total_count is {total}"
            ));
        }
        let first_total = self.first_total.unwrap_or(total);
        let reached = self.offset.saturating_add(self.size());
        // A page that goes past the count shows that the count is too low.
        let is_understated = self.offset.saturating_add(rows) > total && rows <= self.size();
        let is_end = reached >= total && !is_understated;
        let is_past_first_total = reached >= first_total && new == 0;
        let next = Position { offset: reached, first_total: Some(first_total), ..self };
        if is_end || is_past_first_total || next.size() == 0 {
            return Ok(None);
        }
        if total > MAX_LIST_ROWS || reached >= MAX_LIST_ROWS {
            return Err(format!("total_count: a list of at most {MAX_LIST_ROWS} rows can be read"));
        }
        Ok(Some(next))
    }
}

/// The offset of the page after one of `rows` rows, of which `new` were not seen before, in a list
/// without a count; `has_repeated` if there was nothing new on the page before it either. None at the
/// end.
///
/// How many rows a page has is for the API to say, and it may leave rows out after it has counted them.
/// So the offset steps by the rows that came. Where that only repeats rows, the page after a page of
/// the usual size tells whether there are more.
///
/// # Errors
/// When the page cannot be part of a list that has an end.
pub(super) fn offset_after(
    offset: u64,
    rows: usize,
    new: usize,
    has_repeated: bool,
) -> Result<Option<u64>, Malformed> {
    let rows = rows as u64;
    // A full page again means that the offset was ignored. Taken for the end of the list, it would
    // hide what comes after it.
    if new == 0 && rows >= PAGE {
        return Err("data: it contains only rows of earlier pages".to_owned());
    }
    if rows == 0 || (new == 0 && has_repeated) {
        return Ok(None);
    }
    let next = offset + if new == 0 { PAGE } else { rows };
    if next > MAX_LIST_ROWS {
        return Err(format!("data: a list of at most {MAX_LIST_ROWS} rows can be read"));
    }
    Ok(Some(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a list whose pages bring `(rows, new rows, total_count)`; returns how many pages were
    /// read, none if the list was refused. After the last of `pages`, every page is as that one.
    fn pages_read(pages: &[(usize, usize, u64)]) -> Option<usize> {
        let mut next = Position::first(RowRange::ALL);
        let (mut read, mut seen) = (0, 0);
        while let Some(position) = next {
            let (rows, new, total) = pages[read.min(pages.len() - 1)];
            (read, seen) = (read + 1, seen + new);
            next = position.after(rows, new, seen, total).ok()?;
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
    fn a_list_without_a_count_ends_with_an_empty_page() {
        assert_eq!(offset_after(0, 100, 100, false), Ok(Some(100)));
        assert_eq!(offset_after(100, 3, 3, false), Ok(Some(103)), "a short page is not the end");
        assert_eq!(offset_after(0, 250, 250, false), Ok(Some(250)), "longer pages than documented");
        assert_eq!(offset_after(40, 40, 1, true), Ok(Some(80)), "some rows have moved");
        assert_eq!(offset_after(200, 0, 0, false), Ok(None));
        assert_eq!(offset_after(3, 3, 0, false), Ok(Some(103)), "rows that are left out");
        assert_eq!(offset_after(103, 3, 0, true), Ok(None), "nothing new any more");
        assert!(offset_after(100, 100, 0, false).is_err(), "the offset was ignored");
        assert!(offset_after(MAX_LIST_ROWS, 100, 100, false).is_err(), "ever new rows");
    }

    #[test]
    fn a_window_is_read_in_pages_and_no_further() {
        let first = Position::first(RowRange { offset: 30, limit: Some(150) }).unwrap();
        assert_eq!((first.offset, first.size()), (30, 100));
        let second = first.after(90, 90, 90, 1000).unwrap().unwrap();
        assert_eq!((second.offset, second.size()), (130, 50));
        assert_eq!(second.after(50, 50, 140, 1000), Ok(None));
        let beyond = Position::first(RowRange { offset: 500, limit: None }).unwrap();
        assert_eq!(beyond.after(0, 0, 0, 20), Ok(None));
        assert_eq!(Position::first(RowRange { offset: 0, limit: Some(0) }), None);
    }
}
