//! Real Terraform drives the real binary over real gRPC, and the binary drives the mock API.
//!
//! Run it with `cargo xtask test`, which hands over each Terraform in turn.

mod adoption;
mod attach;
mod failures;
#[allow(dead_code, reason = "the harness is whole; not every test needs all of it")]
mod harness;
mod lifecycle;
mod provider;
mod story;

use harness::{Terraform, Workspace};

#[test]
fn tmp() {
    let w = Workspace::new();
    let begun = std::time::Instant::now();
    w.write("main.tf", "resource \"terraform_data\" \"a\" {\n input = 0.1\n for_each = toset([\"x y\"])\n}\noutput \"o\" { value = 1 }");
    println!("{:?}", Terraform::get().path);
    w.init();
    println!("init {:?}", begun.elapsed());
    w.apply();
    println!("apply+plan {:?}", begun.elapsed());
    println!("{:?} {}", w.addresses(), w.attributes("terraform_data.a[\"x y\"]"));
    w.write("main.tf", "resource \"terraform_data\" \"a\" {\n input = 0.2\n for_each = toset([\"x y\"])\n}\noutput \"o\" { value = 1 }");
    w.plans_something();
    println!("{:?}", harness::changes(&w.plan_json()));
    w.destroy();
    println!("{:?} {:?} {:?}", w.leftovers(), w.outputs(), w.state());
    println!("all {:?}", begun.elapsed());
}
#[test]
fn over() {
    let w = Workspace::new();
    w.config("resource \"openrouter_guardrail\" \"a\" {}");
    println!("{}", w.run(&["plan"]));
    println!("{}", w.validate_json());
    let w = Workspace::installed();
    w.config("resource \"openrouter_guardrail\" \"a\" {}");
    println!("{}", w.init());
    println!("{}", w.run(&["plan", "-no-color"]));
    println!("{:?}", w.leftovers());
}
