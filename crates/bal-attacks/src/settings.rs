//! Settings by name, before they are those of an attack.

use crate::SettingError;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, IntoDeserializer, MapAccess, Visitor, value::MapDeserializer},
    forward_to_deserialize_any,
};
use std::{fmt, str::FromStr};

/// Settings by name, in the order in which they were said.
///
/// In files, a table; what may stand there says the attack, see [`crate::AttackSpec`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(Vec<(String, Value)>);

/// The value of a setting, before an attack says what it has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a setting must be a number, a word, true or false")]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// 0, 1, 2, ..
    Count(u64),
    /// Any other number.
    Number(f64),
    /// A name, or what is written as one.
    Word(String),
}

impl Settings {
    /// All fields of a struct, in its order.
    pub(crate) fn of(fields: &impl Serialize) -> Self {
        match serde_json::to_value(fields) {
            Ok(serde_json::Value::Object(fields)) => {
                Self(fields.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
            _ => Self::default(),
        }
    }

    /// Says a setting: in place of what was said of it, else after the others.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, said)) => *said = value.into(),
            None => self.0.push((name.into(), value.into())),
        }
        self
    }

    /// Says all of `others`.
    #[must_use]
    pub fn with_all(self, others: &Self) -> Self {
        others.0.iter().fold(self, |all, (name, value)| all.with(name, value.clone()))
    }

    /// Says a setting before another one.
    pub(crate) fn with_before(mut self, next: &str, name: &str, value: impl Into<Value>) -> Self {
        let place = self.names().position(|known| known == next).unwrap_or(self.0.len());
        self.0.insert(place, (name.into(), value.into()));
        self
    }

    /// Those that `kept` says of.
    pub(crate) fn only(mut self, kept: impl Fn(&str, &Value) -> bool) -> Self {
        self.0.retain(|(name, value)| kept(name, value));
        self
    }

    /// What is said of a setting.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The word that is said of a setting, read.
    pub(crate) fn word<T: FromStr>(&self, name: &str) -> Option<T> {
        if let Value::Word(word) = self.get(name)? { word.parse().ok() } else { None }
    }

    /// The names of the settings.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// These as the settings of `attack`, of which none may lack.
    ///
    /// # Errors
    /// [`SettingError::MissingSetting`], [`SettingError::ForeignSetting`], [`SettingError::WrongSetting`], and those of a
    /// word that is not known.
    pub(crate) fn read<T: DeserializeOwned>(&self, attack: &'static str) -> Result<T, SettingError> {
        let said = self.0.iter().map(|(name, value)| (name.as_str(), Said { name, value }));
        T::deserialize(MapDeserializer::new(said)).map_err(|fault| match fault {
            Fault::Missing(setting) => SettingError::MissingSetting { attack, setting: setting.into() },
            Fault::Foreign(setting) => SettingError::ForeignSetting { attack, setting },
            Fault::Wrong { setting, expected, found } => {
                SettingError::WrongSetting { attack, setting, expected, found }
            }
            Fault::Other(message) => SettingError::Unreadable(message),
        })
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Settings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of settings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Settings, A::Error> {
                let mut settings = Settings::default();
                while let Some((name, value)) = table.next_entry::<String, Value>()? {
                    settings = settings.with(&name, value);
                }
                Ok(settings)
            }
        }
        from.deserialize_map(Table)
    }
}

/// What is said of one setting.
struct Said<'a> {
    name: &'a str,
    value: &'a Value,
}

impl<'de> IntoDeserializer<'de, Fault> for Said<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Said<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let read = match self.value {
            Value::Flag(flag) => visitor.visit_bool(*flag),
            Value::Count(count) => visitor.visit_u64(*count),
            Value::Number(number) => visitor.visit_f64(*number),
            Value::Word(word) => visitor.visit_str(word),
        };
        read.map_err(|fault| match fault {
            Fault::Wrong { expected, found, .. } => {
                Fault::Wrong { setting: self.name.into(), expected, found }
            }
            other => other,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Why settings are not those of an attack.
#[derive(Debug, thiserror::Error)]
#[error("{self:?}")]
enum Fault {
    Missing(&'static str),
    Foreign(String),
    Wrong { setting: String, expected: String, found: String },
    Other(String),
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn missing_field(setting: &'static str) -> Self {
        Self::Missing(setting)
    }

    fn unknown_field(setting: &str, _: &'static [&'static str]) -> Self {
        Self::Foreign(setting.into())
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = match expected.to_string().as_str() {
            "u64" => "a whole number >= 0".into(),
            "f64" => "a number".into(),
            other => other.into(),
        };
        Self::Wrong { setting: String::new(), expected, found: found.to_string() }
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Bool(flag) => Self::Flag(flag),
            serde_json::Value::String(word) => Self::Word(word),
            // JSON has nothing for what is not a number.
            value => value.as_u64().map_or(Self::Number(value.as_f64().unwrap_or(f64::NAN)), Self::Count),
        }
    }
}

/// What flags and libraries have of these types.
macro_rules! values {
    ($($type:ty => |$value:ident| $of:expr;)*) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $of
            }
        })*
    };
}

values! {
    bool => |flag| Self::Flag(flag);
    u64 => |count| Self::Count(count);
    f64 => |number| Self::Number(number);
    crate::Norm => |norm| Self::Word(norm.to_string());
    crate::StepSize => |size| Self::Word(size.to_string());
    crate::LossName => |loss| Self::Word(loss.to_string());
    crate::Target => |target| Self::Word(target.to_string());
    bal_core::EnsembleGradient => |gradient| Self::Word(gradient.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> Settings {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn settings_are_written_in_their_order_and_read_back() {
        let json = r#"{"steps":3,"norm":"l2","decay":0.5,"abort_early":true,"step_size":10.0}"#;
        assert_eq!(serde_json::to_string(&settings(json)).unwrap(), json);
        assert_eq!(Settings::of(&settings(json)), settings(json));
        let no_number = Settings::of(&crate::MiFgsmSettings { decay: f64::NAN, ..Default::default() });
        assert!(matches!(no_number.get("decay"), Some(Value::Number(decay)) if decay.is_nan()));
        assert!(
            serde_json::from_str::<Settings>(r#"{"steps":[1]}"#).unwrap_err().to_string().contains("number")
        );
    }

    #[test]
    fn what_is_said_later_wins_and_keeps_its_place() {
        let all = settings(r#"{"steps":3,"norm":"l2"}"#).with("steps", 4u64).with("draws", 5u64);
        assert_eq!(all, settings(r#"{"steps":4,"norm":"l2","draws":5}"#));
        let before = Settings::default().with("targets", 9u64).with_before("targets", "loss", 0.5);
        assert_eq!(before.names().collect::<Vec<_>>(), ["loss", "targets"]);
    }
}
