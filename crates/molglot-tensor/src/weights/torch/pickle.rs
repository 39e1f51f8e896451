//! The pickle: a machine with a stack that builds dicts, lists, tuples and descriptions of tensors, and nothing else.

use std::collections::HashMap;

use safetensors::Dtype;

use super::TorchError;

/// The longest pickle that is read; a hundred thousand tensors take about this much.
const PROGRAM: usize = 1 << 24;
/// The most values on the stack; PyTorch's pickler empties it every thousand.
const STACK: usize = 1 << 20;
/// The most tuples, dicts, storages and tensors.
const OBJECTS: usize = 1 << 20;
/// The most axes of a tensor.
const AXES: usize = 32;
/// The most arguments of a call.
const ARGUMENTS: usize = 8;

/// What may be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`.
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`.
    RebuildParameter,
    /// `torch.FloatStorage` and the like.
    Storage(Dtype),
}

impl Global {
    fn find(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", _) => Self::Storage(match name {
                "DoubleStorage" => Dtype::F64,
                "FloatStorage" => Dtype::F32,
                "HalfStorage" => Dtype::F16,
                "BFloat16Storage" => Dtype::BF16,
                "LongStorage" => Dtype::I64,
                "IntStorage" => Dtype::I32,
                "ShortStorage" => Dtype::I16,
                "CharStorage" => Dtype::I8,
                "ByteStorage" => Dtype::U8,
                "BoolStorage" => Dtype::BOOL,
                _ => return None,
            }),
            _ => return None,
        })
    }
}

/// A value; what has parts is a place in the [`Heap`], so that values are small and shared parts are shared.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// None, a truth value or a number with a point: nothing that describes a tensor.
    Other,
    Int(i64),
    Text(&'a str),
    Tuple(usize),
    /// What is in lists is of no use: nothing there has a name.
    List,
    Dict(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
}

/// Numbers as they lie in an entry `data/{key}` of the archive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Storage<'a> {
    pub(super) dtype: Dtype,
    pub(super) key: &'a str,
    pub(super) count: usize,
}

/// A view of a storage. Counted in numbers.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) storage: usize,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// The parts of values.
#[derive(Debug, Default)]
pub(super) struct Heap<'a> {
    pub(super) tuples: Vec<Vec<Value<'a>>>,
    pub(super) dicts: Vec<Vec<(Value<'a>, Value<'a>)>>,
    pub(super) storages: Vec<Storage<'a>>,
    pub(super) tensors: Vec<View>,
}

impl<'a> Heap<'a> {
    fn tuple(&mut self, values: Vec<Value<'a>>) -> Value<'a> {
        self.tuples.push(values);
        Value::Tuple(self.tuples.len() - 1)
    }

    fn dict(&mut self) -> Value<'a> {
        self.dicts.push(Vec::new());
        Value::Dict(self.dicts.len() - 1)
    }

    fn len(&self) -> usize {
        self.tuples.len() + self.dicts.len() + self.storages.len() + self.tensors.len()
    }
}

/// The machine.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    program: &'a [u8],
    /// Where the instruction that runs begins.
    at: usize,
    next: usize,
    stack: Vec<Value<'a>>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Value<'a>>,
    heap: Heap<'a>,
}

type Done = Result<(), TorchError>;

impl<'a> Machine<'a> {
    pub(super) fn new(program: &'a [u8]) -> Self {
        Self {
            program,
            at: 0,
            next: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            heap: Heap::default(),
        }
    }

    /// The value that the program leaves.
    pub(super) fn run(mut self) -> Result<(Value<'a>, Heap<'a>), TorchError> {
        let limit = |what, limit| Err(TorchError::Limit { what, limit });
        if self.program.len() > PROGRAM {
            return limit("bytes of pickle", PROGRAM);
        }
        loop {
            self.at = self.next;
            match self.take::<1>()? {
                [b'.'] => return Ok((self.pop()?, self.heap)),
                [code] => self.step(code)?,
            }
            if self.stack.len() + self.marks.len() > STACK {
                return limit("values on the stack of its pickle", STACK);
            }
            if self.heap.len() > OBJECTS {
                return limit("objects", OBJECTS);
            }
        }
    }

    fn step(&mut self, code: u8) -> Done {
        match code {
            // Protocol and frames say nothing that is not seen anyway.
            0x80 => {
                self.take::<1>()?;
            }
            0x95 => {
                self.take::<8>()?;
            }
            b'(' => self.marks.push(self.stack.len()),
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Other),
            b'G' => {
                self.take::<8>()?;
                self.stack.push(Value::Other);
            }
            b'J' => {
                let number = i32::from_le_bytes(self.take()?);
                self.stack.push(Value::Int(number.into()));
            }
            b'K' => {
                let number = self.take::<1>()?[0];
                self.stack.push(Value::Int(number.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.take()?);
                self.stack.push(Value::Int(number.into()));
            }
            0x8a => self.long()?,
            b'X' => {
                let length = u32::from_le_bytes(self.take()?);
                self.text(length.into())?;
            }
            0x8c => {
                let length = self.take::<1>()?[0];
                self.text(length.into())?;
            }
            0x8d => {
                let length = u64::from_le_bytes(self.take()?);
                self.text(length)?;
            }
            b')' => self.tuple(Vec::new()),
            0x85..=0x87 => {
                let mut values = Vec::new();
                for _ in 0x85..=code {
                    values.push(self.pop()?);
                }
                values.reverse();
                self.tuple(values);
            }
            b't' => {
                let values = self.pop_mark()?;
                self.tuple(values);
            }
            b']' => self.stack.push(Value::List),
            b'a' => {
                self.pop()?;
                self.list()?;
            }
            b'e' => {
                self.pop_mark()?;
                self.list()?;
            }
            b'}' => {
                let dict = self.heap.dict();
                self.stack.push(dict);
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(&items)?;
            }
            b'q' => {
                let place = self.take::<1>()?[0];
                self.put(place.into())?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.take()?);
                self.put(place)?;
            }
            0x94 => self.put(self.memo.len() as u32)?,
            b'h' => {
                let place = self.take::<1>()?[0];
                self.get(place.into())?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.take()?);
                self.get(place)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.import(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop_text()?, self.pop_text()?);
                self.import(module, name)?;
            }
            b'R' => self.call()?,
            b'Q' => self.storage()?,
            b'b' => {
                // The attributes of an OrderedDict: PyTorch keeps version numbers there.
                self.pop()?;
                self.top_dict()?;
            }
            code => return Err(TorchError::Opcode { code, at: self.at }),
        }
        Ok(())
    }

    fn wrong(&self, reason: &'static str) -> TorchError {
        TorchError::Pickle {
            reason,
            at: self.at,
        }
    }

    fn bytes(&mut self, count: u64) -> Result<&'a [u8], TorchError> {
        let end = usize::try_from(count)
            .ok()
            .and_then(|count| self.next.checked_add(count));
        let found = end.and_then(|end| self.program.get(self.next..end));
        let found = found.ok_or_else(|| self.wrong("the end is missing"))?;
        self.next += found.len();
        Ok(found)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], TorchError> {
        let mut taken = [0; N];
        taken.copy_from_slice(self.bytes(N as u64)?);
        Ok(taken)
    }

    fn utf8(&self, bytes: &'a [u8]) -> Result<&'a str, TorchError> {
        std::str::from_utf8(bytes).map_err(|_| self.wrong("a text is not UTF-8"))
    }

    fn line(&mut self) -> Result<&'a str, TorchError> {
        let rest = &self.program[self.next..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let length = length.ok_or_else(|| self.wrong("the end is missing"))?;
        let line = self.bytes(length as u64)?;
        self.next += 1;
        self.utf8(line)
    }

    fn text(&mut self, length: u64) -> Done {
        let bytes = self.bytes(length)?;
        let text = self.utf8(bytes)?;
        self.stack.push(Value::Text(text));
        Ok(())
    }

    /// A number of any length; those that do not fit 64 bits are no size of anything.
    fn long(&mut self) -> Done {
        let length = self.take::<1>()?[0];
        let bytes = self.bytes(length.into())?;
        let sign = if bytes.last().is_some_and(|last| last & 0x80 != 0) {
            0xff
        } else {
            0
        };
        let mut wide = [sign; 8];
        self.stack.push(match wide.get_mut(..bytes.len()) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(wide))
            }
            None => Value::Other,
        });
        Ok(())
    }

    fn pop(&mut self) -> Result<Value<'a>, TorchError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len() > floor {
            true => self
                .stack
                .pop()
                .ok_or_else(|| self.wrong("the stack is empty")),
            false => Err(self.wrong("the stack is empty")),
        }
    }

    fn pop_mark(&mut self) -> Result<Vec<Value<'a>>, TorchError> {
        let mark = self.marks.pop();
        let mark = mark.ok_or_else(|| self.wrong("there is no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn pop_text(&mut self) -> Result<&'a str, TorchError> {
        match self.pop()? {
            Value::Text(text) => Ok(text),
            _ => Err(self.wrong("there is no name")),
        }
    }

    fn pop_arguments(&mut self) -> Result<Vec<Value<'a>>, TorchError> {
        let Value::Tuple(place) = self.pop()? else {
            return Err(self.wrong("there is no tuple"));
        };
        let arguments = &self.heap.tuples[place];
        match arguments.len() <= ARGUMENTS {
            true => Ok(arguments.clone()),
            false => Err(self.wrong("there are too many arguments")),
        }
    }

    fn top(&self) -> Result<Value<'a>, TorchError> {
        let top = self.stack.last().copied();
        top.ok_or_else(|| self.wrong("the stack is empty"))
    }

    fn top_dict(&self) -> Result<usize, TorchError> {
        match self.top()? {
            Value::Dict(place) => Ok(place),
            _ => Err(self.wrong("there is no dict")),
        }
    }

    fn list(&self) -> Done {
        match self.top()? {
            Value::List => Ok(()),
            _ => Err(self.wrong("there is no list")),
        }
    }

    fn tuple(&mut self, values: Vec<Value<'a>>) {
        let tuple = self.heap.tuple(values);
        self.stack.push(tuple);
    }

    fn set_items(&mut self, items: &[Value<'a>]) -> Done {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.wrong("a key has no value"));
        }
        let dict = self.top_dict()?;
        self.heap.dicts[dict].extend(pairs.iter().map(|&[key, value]| (key, value)));
        Ok(())
    }

    fn put(&mut self, place: u32) -> Done {
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn get(&mut self, place: u32) -> Done {
        let found = self.memo.get(&place).copied();
        let found = found.ok_or_else(|| self.wrong("nothing is remembered by this number"))?;
        self.stack.push(found);
        Ok(())
    }

    fn import(&mut self, module: &str, name: &str) -> Done {
        let found = Global::find(module, name).ok_or_else(|| TorchError::Global {
            name: format!("{module}.{name}"),
            at: self.at,
        })?;
        self.stack.push(Value::Global(found));
        Ok(())
    }

    fn call(&mut self) -> Done {
        let arguments = self.pop_arguments()?;
        let Value::Global(function) = self.pop()? else {
            return Err(self.wrong("what is called is no function"));
        };
        let made = match (function, arguments.as_slice()) {
            (Global::OrderedDict, []) => self.heap.dict(),
            (Global::RebuildParameter, [tensor @ Value::Tensor(_), ..]) => *tensor,
            (
                Global::RebuildTensor,
                [
                    Value::Storage(storage),
                    Value::Int(offset),
                    Value::Tuple(shape),
                    Value::Tuple(strides),
                    ..,
                ],
            ) => {
                let (shape, strides) = (self.sizes(*shape)?, self.sizes(*strides)?);
                if shape.len() != strides.len() {
                    return Err(self.wrong("a tensor has more sizes than strides, or fewer"));
                }
                self.heap.tensors.push(View {
                    storage: *storage,
                    offset: self.size(*offset)?,
                    shape,
                    strides,
                });
                Value::Tensor(self.heap.tensors.len() - 1)
            }
            _ => return Err(self.wrong("a function is called with other arguments than its own")),
        };
        self.stack.push(made);
        Ok(())
    }

    fn size(&self, number: i64) -> Result<usize, TorchError> {
        usize::try_from(number).map_err(|_| self.wrong("a size is negative"))
    }

    fn sizes(&self, tuple: usize) -> Result<Vec<usize>, TorchError> {
        let sizes = &self.heap.tuples[tuple];
        if sizes.len() > AXES {
            return Err(self.wrong("a tensor has too many axes"));
        }
        sizes
            .iter()
            .map(|value| match value {
                Value::Int(number) => self.size(*number),
                _ => Err(self.wrong("a size is no number")),
            })
            .collect()
    }

    /// `('storage', type, key, device, count)`.
    fn storage(&mut self) -> Done {
        let id = self.pop_arguments()?;
        let [
            Value::Text("storage"),
            Value::Global(Global::Storage(dtype)),
            Value::Text(key),
            Value::Text(_),
            Value::Int(count),
        ] = id[..]
        else {
            return Err(self.wrong("a storage is described in another way than PyTorch does"));
        };
        let count = self.size(count)?;
        self.heap.storages.push(Storage { dtype, key, count });
        self.stack
            .push(Value::Storage(self.heap.storages.len() - 1));
        Ok(())
    }
}
