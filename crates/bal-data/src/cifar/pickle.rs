//! A reader of pickles that builds plain values and executes nothing.
//!
//! It knows what Python 2 writes of dictionaries, lists, texts, integers and numpy arrays in protocol 2, which is the form of
//! CIFAR's authors. A pickle is a program for a stack machine. Python's machine imports and calls what the pickle names; this one
//! knows three names of numpy, calls nothing, and refuses all other instructions and names.
//!
//! Memory: texts and pixels stay where they are in the input. Values number at most [`MOST_VALUES`], and lists grow by four bytes
//! for each byte of input at most. A value is a number in one list of values, so shared values are not copied, and values that
//! contain themselves do no harm.
//!
//! Source: Python's `pickletools.py`, which describes each instruction.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::numpy::{Array, Callable, Dtype};
use super::wrong_at;
use crate::DataError;

/// Most values of one pickle. The largest, the training images of CIFAR-100, has some 200,000.
const MOST_VALUES: usize = 1 << 20;

/// A value by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(u32);

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// `None`.
    Nothing,
    Truth(bool),
    Integer(i64),
    /// Where a text of Python 2 is, which is bytes.
    Text(Range<usize>),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dictionary(Vec<(Id, Id)>),
    Callable(Callable),
    Dtype(Dtype),
    Array(Array),
}

/// A pickle that has been read.
pub(super) struct Pickle<'a> {
    bytes: &'a [u8],
    path: &'a Path,
    /// Each with the offset of its instruction.
    values: Vec<(Value, usize)>,
    root: Id,
}

impl<'a> Pickle<'a> {
    /// Reads all of `bytes`; errors call the file `path`.
    pub(super) fn read(bytes: &'a [u8], path: &'a Path) -> Result<Self, DataError> {
        let mut machine = Machine {
            pickle: Pickle { bytes, path, values: Vec::new(), root: Id(0) },
            at: 0,
            instruction: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: BTreeMap::new(),
        };
        while machine.step()? {}
        if machine.at < bytes.len() {
            return Err(DataError::Trailing { file: path.to_owned(), offset: machine.at as u64 });
        }
        Ok(machine.pickle)
    }

    /// The outermost value.
    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn value(&self, id: Id) -> &Value {
        &self.values[id.0 as usize].0
    }

    /// The offset of the instruction that made a value.
    pub(super) fn offset(&self, id: Id) -> usize {
        self.values[id.0 as usize].1
    }

    /// The bytes of a text, if the value is one.
    pub(super) fn text(&self, id: Id) -> Option<&'a [u8]> {
        match self.value(id) {
            Value::Text(range) => Some(&self.bytes[range.clone()]),
            _ => None,
        }
    }

    /// The integer, if the value is one.
    pub(super) fn integer(&self, id: Id) -> Option<i64> {
        match *self.value(id) {
            Value::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// The items of a tuple, if the value is one.
    pub(super) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.value(id) {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The error that `reason` holds of a value.
    pub(super) fn fault(&self, id: Id, reason: impl std::fmt::Display) -> DataError {
        wrong_at(self.path, self.offset(id), reason)
    }
}

struct Machine<'a> {
    pickle: Pickle<'a>,
    /// The next byte.
    at: usize,
    /// Where the instruction at hand begins.
    instruction: usize,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Executes one instruction; false after the last.
    fn step(&mut self) -> Result<bool, DataError> {
        self.instruction = self.at;
        let instruction = self.byte()?;
        match instruction {
            0x80 => self.protocol()?,
            b'}' => self.push(Value::Dictionary(vec![]))?,
            b']' => self.push(Value::List(vec![]))?,
            b')' => self.push(Value::Tuple(vec![]))?,
            b'N' => self.push(Value::Nothing)?,
            0x88 => self.push(Value::Truth(true))?,
            0x89 => self.push(Value::Truth(false))?,
            b'K' | b'M' | b'J' | 0x8a => self.integer(instruction)?,
            b'U' | b'T' => self.text(instruction)?,
            b'(' => {
                self.room(self.marks.len())?;
                self.marks.push(self.stack.len());
            }
            b't' => {
                let items = self.marked()?;
                self.push(Value::Tuple(items))?;
            }
            0x85..=0x87 => {
                let items = self.uppermost(usize::from(instruction - 0x84))?;
                self.push(Value::Tuple(items))?;
            }
            b'a' => {
                let items = self.uppermost(1)?;
                self.append(items)?;
            }
            b'e' => {
                let items = self.marked()?;
                self.append(items)?;
            }
            b's' => {
                let items = self.uppermost(2)?;
                self.set(&items)?;
            }
            b'u' => {
                let items = self.marked()?;
                self.set(&items)?;
            }
            b'q' | b'r' => self.remember(instruction)?,
            b'h' | b'j' => self.recall(instruction)?,
            b'c' => self.name()?,
            b'R' => self.call()?,
            b'b' => {
                let (state, built) = (self.pop()?, self.top()?);
                let value = self.pickle.value(built).built(&self.pickle, built, state)?;
                self.pickle.values[built.0 as usize].0 = value;
            }
            b'.' => {
                self.pickle.root = self.pop()?;
                if !self.stack.is_empty() || !self.marks.is_empty() {
                    return Err(self.wrong("it ends before its values are put together"));
                }
                return Ok(false);
            }
            other => {
                return Err(self.wrong(format!(
                    "instruction {other:#04x} of pickle is in no file of CIFAR; use the published file"
                )));
            }
        }
        Ok(true)
    }

    fn protocol(&mut self) -> Result<(), DataError> {
        let protocol = self.byte()?;
        if protocol > 2 {
            return Err(self.wrong(format!(
                "protocol {protocol} of pickle is not that of CIFAR's authors, 2; use the published file"
            )));
        }
        Ok(())
    }

    /// Pushes an integer of one, two or four bytes, or of as many as the next byte says.
    fn integer(&mut self, instruction: u8) -> Result<(), DataError> {
        let value = match instruction {
            b'K' => self.byte()?.into(),
            b'M' => u16::from_le_bytes(self.array()?).into(),
            b'J' => i32::from_le_bytes(self.array()?).into(),
            _ => {
                let length = self.byte()?;
                let digits = self.take(length.into())?;
                integer(digits).ok_or_else(|| self.wrong("an integer has more than 64 bits"))?
            }
        };
        self.push(Value::Integer(value))
    }

    /// Pushes a text whose length is one byte or four.
    fn text(&mut self, instruction: u8) -> Result<(), DataError> {
        let length = match instruction {
            b'U' => self.byte()?.into(),
            _ => usize::try_from(i32::from_le_bytes(self.array()?))
                .map_err(|_| self.wrong("a text has a negative length"))?,
        };
        let from = self.at;
        self.take(length)?;
        self.push(Value::Text(from..self.at))
    }

    /// Pushes what a name stands for, if it is one of those that are known.
    fn name(&mut self) -> Result<(), DataError> {
        let (module, name) = (self.line()?, self.line()?);
        let callable = Callable::named(module, name).ok_or_else(|| {
            let name = [module, b".", name].concat();
            let name = String::from_utf8_lossy(&name[..name.len().min(100)]).into_owned();
            self.wrong(format!("it names {name:?}, which no file of CIFAR does; nothing was executed"))
        })?;
        self.push(Value::Callable(callable))
    }

    fn call(&mut self) -> Result<(), DataError> {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        let Value::Callable(callable) = *self.pickle.value(callable) else {
            return Err(self.wrong("it calls a value that is no function"));
        };
        let made = callable.make(&self.pickle, arguments)?;
        self.push(made)
    }

    fn wrong(&self, reason: impl std::fmt::Display) -> DataError {
        wrong_at(self.pickle.path, self.instruction, reason)
    }

    /// The next `count` bytes.
    fn take(&mut self, count: usize) -> Result<&'a [u8], DataError> {
        let bytes = self.pickle.bytes;
        let end = self.at.saturating_add(count);
        let cut = || wrong_at(self.pickle.path, bytes.len(), "it ends in the middle; use the published file");
        let taken = bytes.get(self.at..end).ok_or_else(cut)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, DataError> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DataError> {
        let taken = self.take(N)?;
        Ok(taken.try_into().expect("as many bytes as were taken"))
    }

    /// What stands before the next line feed.
    fn line(&mut self) -> Result<&'a [u8], DataError> {
        let rest = &self.pickle.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        let line = self.take(length)?;
        self.byte()?;
        Ok(line)
    }

    /// Refuses one more of what there are `count` of.
    fn room(&self, count: usize) -> Result<(), DataError> {
        if count < MOST_VALUES {
            return Ok(());
        }
        Err(self.wrong(format!("it has more than {MOST_VALUES} values, more than any file of CIFAR")))
    }

    fn push(&mut self, value: Value) -> Result<(), DataError> {
        self.room(self.pickle.values.len().max(self.stack.len()))?;
        self.stack.push(Id(self.pickle.values.len() as u32));
        self.pickle.values.push((value, self.instruction));
        Ok(())
    }

    /// The height of the stack below its uppermost `count` values, all above the last mark.
    fn above_mark(&self, count: usize) -> Result<usize, DataError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let from = self.stack.len().checked_sub(count).filter(|&from| from >= floor);
        from.ok_or_else(|| self.wrong("it takes a value where none is left"))
    }

    /// The uppermost `count` values, which go.
    fn uppermost(&mut self, count: usize) -> Result<Vec<Id>, DataError> {
        let from = self.above_mark(count)?;
        Ok(self.stack.split_off(from))
    }

    fn top(&self) -> Result<Id, DataError> {
        Ok(self.stack[self.above_mark(1)?])
    }

    fn pop(&mut self) -> Result<Id, DataError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The values above the last mark, which goes.
    fn marked(&mut self) -> Result<Vec<Id>, DataError> {
        let mark =
            self.marks.pop().ok_or_else(|| self.wrong("it takes values up to a mark, but there is none"))?;
        Ok(self.stack.split_off(mark))
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), DataError> {
        let list = self.top()?;
        match &mut self.pickle.values[list.0 as usize].0 {
            Value::List(all) => all.extend(items),
            _ => return Err(self.wrong("it appends to a value that is no list")),
        }
        Ok(())
    }

    /// Sets keys and values, one after the other in `items`.
    fn set(&mut self, items: &[Id]) -> Result<(), DataError> {
        let (pairs, rest) = items.as_chunks::<2>();
        let dictionary = self.top()?;
        match &mut self.pickle.values[dictionary.0 as usize].0 {
            Value::Dictionary(all) if rest.is_empty() => {
                all.extend(pairs.iter().map(|&[key, value]| (key, value)));
                Ok(())
            }
            _ => Err(self.wrong("it sets keys of a value that is no dictionary, or a key without a value")),
        }
    }

    /// The number of a remembered value: one byte, or four of the `long` instructions.
    fn key(&mut self, is_long: bool) -> Result<u32, DataError> {
        if is_long { Ok(u32::from_le_bytes(self.array()?)) } else { Ok(self.byte()?.into()) }
    }

    fn remember(&mut self, instruction: u8) -> Result<(), DataError> {
        let key = self.key(instruction == b'r')?;
        self.room(self.memo.len())?;
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, instruction: u8) -> Result<(), DataError> {
        let key = self.key(instruction == b'j')?;
        self.room(self.stack.len())?;
        let id = self.memo.get(&key).copied();
        self.stack.push(id.ok_or_else(|| self.wrong("it recalls a value that it never remembered"))?);
        Ok(())
    }
}

/// The integer of these digits, the least first, in two's complement; `None` beyond 64 bits.
fn integer(digits: &[u8]) -> Option<i64> {
    let sign = if digits.last().is_some_and(|&digit| digit >= 0x80) { 0xff } else { 0 };
    let mut bytes = [sign; 8];
    bytes.get_mut(..digits.len())?.copy_from_slice(digits);
    Some(i64::from_le_bytes(bytes))
}
