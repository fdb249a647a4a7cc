//! JSON of Thrift values, as every peer of the interop tests writes it. What serde makes of the
//! generated types differs in three things: doubles that are no numbers, binaries, and fields that
//! are absent.

use std::error::Error;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pilota::{AHashMap, Bytes, FastStr};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::volo_gen::types::{Broken, Color, Everything};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

/// A value of the generated code with its JSON.
pub(crate) trait Json: Sized {
    fn from_json(json: &Value) -> Outcome<Self>;
    fn to_json(&self) -> Outcome<Value>;
}

/// Types whose JSON is as serde has it.
macro_rules! as_serde_has_it {
    ($($type:ty),*) => {
        $(impl Json for $type {
            fn from_json(json: &Value) -> Outcome<Self> {
                plain_from_json(json)
            }

            fn to_json(&self) -> Outcome<Value> {
                plain_to_json(self)
            }
        })*
    };
}

as_serde_has_it!(
    i64,
    crate::volo_gen::multi::Request,
    crate::volo_gen::multi::Response,
    crate::volo_gen::multi::Declined
);

fn plain_from_json<T: DeserializeOwned>(json: &Value) -> Outcome<T> {
    Ok(serde_json::from_value(json.clone())?)
}

fn plain_to_json<T: Serialize>(value: &T) -> Outcome<Value> {
    let mut json = serde_json::to_value(value)?;
    remove_nulls(&mut json);
    Ok(json)
}

fn remove_nulls(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(remove_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}

impl Json for () {
    fn from_json(_json: &Value) -> Outcome<Self> {
        Ok(())
    }

    fn to_json(&self) -> Outcome<Value> {
        Ok(Value::Null)
    }
}

impl Json for Everything {
    fn from_json(json: &Value) -> Outcome<Self> {
        let mut json = json.clone();
        let ratio = json["ratio"].take();
        let blob = json["blob"].take();
        let mut value: Self = plain_from_json(&json)?;
        value.ratio = match ratio.as_str() {
            Some(text) => Some(text.parse()?),
            None => ratio.as_f64(),
        };
        value.blob = Some(Bytes::from_json(&blob)?);
        Ok(value)
    }

    fn to_json(&self) -> Outcome<Value> {
        let mut json = plain_to_json(self)?;
        match self.ratio {
            Some(ratio) if ratio.is_nan() => json["ratio"] = "NaN".into(),
            Some(f64::INFINITY) => json["ratio"] = "Infinity".into(),
            Some(f64::NEG_INFINITY) => json["ratio"] = "-Infinity".into(),
            _ => {}
        }
        if let Some(blob) = &self.blob {
            json["blob"] = blob.to_json()?;
        }
        Ok(json)
    }
}

impl Json for Broken {
    fn from_json(json: &Value) -> Outcome<Self> {
        plain_from_json(json)
    }

    fn to_json(&self) -> Outcome<Value> {
        let mut json = json!({ "message": self.message.as_str() });
        if let Some(evidence) = &self.evidence {
            json["evidence"] = evidence.to_json()?;
        }
        Ok(json)
    }
}

impl Json for Bytes {
    fn from_json(json: &Value) -> Outcome<Self> {
        let text = json.as_str().ok_or("a binary is base64")?;
        Ok(BASE64_STANDARD.decode(text)?.into())
    }

    fn to_json(&self) -> Outcome<Value> {
        Ok(BASE64_STANDARD.encode(self).into())
    }
}

impl Json for Color {
    fn from_json(json: &Value) -> Outcome<Self> {
        let number = match json.as_str() {
            Some("RED") => Self::RED.inner(),
            Some("GREEN") => Self::GREEN.inner(),
            Some("BLUE") => Self::BLUE.inner(),
            _ => plain_from_json(json)?,
        };
        Ok(number.into())
    }

    fn to_json(&self) -> Outcome<Value> {
        Ok(self.inner().into())
    }
}

impl Json for Vec<Everything> {
    fn from_json(json: &Value) -> Outcome<Self> {
        let elements = json.as_array().ok_or("a list is an array")?;
        elements.iter().map(Everything::from_json).collect()
    }

    fn to_json(&self) -> Outcome<Value> {
        self.iter().map(Everything::to_json).collect()
    }
}

impl Json for AHashMap<FastStr, Bytes> {
    fn from_json(json: &Value) -> Outcome<Self> {
        let fields = json.as_object().ok_or("a map is an object")?;
        let pairs = fields.iter();
        pairs
            .map(|(key, value)| Ok((key.clone().into(), Bytes::from_json(value)?)))
            .collect()
    }

    fn to_json(&self) -> Outcome<Value> {
        let pairs = self.iter();
        let pairs = pairs.map(|(key, value)| Ok((key.to_string(), value.to_json()?)));
        Ok(Value::Object(pairs.collect::<Outcome<_>>()?))
    }
}
