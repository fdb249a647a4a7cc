//! Everything that a handler can fail with, and what becomes of it for a client over Thrift's TTHeader
//! and over gRPC. The table is in the documentation of `polyport::Status`.
//!
//! ```text
//! cargo run --example errors
//! ```

use std::error::Error;
use std::time::Duration;

use polyport::{BizStatus, Code, Context, Server, Status, StatusKind, Transport};
use polyport_examples::library::library::LendError;
use polyport_examples::library::{Book, Library, LibraryClient, LibraryServer, NotFound};

struct Shelf;

impl Library for Shelf {
    /// Fails in the way that the title says. `?` and `into` make one of the method's errors of a status,
    /// and of an exception that the IDL declares.
    async fn lend(&self, _: &mut Context, title: String) -> Result<Book, LendError> {
        Err(match &*title {
            "an exception of the IDL" => NotFound { title }.into(),
            "an ordinary error" => Status::error("the shelf is locked").into(),
            "an error with a number" => Status::typed(1900, "out of stock").into(),
            "an error with a code of gRPC" => {
                Status::with_code(Code::NOT_FOUND, "no such book").into()
            }
            "a business status" => {
                let status = BizStatus::new(404, "lent until Friday").with_extra("shelf", "7");
                Status::from(status).into()
            }
            "a deadline that passes" => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Status::error("nobody waits for this").into()
            }
            _ => return Ok(Book { title, year: 1843 }),
        })
    }
}

/// What a client makes of a failure.
fn told(error: &LendError) -> String {
    let status = match error {
        LendError::Missing(exception) => return format!("{exception:?}"),
        LendError::Status(status) => status,
    };
    match status.kind() {
        StatusKind::Biz(biz) => format!("business status {}: {}", biz.code, biz.message),
        StatusKind::Remote(number) => format!("exception {number}: {status}"),
        StatusKind::Code(code) => format!("code {}: {status}", code.0),
        StatusKind::Timeout => "nothing in time".to_owned(),
        kind => format!("{kind:?}: {status}"),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Whatever fails can be looked at, and replaced, before it goes out.
    let server = Server::new().on_error(|cx, status| match status.kind() {
        StatusKind::Panic => Status::error(format!("{} is out of order", cx.method())),
        _ => status,
    });
    let local = server.add(LibraryServer::new(Shelf)).local()?;
    for transport in [Transport::TtHeader, Transport::Grpc] {
        println!("over {transport}");
        let client = local.options().transport(transport).connect().await?;
        let library = LibraryClient::new(client);
        for title in [
            "an exception of the IDL",
            "an ordinary error",
            "an error with a number",
            "an error with a code of gRPC",
            "a business status",
            "a deadline that passes",
        ] {
            let lending = library.lend(title.to_owned());
            let error = lending.timeout(Duration::from_millis(100)).await;
            let error = error.err().ok_or("it should have failed")?;
            println!("  {title:<28} {}", told(&error));
        }
        let missing = library.lend("an exception of the IDL".to_owned()).await;
        assert!(matches!(missing, Err(LendError::Missing(_))));
        let book = library.lend("A Christmas Carol".to_owned()).await?;
        assert_eq!(book.year, 1843);
    }
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
