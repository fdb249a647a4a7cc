//! The cases of Apache's client in Python, and the two methods that it does not call.

use std::collections::{HashMap, HashSet};
use std::fmt::{Debug, Display};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::handlers::{insanity, map_of_maps, text};
use crate::idl::thrift_test::{TestExceptionError, TestMultiExceptionError};
use crate::idl::{Insanity, Numberz, ThriftTestClient, Xception, Xception2, Xtruct, Xtruct2};

pub(crate) type Outcome = Result<(), String>;

/// Runs the cases in turn.
pub(crate) async fn run(client: &ThriftTestClient) -> Vec<(&'static str, Outcome)> {
    vec![
        ("testVoid", void(client).await),
        ("testString", string(client).await),
        ("testBool", bool(client).await),
        ("testByte", byte(client).await),
        ("testI32", i32(client).await),
        ("testI64", i64(client).await),
        ("testDouble", double(client).await),
        ("testBinary", binary(client).await),
        ("testStruct", structure(client).await),
        ("testNest", nest(client).await),
        ("testMap", map(client).await),
        ("testStringMap", string_map(client).await),
        ("testSet", set(client).await),
        ("testList", list(client).await),
        ("testEnum", number(client).await),
        ("testTypedef", typedef(client).await),
        ("testMapMap", map_map(client).await),
        ("testInsanity", insane(client).await),
        ("testMulti", multi(client).await),
        ("testException", exception(client).await),
        ("testMultiException", multi_exception(client).await),
        ("testOneway", oneway(client).await),
        ("testOnewayThenNormal", oneway_then_normal(client).await),
    ]
}

fn same<V: Debug + PartialEq, E: Display>(seen: Result<V, E>, expected: &V) -> Outcome {
    match seen {
        Ok(seen) if seen == *expected => Ok(()),
        Ok(seen) => Err(format!("expected {expected:?}, saw {seen:?}")),
        Err(error) => Err(format!("expected {expected:?}, saw an error: {error}")),
    }
}

/// A method that gives its argument back, called with each value.
macro_rules! echoes {
    ($name:ident, $method:ident, $values:expr) => {
        async fn $name(client: &ThriftTestClient) -> Outcome {
            for value in $values {
                same(client.$method(value.clone()).await, &value)?;
            }
            Ok(())
        }
    };
}

echoes!(
    string,
    test_string,
    [
        "Polyport".repeat(20),
        String::new(),
        "\u{8}\t\n/\\\\\r{}:\u{30d1}\u{30a4}\u{30bd}\u{30f3}\"\u{1f980}".to_owned(),
    ]
);
echoes!(bool, test_bool, [true, false]);
echoes!(byte, test_byte, [63, -127, i8::MIN, i8::MAX]);
echoes!(i32, test_i32, [-1, 0, i32::MIN, i32::MAX]);
echoes!(i64, test_i64, [1, -34_359_738_368, i64::MIN, i64::MAX]);
echoes!(
    double,
    test_double,
    [
        -5.235_098_235,
        0.0,
        -1.0,
        -0.000_341_012_439_638_598_3,
        f64::MAX,
        f64::NEG_INFINITY
    ]
);
echoes!(
    binary,
    test_binary,
    [(0..=255).collect::<Bytes>(), Bytes::new()]
);
echoes!(structure, test_struct, [zero()]);
echoes!(
    nest,
    test_nest,
    [Xtruct2 {
        byte_thing: 0,
        struct_thing: zero(),
        i32_thing: 0
    }]
);
echoes!(
    map,
    test_map,
    [
        HashMap::from([(0, 1), (1, 2), (2, 3), (3, 4), (-1, -2)]),
        HashMap::new()
    ]
);
echoes!(
    string_map,
    test_string_map,
    [HashMap::from(
        [
            ("a", "123"),
            ("a b", "with spaces "),
            ("same", "same"),
            ("0", "numeric key")
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
    )]
);
echoes!(set, test_set, [HashSet::from([8, 1, 42]), HashSet::new()]);
echoes!(list, test_list, [vec![1, 4, 9, -42], Vec::new()]);
echoes!(number, test_enum, [Numberz::FIVE, Numberz::ONE]);
echoes!(typedef, test_typedef, [0x00ff_ffff_ffff_ffff]);

fn zero() -> Xtruct {
    Xtruct {
        string_thing: "Zero".to_owned(),
        byte_thing: 1,
        i32_thing: -3,
        i64_thing: -5,
    }
}

async fn void(client: &ThriftTestClient) -> Outcome {
    same(client.test_void().await, &())
}

async fn map_map(client: &ThriftTestClient) -> Outcome {
    same(client.test_map_map(42).await, &map_of_maps())
}

async fn insane(client: &ThriftTestClient) -> Outcome {
    let argument = Insanity {
        user_map: HashMap::from([(Numberz::FIVE, 5), (Numberz::EIGHT, 8)]),
        xtructs: vec![zero(), text("Goodbye4")],
    };
    same(
        client.test_insanity(argument.clone()).await,
        &insanity(argument),
    )
}

async fn multi(client: &ThriftTestClient) -> Outcome {
    let expected = Xtruct {
        string_thing: "Hello2".to_owned(),
        byte_thing: 74,
        i32_thing: 0x00ff_00ff,
        i64_thing: 0xffff_ffff_d0d0,
    };
    let names = HashMap::from([(0, "abc".to_owned())]);
    let seen = client
        .test_multi(
            74,
            0x00ff_00ff,
            0xffff_ffff_d0d0,
            names,
            Numberz::FIVE,
            0x00f0_f0f0,
        )
        .await;
    same(seen, &expected)
}

async fn exception(client: &ThriftTestClient) -> Outcome {
    let calls = |arg: &str| client.test_exception(arg.to_owned());
    same(calls("Safe").await, &())?;
    let expected = Xception {
        error_code: 1001,
        message: "Xception".to_owned(),
    };
    match calls("Xception").await {
        Err(TestExceptionError::Err1(seen)) if seen == expected => {}
        seen => return Err(format!("expected {expected:?}, saw {seen:?}")),
    }
    // Apache's server in Python does not pass the text on.
    match calls("TException").await {
        Err(TestExceptionError::Status(status)) if status.type_id() == Some(6) => {}
        seen => return Err(format!("expected an internal error, saw {seen:?}")),
    }
    same(calls("success").await, &())
}

async fn multi_exception(client: &ThriftTestClient) -> Outcome {
    let calls = |arg: &str| client.test_multi_exception(arg.to_owned(), "foobar".to_owned());
    let expected = Xception {
        error_code: 1001,
        message: "This is an Xception".to_owned(),
    };
    match calls("Xception").await {
        Err(TestMultiExceptionError::Err1(seen)) if seen == expected => {}
        seen => return Err(format!("expected {expected:?}, saw {seen:?}")),
    }
    let expected = Xception2 {
        error_code: 2002,
        struct_thing: text("This is an Xception2"),
    };
    match calls("Xception2").await {
        Err(TestMultiExceptionError::Err2(seen)) if seen == expected => {}
        seen => return Err(format!("expected {expected:?}, saw {seen:?}")),
    }
    same(calls("success").await, &text("foobar"))
}

/// The server sleeps three seconds, a third of what it is asked for: long, for a busy machine.
async fn oneway(client: &ThriftTestClient) -> Outcome {
    let start = Instant::now();
    same(client.test_oneway(9).await, &())?;
    let took = start.elapsed();
    if took < Duration::from_secs(3) {
        Ok(())
    } else {
        Err(format!(
            "it took {took:?}, as if the answer were waited for"
        ))
    }
}

async fn oneway_then_normal(client: &ThriftTestClient) -> Outcome {
    same(client.test_oneway(1).await, &())?;
    string(client).await
}
