//! Fills `fuzz/corpus` with recorded conversations and IDLs from the tests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use polyport_wire::schema::{
    Annotation, CallKind, Definition, DefinitionId, Enum, EnumValue, Field, Literal, Method,
    Requiredness, Schema, Service, Type,
};
use polyport_wire::thrift::Envelope;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vectors = root.join("../crates/polyport-wire/tests/vectors");
    let mut number = 0;
    for name in ["multi", "combine", "proto"] {
        let recording = fs::read_to_string(vectors.join(name).with_extension("txt"))?;
        for read in recording.lines().filter_map(unhex) {
            number += 1;
            seeds(&root.join("corpus"), number, &read)?;
        }
    }
    fs::write(root.join("corpus/schema/greeter"), greeter()?)?;
    for folder in ["interop/idl", "crates/polyport-build/tests/mistakes"] {
        idls(&root.join("..").join(folder), &root.join("corpus/idl"))?;
    }
    println!("{number} reads");
    Ok(())
}

fn idls(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "thrift")
        {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// A schema with a bit of everything.
fn greeter() -> io::Result<Bytes> {
    let mut greet = Method::new("greet");
    greet.kind = CallKind::ServerStream;
    greet.arguments.push(Field {
        id: 1,
        name: "names".to_owned(),
        kind: Type::Map(
            Box::new(Type::String),
            Box::new(Type::List(Box::new(Type::Defined(DefinitionId(0))))),
        ),
        requiredness: Requiredness::Optional,
        default: Some(Literal::Map(vec![(
            Literal::String("a".to_owned()),
            Literal::List(vec![Literal::Int(1), Literal::Double(0.5)]),
        )])),
        annotations: vec![Annotation {
            name: "api.query".to_owned(),
            value: "names".to_owned(),
        }],
        docs: String::new(),
    });
    greet.result = Some(Type::Set(Box::new(Type::I64)));
    let mut service = Service::new("demo", "Greeter");
    service.methods.push(greet);
    let color = Enum {
        package: "demo".to_owned(),
        name: "Color".to_owned(),
        values: vec![EnumValue {
            name: "RED".to_owned(),
            number: 1,
            docs: String::new(),
        }],
        annotations: Vec::new(),
        docs: String::new(),
    };
    let schema = Schema {
        definitions: vec![Definition::Enum(color)],
        services: vec![service],
        ..Schema::default()
    };
    schema.encode().map_err(io::Error::other)
}

/// The bytes of a line like `12> 00ff`, which is one read.
fn unhex(line: &str) -> Option<Vec<u8>> {
    let (direction, text) = line.split_once(' ')?;
    if !direction.ends_with(['<', '>']) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

fn seeds(corpus: &Path, number: usize, read: &[u8]) -> io::Result<()> {
    let write = |target: &str, bytes: &[u8]| {
        let path: PathBuf = corpus.join(target);
        fs::create_dir_all(&path)?;
        fs::write(path.join(format!("read-{number}")), bytes)
    };
    write("detect", read)?;
    write("ttheader", read)?;
    // The first byte is the size of the pieces.
    write("frame", &[&[7], read].concat())?;
    let Some(message) = read
        .windows(3)
        .position(|start| start == [0x80, 0x01, 0])
        .and_then(|start| read.get(start..))
    else {
        return Ok(());
    };
    write("envelope", message)?;
    if let Ok((_, body)) = Envelope::decode(message) {
        write("thrift", body)?;
        write("exception", body)?;
        write("schema", body)?;
    }
    Ok(())
}
