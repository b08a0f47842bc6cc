//! Lists of keys, members and workspaces: read to their end, and shared by lookups.

use terraform_provider_openrouter::client::{Client, Directory, Error, JsonObject};
use tokio::task::JoinSet;

use crate::server::{Reply, Seen, Server};
use crate::{client, guardrail, object};

/// The keys of workspace `w`, or of the default one.
fn keys(workspace_id: Option<&str>) -> Directory {
    Directory::Keys {
        workspace_id: workspace_id.map(str::to_owned),
        include_disabled: true,
        include_expired: false,
    }
}

fn page(rows: impl IntoIterator<Item = String>) -> Reply {
    let rows: Vec<String> = rows.into_iter().collect();
    Reply::json(200, format!(r#"{{"data":[{}]}}"#, rows.join(",")))
}

fn key(index: usize) -> String {
    format!(r#"{{"hash":"k-{index}","name":"n","workspace_id":"w"}}"#)
}

/// A list of `total` keys, a hundred a page.
fn keys_of(seen: &Seen, total: usize) -> Reply {
    let offset = seen.number("offset").unwrap();
    page((offset..(offset + 100).min(total)).map(key))
}

fn members(ids: &[&str]) -> Reply {
    let rows: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    Reply::json(200, format!(r#"{{"data":[{}],"total_count":{}}}"#, rows.join(","), rows.len()))
}

async fn find_member(client: &Client, id: &str) -> usize {
    let is_wanted = |row: &JsonObject| row["id"] == id;
    client.find_in_directory(&Directory::Members, id, is_wanted).await.unwrap().len()
}

#[tokio::test]
async fn keys_are_read_until_an_empty_page() {
    for (total, pages) in [(0, 1), (1, 2), (100, 2), (101, 3), (230, 4)] {
        let server = Server::start(move |seen| keys_of(seen, total)).await;
        let rows = client(&server).directory(&keys(Some("w"))).await.unwrap();
        let expected: Vec<String> = (0..total).map(|index| format!("k-{index}")).collect();
        let hashes: Vec<_> = rows.iter().map(|row| row["hash"].as_str().unwrap()).collect();
        assert_eq!(hashes, expected);
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        let list = "/api/v1/keys?workspace_id=w&include_disabled=true&offset=";
        let expected: Vec<String> =
            (0..pages).map(|page| format!("{list}{}", total.min(page * 100))).collect();
        assert_eq!(targets, expected);
    }
}

/// The size of a page is not the client's to say.
#[tokio::test]
async fn keys_are_read_in_pages_of_any_size() {
    for size in [1, 40, 99, 250] {
        let server = Server::start(move |seen| {
            let offset = seen.number("offset").unwrap();
            page((offset..(offset + size).min(130)).map(key))
        })
        .await;
        let rows = client(&server).directory(&keys(None)).await.unwrap();
        assert_eq!(rows.len(), 130, "{size}");
    }
}

/// Disabled keys may be left out after the page was cut.
#[tokio::test]
async fn keys_that_are_left_out_hide_no_others() {
    let server = Server::start(|seen| {
        let offset = seen.number("offset").unwrap();
        let is_shown = |index: &usize| index.is_multiple_of(50);
        page((offset..(offset + 100).min(260)).filter(is_shown).map(key))
    })
    .await;
    assert_eq!(client(&server).directory(&keys(None)).await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_hides_and_repeats_no_keys() {
    let server = Server::start(|_| page((0..5).map(key))).await;
    assert_eq!(client(&server).directory(&keys(None)).await.unwrap().len(), 5);
    assert_eq!(server.seen().len(), 3);

    let server = Server::start(|_| page((0..100).map(key))).await;
    let error = client(&server).directory(&keys(None)).await.unwrap_err();
    assert!(error.to_string().ends_with("data: it contains only rows of earlier pages"), "{error}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn keys_of_another_workspace_are_an_error() {
    let server = Server::start(|seen| keys_of(seen, 1)).await;
    let error = client(&server).directory(&keys(Some("v"))).await.unwrap_err();
    let wrong = "data[0].workspace_id: it is w, but v was requested";
    assert!(error.to_string().ends_with(wrong), "{error}");
}

#[tokio::test]
async fn the_answer_about_one_key_is_about_that_key() {
    let server = Server::always(Reply::json(200, format!(r#"{{"data":{}}}"#, key(1)))).await;
    let client = client(&server);
    assert_eq!(client.get_key("k-1").await.unwrap().hash(), "k-1");
    assert_eq!(server.seen()[0].target, "/api/v1/keys/k-1");
    let error = client.get_key("k-2").await.unwrap_err();
    assert!(matches!(error, Error::Decode { .. }), "{error}");
}

#[tokio::test]
async fn lookups_share_a_listing_until_one_is_repeated() {
    let server = Server::always(members(&["a", "b", "c"])).await;
    let client = client(&server);
    let mut lookups = JoinSet::new();
    for id in ["a", "b", "c"] {
        let client = client.clone();
        lookups.spawn(async move { find_member(&client, id).await });
    }
    assert_eq!(lookups.join_all().await, [1, 1, 1]);
    assert_eq!(server.seen().len(), 1);

    // The same lookup again belongs to another refresh, whose others share its listing.
    assert_eq!(find_member(&client, "a").await, 1);
    assert_eq!(server.seen().len(), 2);
    assert_eq!(find_member(&client, "b").await, 1);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn what_was_made_meanwhile_is_found() {
    let server = Server::start({
        let reads = std::sync::atomic::AtomicUsize::new(0);
        move |_| match reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            1 => members(&["a", "late"]),
            _ => members(&["a"]),
        }
    })
    .await;
    let client = client(&server);
    assert_eq!(find_member(&client, "a").await, 1);
    assert_eq!(find_member(&client, "late").await, 1);
    assert_eq!(server.seen().len(), 2);
    // The next refresh sees that it is gone again.
    assert_eq!(find_member(&client, "late").await, 0);
    assert_eq!(server.seen().len(), 3);
}

/// One object for several readers: read once until a reader repeats itself or a write has changed it.
#[tokio::test]
async fn readers_share_an_object_until_it_is_written() {
    let server = Server::start(|seen| match seen.target.rsplit('/').next() {
        Some("gone") => {
            Reply::json(404, r#"{"error":{"code":404,"message":"Guardrail not found"}}"#)
        }
        Some(id) => Reply::json(200, guardrail(id)),
        None => Reply::json(500, ""),
    })
    .await;
    let client = client(&server);
    let requests = || server.seen().len();
    for reader in ["a", "b", "c"] {
        assert_eq!(client.get_guardrail_for(reader, "g").await.unwrap().id(), "g");
        assert!(client.get_guardrail_for(reader, "gone").await.unwrap_err().is_not_found());
    }
    assert_eq!(requests(), 2);
    client.get_guardrail_for("a", "g").await.unwrap();
    client.get_guardrail_for("b", "g").await.unwrap();
    assert_eq!(requests(), 3);
    client.update_guardrail("g", &object(r#"{"limit_usd":null}"#)).await.unwrap();
    client.get_guardrail_for("c", "g").await.unwrap();
    assert_eq!(requests(), 5);
}

#[tokio::test]
async fn a_whole_list_is_as_new_as_the_call() {
    let server = Server::always(members(&["a"])).await;
    let client = client(&server);
    for reads in 1..=2 {
        client.directory(&Directory::Members).await.unwrap();
        assert_eq!(server.seen().len(), reads);
    }
    assert_eq!(find_member(&client, "a").await, 1);
    assert_eq!(server.seen().len(), 2);
}
