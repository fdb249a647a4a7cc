//! Streams over gRPC: many requests, many answers, what stands before and behind them, and a layer that
//! looks at each message.
//!
//! ```text
//! cargo run --example streams
//! ```

use std::error::Error;

use polyport::{
    Call, Client, Context, Layer, Next, Reply, Server, Sink, Status, Streaming, Transport,
};
use polyport_examples::protobuf::talk::v1::{Line, Talk, TalkClient, TalkServer, Total};

struct Handler;

impl Talk for Handler {
    async fn count(&self, _: &mut Context, mut lines: Streaming<Line>) -> Result<Total, Status> {
        let mut total = Total::default();
        while let Some(_line) = lines.receive().await? {
            total.lines += 1;
        }
        Ok(total)
    }

    async fn echo(
        &self,
        cx: &mut Context,
        mut lines: Streaming<Line>,
        mut answers: Sink<Line>,
    ) -> Result<(), Status> {
        // Before the first answer; and behind the last one.
        answers.set_header("mood", "good")?;
        cx.reply_trailers().insert("last-words", "bye");
        while let Some(line) = lines.receive().await? {
            // Waits while the client does not keep up, and fails when it is gone.
            answers.send(line).await?;
        }
        Ok(())
    }
}

/// Lets nobody shout.
struct Quiet;

impl Layer for Quiet {
    async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
        // Of a method that takes and gives streams; `Count` takes only the first of them.
        if let Some((lines, _)) = call.message.get_mut::<(Streaming<Line>, Sink<Line>)>() {
            lines.each(|line| {
                line.text = line.text.to_lowercase();
                Ok(())
            });
        }
        next.call(call).await
    }
}

fn line(text: &str) -> Line {
    Line {
        text: text.to_owned(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new().add(TalkServer::new(Handler).layer(Quiet));
    let listening = server.bind("127.0.0.1:0").await?;
    let address = listening.address().to_string();
    tokio::spawn(listening.serve_until(std::future::pending()));
    let client = Client::options(address).transport(Transport::Grpc);
    let talk = TalkClient::new(client.connect().await?);

    let mut lines = talk.count().await?;
    lines.send(line("one")).await?;
    lines.send(line("two")).await?;
    let total = lines.finish().await?;
    println!("{} lines", total.lines);
    assert_eq!(total.lines, 2);

    let (mut lines, mut answers) = talk.echo().await?;
    lines.send(line("HELLO")).await?;
    let mood = answers.headers().await?;
    println!("mood: {:?}", mood.get("mood"));
    let answer = answers.receive().await?.ok_or("no answer")?;
    println!("answer: {}", answer.text);
    assert_eq!(answer.text, "hello");
    // No more requests: the handler comes to its end.
    lines.finish()?;
    assert!(answers.receive().await?.is_none());
    let trailers = answers.trailers().unwrap_or_default();
    println!("last words: {:?}", trailers.get("last-words"));
    assert_eq!(trailers.get("last-words"), Some("bye"));
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
