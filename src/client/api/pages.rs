//! Reading a list, or a part of it. The API drops rows after it has counted them, so a page can be
//! short, even empty, before the end: the offset steps by the page size asked for, and
//! `total_count` says where the end is.

use std::collections::{HashMap, HashSet};

use tokio::task::JoinSet;
use tracing::Instrument;

use super::super::http::{Error, Request, Response};
use super::Client;
use super::envelope::{Entity, Malformed};

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

/// What was read of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T> {
    /// The rows, each id once.
    pub rows: Vec<T>,
    /// How many rows the API counts in the whole list; may count rows that it never shows.
    pub total_count: u64,
}

/// The rows of a list that are in `window`. `request` is without offset and limit, and `belongs`
/// checks that a row is one of those it asks for.
pub(super) async fn read<T: Entity>(
    client: &Client,
    request: Request,
    belongs: impl Fn(&T) -> Result<(), Malformed> + Send + Sync,
    window: RowRange,
) -> Result<Listing<T>, Error> {
    let mut pages = Pages::new(client, request, belongs, window);
    let first = pages.next().await?.unwrap_or_default();
    pages.rest(first).await
}

/// The rows of a list that comes without a count and knows no limit, each id once: its end is an
/// empty page. `request` is without offset.
///
/// # Errors
/// Also when the list has no end, or the API ignores the offset.
pub(super) async fn read_to_empty_page<T: Entity>(
    client: &Client,
    request: Request,
    belongs: impl Fn(&T) -> Result<(), Malformed>,
) -> Result<Vec<T>, Error> {
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    let (mut next, mut has_repeated) = (Some(0), false);
    while let Some(offset) = next {
        let request = request.clone().query(&[("offset", Some(&offset.to_string()))]);
        let read = |response: Response| {
            let rows: Vec<T> = response.rows(&belongs)?;
            let new = rows.iter().filter(|row| !seen.contains(row.id())).count();
            let next = offset_after(offset, rows.len(), new, has_repeated);
            Ok((rows, new, next.map_err(|reason| response.unusable(reason))?))
        };
        let (rows, new, following) = client.http().call(&request, read).await?;
        has_repeated = new == 0;
        all.extend(rows.into_iter().filter(|row| seen.insert(row.id().to_owned())));
        next = following;
    }
    Ok(all)
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
fn offset_after(
    offset: u64,
    rows: usize,
    new: usize,
    has_repeated: bool,
) -> Result<Option<u64>, Malformed> {
    let rows = rows as u64;
    // A full page again means that the offset was ignored. Taken for the end of the list, it would
    // hide what comes after it.
    if new == 0 && rows >= PAGE {
        return Err("data: it only repeats earlier rows".to_owned());
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

/// A list that is read page by page.
pub struct Pages<'a, T> {
    client: Client,
    request: Request,
    belongs: Belongs<'a, T>,
    next: Option<Position>,
    seen: HashSet<String>,
    total_count: u64,
    /// Pages that are requested ahead, by their offsets.
    ahead: JoinSet<(u64, Result<Response, Error>)>,
    /// Those that came before their turn.
    arrived: HashMap<u64, Response>,
}

/// Checks that a row is one of those that were asked for.
type Belongs<'a, T> = Box<dyn Fn(&T) -> Result<(), Malformed> + Send + Sync + 'a>;

#[expect(private_bounds, reason = "what entities are is this layer's own")]
impl<'a, T: Entity> Pages<'a, T> {
    pub(super) fn new(
        client: &Client,
        request: Request,
        belongs: impl Fn(&T) -> Result<(), Malformed> + Send + Sync + 'a,
        window: RowRange,
    ) -> Self {
        let client = client.clone();
        let (next, belongs) = (Position::first(window), Box::new(belongs));
        let (seen, ahead, arrived) = (HashSet::new(), JoinSet::new(), HashMap::new());
        Self { client, request, belongs, next, seen, total_count: 0, ahead, arrived }
    }

    /// How many pages are left, by the count of the last one.
    pub(super) fn left(&self) -> u64 {
        self.next
            .map_or(0, |next| next.end(self.total_count).saturating_sub(next.offset).div_ceil(PAGE))
    }

    /// The rest of the list, after its `first` rows: all pages are requested at the same time.
    pub(super) async fn rest(mut self, first: Vec<T>) -> Result<Listing<T>, Error> {
        self.request_ahead();
        let mut rows = first;
        while let Some(page) = self.next().await? {
            rows.extend(page);
        }
        Ok(Listing { rows, total_count: self.total_count })
    }

    fn request_ahead(&mut self) {
        let Some(mut position) = self.next else { return };
        let end = position.end(self.total_count);
        while position.offset < end && position.size() > 0 {
            let (client, request) = (self.client.clone(), position.request(&self.request));
            let offset = position.offset;
            // A page that cannot be read is requested again.
            let read = |response: Response| response.page::<T>(|_| Ok(())).map(|_| response);
            let call = async move { (offset, client.http().call(&request, read).await) };
            self.ahead.spawn(call.in_current_span());
            position.offset = offset.saturating_add(position.size());
        }
    }

    /// The page at an offset, if it was requested ahead.
    async fn arrived(&mut self, offset: u64) -> Result<Option<Response>, Error> {
        loop {
            if let Some(response) = self.arrived.remove(&offset) {
                return Ok(Some(response));
            }
            match self.ahead.join_next().await {
                Some(Ok((offset, response))) => _ = self.arrived.insert(offset, response?),
                // A task that has panicked brings nothing.
                Some(Err(_)) => {}
                None => return Ok(None),
            }
        }
    }

    /// The rows of the next page that were not on an earlier one; none after the last page.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, Error> {
        let Some(position) = self.next else { return Ok(None) };
        let arrived = self.arrived(position.offset).await?;
        let read = |response: Response| {
            let page = response.page(&self.belongs)?;
            let is_new = |row: &&T| !self.seen.contains(row.id());
            let seen = self.seen.len();
            let new = page.rows.iter().filter(is_new).count();
            let next = position.after(page.rows.len(), new, seen + new, page.total_count);
            Ok((page, next.map_err(|reason| response.unusable(reason))?))
        };
        let (page, following) = match arrived {
            Some(response) => read(response)?,
            None => self.client.http().call(&position.request(&self.request), read).await?,
        };
        let seen = &mut self.seen;
        let rows = page.rows.into_iter().filter(|row| seen.insert(row.id().to_owned())).collect();
        (self.next, self.total_count) = (following, page.total_count);
        Ok(Some(rows))
    }
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Position {
    offset: u64,
    window: RowRange,
    /// The count that came with the first page. Beyond it, only rows that do come count.
    first_total: Option<u64>,
}

impl Position {
    fn first(window: RowRange) -> Option<Position> {
        let first = Position { offset: window.offset, window, first_total: None };
        (first.size() > 0).then_some(first)
    }

    /// The request for the page.
    fn request(self, list: &Request) -> Request {
        let (offset, limit) = (self.offset.to_string(), self.size().to_string());
        list.clone().query(&[("offset", Some(&offset)), ("limit", Some(&limit))])
    }

    /// Where the list ends, or the part that is read of it, if it has so many rows.
    fn end(self, total_count: u64) -> u64 {
        let window = self.window.limit.map(|limit| self.window.offset.saturating_add(limit));
        window.map_or(total_count, |end| end.min(total_count)).min(MAX_LIST_ROWS)
    }

    /// How many rows to ask for.
    fn size(self) -> u64 {
        let Some(limit) = self.window.limit else { return PAGE };
        self.window.offset.saturating_add(limit).saturating_sub(self.offset).min(PAGE)
    }

    /// The position after a page of `rows` rows, of which `new` were not seen before; `seen` were
    /// seen by now. None at the end.
    ///
    /// # Errors
    /// When the page cannot be part of a list that has an end.
    fn after(
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
                "data: it only repeats earlier rows, but total_count says there are {total}"
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
