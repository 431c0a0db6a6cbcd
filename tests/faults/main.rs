//! The store's promises when the database fails: by a layer that makes it fail, by a full database,
//! and by a stranger who locks the file.

mod bench;
mod claims;
mod each_statement;
mod flows;
mod half_way;
#[path = "../runtime/house.rs"]
#[allow(dead_code)]
mod house;
mod neighbours;
#[path = "../runtime/puppet.rs"]
#[allow(dead_code)]
mod puppet;
mod seeded;
mod store_away;
mod storm;
mod stranger;
mod weather;
