//! Python's functions of integers, by which sizes that depend on the batch are computed.

use bal_operators::{Constant, Value};

/// A function of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integers {
    Add,
    Subtract,
    Multiply,
    FloorDivide,
    Modulo,
    Negate,
    Greatest,
    Least,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Integers {
    /// The function that a graph calls so; `None` of others.
    pub(super) fn named(target: &str) -> Option<Self> {
        Some(match target {
            "_operator.add" => Self::Add,
            "_operator.sub" => Self::Subtract,
            "_operator.mul" => Self::Multiply,
            "_operator.floordiv" => Self::FloorDivide,
            "_operator.mod" => Self::Modulo,
            "_operator.neg" => Self::Negate,
            "_operator.eq" => Self::Equal,
            "_operator.ne" => Self::NotEqual,
            "_operator.lt" => Self::Less,
            "_operator.le" => Self::LessOrEqual,
            "_operator.gt" => Self::Greater,
            "_operator.ge" => Self::GreaterOrEqual,
            "torch.sym_max" => Self::Greatest,
            "torch.sym_min" => Self::Least,
            _ => return None,
        })
    }

    /// Its value.
    pub(super) fn of(self, arguments: &[Value]) -> Result<Constant, String> {
        let (a, b) = match *arguments {
            [Value::Constant(Constant::Int(a)), Value::Constant(Constant::Int(b))] => (a, b),
            [Value::Constant(Constant::Int(a))] if self == Self::Negate => (a, 0),
            _ => return Err(format!("takes integers, not {arguments:?}")),
        };
        let number = match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            // Python rounds down.
            Self::FloorDivide => {
                a.checked_div(b).map(|q| if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q })
            }
            Self::Modulo => a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r }),
            Self::Negate => a.checked_neg(),
            Self::Greatest => Some(a.max(b)),
            Self::Least => Some(a.min(b)),
            Self::Equal => return Ok(Constant::Bool(a == b)),
            Self::NotEqual => return Ok(Constant::Bool(a != b)),
            Self::Less => return Ok(Constant::Bool(a < b)),
            Self::LessOrEqual => return Ok(Constant::Bool(a <= b)),
            Self::Greater => return Ok(Constant::Bool(a > b)),
            Self::GreaterOrEqual => return Ok(Constant::Bool(a >= b)),
        };
        number.map(Constant::Int).ok_or_else(|| format!("{self:?} of {a} and {b} is no integer of 64 bits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_and_remainders_are_python_s() {
        let of = |function: Integers, a, b| match function
            .of(&[Constant::Int(a).into(), Constant::Int(b).into()])
        {
            Ok(Constant::Int(value)) => value,
            other => panic!("{other:?}"),
        };
        for (a, b, quotient, remainder) in
            [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (6, -2, -3, 0)]
        {
            assert_eq!(of(Integers::FloorDivide, a, b), quotient, "{a} // {b}");
            assert_eq!(of(Integers::Modulo, a, b), remainder, "{a} % {b}");
        }
        for (function, a, b) in [
            (Integers::FloorDivide, 1, 0),
            (Integers::Modulo, 1, 0),
            (Integers::FloorDivide, i64::MIN, -1),
            (Integers::Multiply, i64::MAX, 2),
            (Integers::Add, i64::MAX, 1),
        ] {
            assert!(
                function.of(&[Constant::Int(a).into(), Constant::Int(b).into()]).is_err(),
                "{function:?}"
            );
        }
        assert!(
            Integers::Add.of(&[Constant::Int(1).into()]).is_err()
                && Integers::Add.of(&[Constant::None.into(), Constant::None.into()]).is_err()
        );
    }
}
