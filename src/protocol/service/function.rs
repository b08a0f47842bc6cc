//! Calls about functions, which may come before the configuration.

use std::{collections::HashMap, sync::Arc};

use tracing::Span;

use crate::{cty::Value, pb::tfplugin5 as pb};

use super::{
    super::{
        convert::{self, decode, encode},
        diagnostics::Diagnostics,
        function::{FunctionError, Parameter, Signature},
        provider::Provider,
        rpc::Outcome,
    },
    Connection,
};

#[expect(clippy::unused_async, reason = "every call has one shape")]
impl<P: Provider> Connection<P> {
    pub(super) async fn get_functions(
        self: Arc<Self>,
        _: pb::get_functions::Request,
    ) -> Outcome<pb::get_functions::Response> {
        let functions = self.functions();
        Ok(pb::get_functions::Response { functions, ..Default::default() })
    }

    /// Runs in a thread of its own, since a function may take long without ever waiting.
    pub(super) async fn call_function(
        self: Arc<Self>,
        request: pb::call_function::Request,
    ) -> Outcome<pb::call_function::Response> {
        let span = Span::current();
        let call = move || span.in_scope(|| self.call_at_once(&request));
        match tokio::task::spawn_blocking(call).await {
            Ok(outcome) => outcome,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// The functions by their names.
    pub(super) fn functions(&self) -> HashMap<String, pb::Function> {
        let functions = self.provider.functions().iter();
        functions
            .map(|(name, function)| ((*name).to_owned(), convert::function(&function.signature())))
            .collect()
    }

    fn call_at_once(
        &self,
        request: &pb::call_function::Request,
    ) -> Outcome<pb::call_function::Response> {
        let function = self.function(&request.name)?;
        let signature = function.signature();
        let result = match arguments(&signature, &request.arguments) {
            Ok(Some(arguments)) => function.call(&arguments),
            Ok(None) => Ok(Value::UNKNOWN),
            Err(error) => Err(error),
        };
        Ok(match result {
            Ok(value) => pb::call_function::Response {
                result: Some(encode(&value, &signature.returns)?),
                error: None,
            },
            Err(error) => {
                pb::call_function::Response { result: None, error: Some(convert::error(error)) }
            }
        })
    }
}

/// The arguments of a call; `None` if the result cannot be known yet.
fn arguments(
    signature: &Signature,
    given: &[pb::DynamicValue],
) -> Result<Option<Vec<Value>>, FunctionError> {
    let parameters = &signature.parameters;
    if parameters.len() != given.len() {
        let text =
            format!("{} arguments are required, but {} are given.", parameters.len(), given.len());
        return Err(FunctionError { text, argument: None });
    }
    let (mut arguments, mut is_known) = (Vec::new(), true);
    for (index, (parameter, value)) in parameters.iter().zip(given).enumerate() {
        let value = argument(parameter, value)
            .map_err(|text| FunctionError { text, argument: Some(index) })?;
        is_known &= parameter.allows_unknown || value.is_wholly_known();
        arguments.push(value);
    }
    Ok(is_known.then_some(arguments))
}

fn argument(parameter: &Parameter, value: &pb::DynamicValue) -> Result<Value, String> {
    let value = decode(Some(value), &parameter.ty).map_err(|error| text_of(&error))?;
    if value.is_null() && !parameter.allows_null {
        return Err(format!("`{}` must not be null.", parameter.name));
    }
    Ok(value)
}

fn text_of(diagnostics: &Diagnostics) -> String {
    let details: Vec<_> = diagnostics.iter().map(|message| message.detail.as_str()).collect();
    details.join("\n")
}
