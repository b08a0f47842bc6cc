//! Reading a list, or a part of it. The API drops rows after it has counted them, so a page can be
//! short, even empty, before the end: the offset steps by the page size asked for, and
//! `total_count` says where the end is.

use std::collections::{HashMap, HashSet};

use tokio::task::JoinSet;
use tracing::Instrument;

use super::super::http::{Error, Request, Response};
use super::Client;
use super::envelope::{Entity, Malformed};
use super::page_position::{Position, offset_after};

pub use super::page_position::RowRange;
pub(super) use super::page_position::{MAX_LIST_ROWS, PAGE};

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
