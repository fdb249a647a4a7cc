//! The handlers, as the comments in ThriftTest.thrift describe them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use polyport::{Context, Status};
use tokio::time::sleep;

use crate::idl::thrift_test::{TestExceptionError, TestMultiExceptionError};
use crate::idl::{
    Insanity, Numberz, SecondService, ThriftTest, UserId, Xception, Xception2, Xtruct, Xtruct2,
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Handlers;

/// Methods that give their argument back, among the others.
macro_rules! thrift_test {
    ({ $($method:ident: $type:ty),* $(,)? } $($other:item)*) => {
        impl ThriftTest for Handlers {
            $(async fn $method(&self, _cx: &mut Context, thing: $type) -> Result<$type, Status> {
                Ok(thing)
            })*

            $($other)*
        }
    };
}

thrift_test! {
    {
        test_string: String,
        test_bool: bool,
        test_byte: i8,
        test_i32: i32,
        test_i64: i64,
        test_double: f64,
        test_binary: Bytes,
        test_struct: Xtruct,
        test_nest: Xtruct2,
        test_map: HashMap<i32, i32>,
        test_string_map: HashMap<String, String>,
        test_set: HashSet<i32>,
        test_list: Vec<i32>,
        test_enum: Numberz,
        test_typedef: UserId,
    }

    async fn test_void(&self, _cx: &mut Context) -> Result<(), Status> {
        Ok(())
    }

    async fn test_map_map(
        &self,
        _cx: &mut Context,
        _hello: i32,
    ) -> Result<HashMap<i32, HashMap<i32, i32>>, Status> {
        Ok(map_of_maps())
    }

    async fn test_insanity(
        &self,
        _cx: &mut Context,
        argument: Insanity,
    ) -> Result<HashMap<UserId, HashMap<Numberz, Insanity>>, Status> {
        Ok(insanity(argument))
    }

    async fn test_multi(
        &self,
        _cx: &mut Context,
        byte_thing: i8,
        i32_thing: i32,
        i64_thing: i64,
        _names: HashMap<i16, String>,
        _number: Numberz,
        _user: UserId,
    ) -> Result<Xtruct, Status> {
        Ok(Xtruct { string_thing: "Hello2".to_owned(), byte_thing, i32_thing, i64_thing })
    }

    async fn test_exception(
        &self,
        _cx: &mut Context,
        arg: String,
    ) -> Result<(), TestExceptionError> {
        match arg.as_str() {
            "Xception" => Err(Xception { error_code: 1001, message: arg }.into()),
            "TException" => Err(Status::error("This is a TException").into()),
            _ => Ok(()),
        }
    }

    async fn test_multi_exception(
        &self,
        _cx: &mut Context,
        arg0: String,
        arg1: String,
    ) -> Result<Xtruct, TestMultiExceptionError> {
        match arg0.as_str() {
            "Xception" => {
                let message = "This is an Xception".to_owned();
                Err(Xception { error_code: 1001, message }.into())
            }
            "Xception2" => {
                let struct_thing = text("This is an Xception2");
                Err(Xception2 { error_code: 2002, struct_thing }.into())
            }
            _ => Ok(text(&arg1)),
        }
    }

    async fn test_oneway(&self, _cx: &mut Context, seconds: i32) -> Result<(), Status> {
        // A third of it, as Apache's server in Python does, to be quick.
        let seconds = u32::try_from(seconds).unwrap_or(0);
        sleep(Duration::from_secs(1) * seconds / 3).await;
        Ok(())
    }
}

impl SecondService for Handlers {
    async fn secondtest_string(&self, _cx: &mut Context, thing: String) -> Result<String, Status> {
        Ok(format!("testString(\"{thing}\")"))
    }
}

pub(crate) fn text(text: &str) -> Xtruct {
    Xtruct {
        string_thing: text.to_owned(),
        ..Xtruct::default()
    }
}

/// What `testMapMap` gives for every argument.
pub(crate) fn map_of_maps() -> HashMap<i32, HashMap<i32, i32>> {
    let same = |numbers: std::ops::RangeInclusive<i32>| numbers.map(|it| (it, it)).collect();
    HashMap::from([(-4, same(-4..=-1)), (4, same(1..=4))])
}

/// What `testInsanity` makes of its argument.
pub(crate) fn insanity(argument: Insanity) -> HashMap<UserId, HashMap<Numberz, Insanity>> {
    let twice = [(Numberz::TWO, argument.clone()), (Numberz::THREE, argument)];
    let empty = [(Numberz::SIX, Insanity::default())];
    HashMap::from([(1, HashMap::from(twice)), (2, HashMap::from(empty))])
}
