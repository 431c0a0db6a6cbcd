//! What the cases stand on.

pub mod audit;
pub mod flows;
pub mod gate;
pub mod picture;
pub mod property;
pub mod states;
pub mod store;

pub use property::{block_on, for_all};
pub use store::{NODE, TestStore, at, claim_of, error};

/// Makes a test of each case for each database. Each database is a module in here.
macro_rules! on_every_database {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[actix_rt::test]
                async fn $case() {
                    let b = $crate::support::TestStore::sqlite();
                    super::$case(&b).await;
                    b.audit().await;
                }
            )+
        }
        mod postgres {
            $(
                #[actix_rt::test]
                async fn $case() {
                    if crate::postgres::is_there() {
                        let b = $crate::support::TestStore::postgres();
                        super::$case(&b).await;
                        b.audit().await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_every_database;

/// The same for properties, which open as many stores as they like.
macro_rules! property_on_every_database {
    ($($case:ident),+ $(,)?) => {
        mod sqlite_properties {
            $(
                #[test]
                fn $case() {
                    super::$case($crate::support::TestStore::sqlite);
                }
            )+
        }
        mod postgres_properties {
            $(
                #[test]
                fn $case() {
                    if crate::postgres::is_there() {
                        super::$case($crate::support::TestStore::postgres);
                    }
                }
            )+
        }
    };
}
pub(crate) use property_on_every_database;
