//! The types that values are read with: those of the real schemas, and others with everything that
//! a type can have.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use terraform_provider_openrouter::cty::Type;
use terraform_provider_openrouter::protocol::provider::Provider as _;
use terraform_provider_openrouter::provider::OpenRouter;

/// The real schemas and their types.
pub(crate) struct Schemas {
    /// The provider block.
    pub(crate) provider: Type,
    /// Resources by name.
    pub(crate) resources: Vec<(&'static str, Type)>,
    /// Data sources by name.
    pub(crate) data_sources: Vec<(&'static str, Type)>,
}

pub(crate) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let provider = OpenRouter::new(BTreeMap::new());
    let resources = provider.resources().iter().map(|(name, resource)| (*name, resource.schema()));
    let data_sources =
        provider.data_sources().iter().map(|(name, source)| (*name, source.schema()));
    Schemas {
        provider: provider.schema().object_type(),
        resources: resources.map(|(name, schema)| (name, schema.object_type())).collect(),
        data_sources: data_sources.map(|(name, schema)| (name, schema.object_type())).collect(),
    }
});

/// Every type to try, with a name.
pub(crate) static TYPES: LazyLock<Vec<(String, Type)>> = LazyLock::new(|| {
    let schemas = &*SCHEMAS;
    let mut types = vec![("provider".to_owned(), schemas.provider.clone())];
    types.extend(
        schemas.resources.iter().map(|(name, ty)| (format!("resource {name}"), ty.clone())),
    );
    types.extend(
        schemas.data_sources.iter().map(|(name, ty)| (format!("data source {name}"), ty.clone())),
    );
    types.extend(other_types().into_iter().map(|ty| (name(&ty), ty)));
    types
});

fn other_types() -> Vec<Type> {
    let object =
        Type::object([("a", Type::String), ("b", Type::list(Type::Number)), ("c", Type::Bool)]);
    let deep = |wrap: fn(Type) -> Type| (0..100).fold(Type::Bool, |ty, _| wrap(ty));
    vec![
        Type::Bool,
        Type::Number,
        Type::String,
        Type::Dynamic,
        Type::list(Type::Dynamic),
        Type::set(Type::Dynamic),
        Type::map(Type::Dynamic),
        Type::list(Type::list(object.clone())),
        Type::set(Type::set(Type::Number)),
        Type::set(object.clone()),
        Type::map(Type::map(object.clone())),
        Type::Tuple(vec![Type::Bool, object, Type::Dynamic]),
        Type::object((0..60).map(|index| (format!("attribute_{index}"), Type::String))),
        deep(Type::list),
        deep(Type::set),
        deep(Type::map),
    ]
}

fn name(ty: &Type) -> String {
    let name = ty.to_json().to_string();
    name.chars().take(60).collect()
}
