//! From a response to the objects in it. Knows the API's envelopes (`{"data": …}`,
//! `{"data": […], "total_count": n}`, `{"deleted": true}`), and names the field that is not as promised.

use serde_json::Value;

use super::super::http::{Error, JsonObject, Response};

/// What is wrong with the shape of an answer: `data.id: a string is required`.
pub(super) type Malformed = String;

/// Something that the service describes by a JSON object with an id.
pub(super) trait Entity: Sized {
    /// Reads and checks an object; `at` is where it stands in the answer.
    fn from_object(object: JsonObject, at: &str) -> Result<Self, Malformed>;

    /// What tells it from others of its kind.
    fn id(&self) -> &str;

    /// Whether it is what a request has named by this id. Letter case does not matter: a UUID is the same in capitals.
    fn is(&self, id: &str) -> bool {
        self.id().eq_ignore_ascii_case(id)
    }
}

/// One page of a list.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    /// How many rows the service counts in all; may count rows that it never shows.
    pub(super) total_count: u64,
}

impl Response {
    /// The thing in `{"data": {…}}`.
    pub(super) fn entity<T: Entity>(&self) -> Result<T, Error> {
        let mut envelope = self.object()?;
        let read = match envelope.remove("data") {
            Some(Value::Object(object)) => T::from_object(object, "data"),
            _ => Err(required("data", "an object")),
        };
        read.map_err(|reason| self.unusable(reason))
    }

    /// The thing in `{"data": {…}}` that the request has named by its id. A cache or a proxy can answer with another one, and
    /// whoever believed that would then change or delete it.
    pub(super) fn entity_of<T: Entity>(&self, id: &str) -> Result<T, Error> {
        let found: T = self.entity()?;
        if found.is(id) {
            Ok(found)
        } else {
            Err(self.unusable(another("data.id", found.id(), id)))
        }
    }

    /// The things in `{"data": [{…}], "total_count": n}`, each of which `belongs` there.
    pub(super) fn page<T: Entity>(
        self,
        belongs: impl Fn(&T) -> Result<(), Malformed>,
    ) -> Result<Page<T>, Error> {
        let envelope = self.object()?;
        let page = page(envelope).map_err(|reason| self.unusable(reason))?;
        for (index, row) in page.rows.iter().enumerate() {
            belongs(row).map_err(|reason| self.unusable(format!("data[{index}].{reason}")))?;
        }
        Ok(page)
    }

    /// Nothing, if the answer confirms the deletion of what has this id: a JSON object that neither reports an error, nor says
    /// `deleted` is anything but true, nor is about something else, or the status 204. A blank or foreign answer proves nothing
    /// and is an error.
    pub(super) fn deleted(self, id: &str) -> Result<(), Error> {
        if self.status == 204 {
            return Ok(());
        }
        let envelope = self.object()?;
        if let Some(found) =
            envelope.get("data").and_then(|data| data.get("id")).and_then(Value::as_str)
            && !found.eq_ignore_ascii_case(id)
        {
            return Err(self.unusable(another("data.id", found, id)));
        }
        match envelope.get("deleted") {
            None | Some(Value::Bool(true)) => Ok(()),
            Some(_) => Err(self.unusable(required("deleted", "true"))),
        }
    }

    /// The number in `{"<name>": n}`.
    pub(super) fn count(self, name: &str) -> Result<u64, Error> {
        let count = self.object()?.get(name).and_then(Value::as_u64);
        count.ok_or_else(|| self.unusable(required(name, "a number of 0 or more")))
    }
}

fn page<T: Entity>(mut envelope: JsonObject) -> Result<Page<T>, Malformed> {
    let Some(total_count) = envelope.get("total_count").and_then(Value::as_u64) else {
        return Err(required("total_count", "a whole number"));
    };
    let Some(Value::Array(rows)) = envelope.remove("data") else {
        return Err(required("data", "a list"));
    };
    let rows: Result<Vec<T>, Malformed> =
        rows.into_iter().enumerate().map(|(index, row)| entry(index, row)).collect();
    Ok(Page { rows: rows?, total_count })
}

fn entry<T: Entity>(index: usize, row: Value) -> Result<T, Malformed> {
    let at = format!("data[{index}]");
    match row {
        Value::Object(object) => T::from_object(object, &at),
        _ => Err(required(&at, "an object")),
    }
}

/// The complaint about a field that names something else than what was asked for.
pub(super) fn another(field: &str, found: &str, wanted: &str) -> Malformed {
    format!("{field}: it is about {found}, but {wanted} was asked for")
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
    object
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| required(&format!("{at}.{name}"), "a string"))
}

/// The field that names a thing in later calls: a string with something in it.
pub(super) fn id<'a>(object: &'a JsonObject, at: &str) -> Result<&'a str, Malformed> {
    let id = string(object, at, "id")?;
    if id.is_empty() {
        Err(required(&format!("{at}.id"), "a string that is not empty"))
    } else {
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::guardrails::Guardrail;
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response::for_test(status, body)
    }

    /// The reason that an error gives, whose other fields must be the answer's.
    #[track_caller]
    fn reason<T>(outcome: Result<T, Error>) -> String {
        match outcome.err().expect("the answer should not be usable") {
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
