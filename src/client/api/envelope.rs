//! The objects in a response. Knows the API's envelopes (`{"data": …}`, `{"data": […],
//! "total_count": n}`, `{"deleted": true}`), and names the field that is not as documented.

use serde_json::Value;

use super::super::http::{Error, JsonObject, Response};

/// What is wrong with the shape of a response: `data.id: a string is required`.
pub(super) type Malformed = String;

/// Something that the API describes by a JSON object with an id.
pub(super) trait Entity: Sized + Send + 'static {
    /// Reads and checks an object; `at` is its place in the response.
    fn from_object(object: JsonObject, at: &str) -> Result<Self, Malformed>;

    /// What tells it from others of its kind.
    fn id(&self) -> &str;

    /// Whether a request that names `id` is about this. A UUID in capitals is the same UUID.
    fn is(&self, id: &str) -> bool {
        self.id().eq_ignore_ascii_case(id)
    }
}

/// One page of a list.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    /// How many rows the API counts in the whole list; may count rows that it never shows.
    pub(super) total_count: u64,
}

impl Response {
    /// The object in `{"data": {…}}`.
    pub(super) fn entity<T: Entity>(&self) -> Result<T, Error> {
        let read = match self.object()?.remove("data") {
            Some(Value::Object(object)) => T::from_object(object, "data"),
            _ => Err(required("data", "an object")),
        };
        read.map_err(|reason| self.unusable(reason))
    }

    /// The object in `{"data": {…}}` that the request has named by its id. A cache or a proxy can
    /// answer with another one, which would then be changed or deleted in its place.
    pub(super) fn entity_of<T: Entity>(&self, id: &str) -> Result<T, Error> {
        let found: T = self.entity()?;
        if found.is(id) {
            Ok(found)
        } else {
            Err(self.unusable(another("data.id", found.id(), id)))
        }
    }

    /// The objects in `{"data": [{…}], "total_count": n}`; `belongs` checks each.
    pub(super) fn page<T: Entity>(
        &self,
        belongs: impl Fn(&T) -> Result<(), Malformed>,
    ) -> Result<Page<T>, Error> {
        page(self.object()?, belongs).map_err(|reason| self.unusable(reason))
    }

    /// The objects in `{"data": [{…}]}`, of a list that comes without a count; `belongs` checks
    /// each.
    pub(super) fn rows<T: Entity>(
        &self,
        belongs: impl Fn(&T) -> Result<(), Malformed>,
    ) -> Result<Vec<T>, Error> {
        rows(&mut self.object()?, belongs).map_err(|reason| self.unusable(reason))
    }

    /// Nothing, if the response confirms the deletion of `id`: by the status 204, or by a JSON
    /// object that reports no error, is about nothing else, and whose `deleted` is true or absent.
    pub(super) fn deleted(&self, id: &str) -> Result<(), Error> {
        if self.status == 204 {
            return Ok(());
        }
        let envelope = self.object()?;
        let named = envelope.get("data").and_then(|data| data.get("id")?.as_str());
        if let Some(found) = named.filter(|found| !found.eq_ignore_ascii_case(id)) {
            return Err(self.unusable(another("data.id", found, id)));
        }
        match envelope.get("deleted") {
            None | Some(Value::Bool(true)) => Ok(()),
            Some(_) => Err(self.unusable(required("deleted", "true"))),
        }
    }

    /// The number in `{"<name>": n}`.
    pub(super) fn count(&self, name: &str) -> Result<u64, Error> {
        let count = self.object()?.get(name).and_then(Value::as_u64);
        count.ok_or_else(|| self.unusable(required(name, "a number of 0 or more")))
    }
}

fn page<T: Entity>(
    mut envelope: JsonObject,
    belongs: impl Fn(&T) -> Result<(), Malformed>,
) -> Result<Page<T>, Malformed> {
    let Some(total_count) = envelope.get("total_count").and_then(Value::as_u64) else {
        return Err(required("total_count", "a whole number"));
    };
    Ok(Page { rows: rows(&mut envelope, belongs)?, total_count })
}

fn rows<T: Entity>(
    envelope: &mut JsonObject,
    belongs: impl Fn(&T) -> Result<(), Malformed>,
) -> Result<Vec<T>, Malformed> {
    let Some(Value::Array(listed)) = envelope.remove("data") else {
        return Err(required("data", "a list"));
    };
    let mut rows = Vec::with_capacity(listed.len());
    for (index, row) in listed.into_iter().enumerate() {
        let at = format!("data[{index}]");
        let Value::Object(object) = row else { return Err(required(&at, "an object")) };
        let row = T::from_object(object, &at)?;
        belongs(&row).map_err(|reason| format!("{at}.{reason}"))?;
        rows.push(row);
    }
    Ok(rows)
}

/// The complaint about a field that names something else than what was asked for.
pub(super) fn another(field: &str, found: &str, wanted: &str) -> Malformed {
    format!("{field}: it is {found}, but {wanted} was requested")
}

/// The complaint about a field that is absent or of another type.
pub(super) fn required(field: &str, what: &str) -> Malformed {
    format!("{field}: {what} is required")
}

/// A field that must be a string.
pub(super) fn string<'a>(
    object: &'a JsonObject,
    at: &str,
    name: &str,
) -> Result<&'a str, Malformed> {
    let text = object.get(name).and_then(Value::as_str);
    text.ok_or_else(|| required(&format!("{at}.{name}"), "a string"))
}

/// A field by which later requests name something: a string that can be a segment of a path. A UUID
/// in capitals is brought to lowercase, as ids in state are compared by their text.
pub(super) fn id(object: &mut JsonObject, at: &str, name: &str) -> Result<(), Malformed> {
    let id = string(object, at, name)?;
    let cannot_be_in_a_segment =
        |c: char| matches!(c, '/' | '?' | '#') || c.is_whitespace() || c.is_control();
    if id.is_empty() {
        return Err(required(&format!("{at}.{name}"), "a string that is not empty"));
    }
    if matches!(id, "." | "..") || id.contains(cannot_be_in_a_segment) {
        return Err(required(&format!("{at}.{name}"), "an id that can be part of a URL path"));
    }
    lowercase_uuid(object, name);
    Ok(())
}

/// Brings a field to lowercase if it is a UUID.
pub(super) fn lowercase_uuid(object: &mut JsonObject, name: &str) {
    let Some(Value::String(id)) = object.get_mut(name) else { return };
    let is_uuid_at = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    if id.len() == 36 && id.bytes().enumerate().all(is_uuid_at) {
        id.make_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use super::super::guardrails::Guardrail;
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response::for_test(status, body)
    }

    /// The reason that an error gives, whose other fields must be the response's.
    #[track_caller]
    fn reason<T>(outcome: Result<T, Error>) -> String {
        match outcome.err().expect("the response should not be usable") {
            Error::Decode { status: 200, reason, request_id: Some(id), .. } if id == "r-1" => {
                reason
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wrong_shape_is_reported_by_field() {
        let whole = r#""id":"g","name":"n","created_at":"t""#;
        for (body, expected) in [
            ("[]".to_owned(), "a JSON object is required"),
            ("{}".to_owned(), "data: an object is required"),
            (r#"{"data":[]}"#.to_owned(), "data: an object is required"),
            (r#"{"data":{"id":7}}"#.to_owned(), "data.id: a string is required"),
            (
                format!(r#"{{"data":{{{whole},"id":""}}}}"#),
                "data.id: a string that is not empty is required",
            ),
            (format!(r#"{{"data":{{{whole},"name":null}}}}"#), "data.name: a string is required"),
            (
                r#"{"data":{"id":"g","name":"n"}}"#.to_owned(),
                "data.created_at: a string is required",
            ),
            (r#"{"error":{"message":"no very-secret"}}"#.to_owned(), "it reports an error: no ***"),
            ("<title>Sign in</title>".to_owned(), "an HTML page: Sign in, not JSON"),
            (" ".to_owned(), "it is empty"),
            (
                r#"{"data":"#.to_owned(),
                "it is not valid JSON: EOF while parsing a value at line 1 column 8",
            ),
        ] {
            assert_eq!(reason(response(200, &body).entity::<Guardrail>()), expected, "{body}");
        }
    }

    #[test]
    fn a_page_needs_its_count_and_sound_rows() {
        for (body, expected) in [
            (r#"{"data":[]}"#, "total_count: a whole number is required"),
            (r#"{"data":[],"total_count":-1}"#, "total_count: a whole number is required"),
            (r#"{"data":[],"total_count":1e400}"#, "total_count: a whole number is required"),
            (r#"{"total_count":0}"#, "data: a list is required"),
            (
                r#"{"data":[{"id":"g","name":"n","created_at":"t"},{"id":"g"}],"total_count":2}"#,
                "data[1].name: a string is required",
            ),
            (r#"{"data":[null],"total_count":1}"#, "data[0]: an object is required"),
        ] {
            assert_eq!(
                reason(response(200, body).page::<Guardrail>(|_| Ok(()))),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn only_a_confirmed_deletion_is_one() {
        assert!(response(200, r#"{"deleted":true}"#).deleted("g").is_ok());
        assert!(response(200, r#"{"data":{"id":"g"}}"#).deleted("g").is_ok());
        assert!(response(204, "").deleted("g").is_ok());
        for (body, expected) in [
            (r#"{"deleted":false}"#, "deleted: true is required"),
            (r#"{"deleted":null}"#, "deleted: true is required"),
            (r#"{"error":{"message":"busy"}}"#, "it reports an error: busy"),
            ("", "it is empty"),
            ("<p>Welcome", "an HTML page, not JSON"),
        ] {
            assert_eq!(reason(response(200, body).deleted("g")), expected, "{body}");
        }
    }
}
