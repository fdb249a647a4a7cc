//! Echoes frames without a look inside: what tokio and the kernel cost by themselves, and so the
//! least that a server on tokio can take.

use anyhow::Result;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that breaks concerns its peer alone.
        tokio::spawn(async move { echo(stream).await.ok() });
    }
}

async fn echo(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(8 * 1024);
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let frames = complete(&buffer);
        stream.write_all(&buffer[..frames]).await?;
        buffer.advance(frames);
    }
}

/// How many bytes of `buffer` are whole frames: four bytes of length, then as many.
fn complete(buffer: &[u8]) -> usize {
    let mut end = 0;
    while let Some(length) = buffer[end..].first_chunk() {
        let frame = 4 + u32::from_be_bytes(*length) as usize;
        if buffer.len() - end < frame {
            break;
        }
        end += frame;
    }
    end
}
